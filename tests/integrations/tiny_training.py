"""A job that trains almost nothing in almost no time: a module for tests, and the script that they run as processes.

TINY_LIGHTNING names the Lightning package that it uses, so that both are tested.
"""

from __future__ import annotations

import argparse
import importlib
import os
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

pl = importlib.import_module(os.environ.get("TINY_LIGHTNING", "pytorch_lightning"))

torch.set_num_threads(1)  # a model of four parameters does not gain by more, and threads of several processes collide

BATCHES = 8


class TinyModel(pl.LightningModule):
    """One layer, trained to answer nought."""

    def __init__(self, lr: float = 0.1, optimizer: Any = None, fails_at: int | None = None) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layer = nn.Linear(3, 1)

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        if self.hparams.fails_at == self.global_step:
            raise ArithmeticError("the loss is not a number any more")
        loss = self.layer(batch[0]).square().mean()
        self.log("train/loss", loss, on_step=True, on_epoch=True)
        return loss

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.log("val/loss", self.layer(batch[0]).square().mean(), sync_dist=True)

    def test_step(self, batch: Any, batch_idx: int) -> None:
        self.log("test/loss", self.layer(batch[0]).square().mean(), sync_dist=True)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


def loader(seed: int = 0) -> DataLoader[tuple[Tensor, ...]]:
    """Return eight batches of four random examples."""
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(TensorDataset(torch.randn(BATCHES * 4, 3, generator=generator)), batch_size=4)


def tiny_trainer(logger: Any, **options: Any) -> Any:
    """Return a quiet Trainer on the CPU that keeps the best checkpoint."""
    defaults: dict[str, Any] = {
        "accelerator": "cpu",
        "devices": 1,
        "max_epochs": 2,
        "log_every_n_steps": 1,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    if "callbacks" not in options:
        defaults["callbacks"] = [pl.callbacks.ModelCheckpoint(monitor="val/loss", filename="{epoch}")]
    return pl.Trainer(logger=logger, **{**defaults, **options})


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--strategy", default="auto")
    parser.add_argument("--devices", type=int, default=1)
    parser.add_argument("--fails-at", type=int)
    parser.add_argument("--max-epochs", type=int, default=2)
    parser.add_argument("--opened-early", action="store_true", help="use the run before training begins")
    parser.add_argument("--progress", choices=["tqdm", "rich"], help="show a progress bar")
    arguments = parser.parse_args()

    from tidelog_integrations.lightning import TidelogLogger

    pl.seed_everything(0)
    logger = TidelogLogger(name="tiny", monitoring_interval_s=0.1, flush_interval_s=0.1)
    if arguments.opened_early:
        logger.log_hyperparams({"seed": 0})
    options: dict[str, Any] = {"max_epochs": arguments.max_epochs}
    if arguments.progress:
        bars = {"tqdm": pl.callbacks.TQDMProgressBar, "rich": pl.callbacks.RichProgressBar}
        checkpoints = pl.callbacks.ModelCheckpoint(monitor="val/loss", filename="{epoch}")
        options |= {"enable_progress_bar": True, "callbacks": [bars[arguments.progress](), checkpoints]}
    trainer = tiny_trainer(logger, strategy=arguments.strategy, devices=arguments.devices, **options)
    trainer.fit(TinyModel(fails_at=arguments.fails_at), loader(), loader(1))
    if trainer.is_global_zero:
        print("logs with:", type(logger).__mro__[1].__module__)
        print("steps:", trainer.global_step)
        logger.experiment["done"] = True


if __name__ == "__main__":
    main()
