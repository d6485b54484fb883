"""Train a fully connected network on real MNIST digits in a plain PyTorch loop, and log it to tidelog.

    python examples/mnist_torch.py --epochs 5
    python examples/mnist_torch.py --epochs 10 --resume mnist_torch.pt

The second line goes on with the run of the first from its last checkpoint, on whatever machine. A stop that somebody
asks for on the run's page ends training after the batch; what the model can do by then is still measured, and saved.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import tidelog
from digit_pictures import MISTAKES, confusion, mosaic
from mnist_digits import ARCHIVE, FOLDER, PACKAGE, PIXELS, load_digits

GOOD_ACCURACY = 0.8  # below this, somebody should look at the run

Digits = tuple[Tensor, Tensor]


@dataclass
class Settings:
    """What decides how a training goes: logged as it is."""

    epochs: int
    batch_size: int
    lr: float
    hidden: int
    seed: int
    limit: int | None


class Job:
    """A model, its optimiser, and how far they have come: what a checkpoint holds."""

    def __init__(self, settings: Settings) -> None:
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.model = nn.Sequential(
            nn.Flatten(), nn.Linear(PIXELS * PIXELS, settings.hidden), nn.ReLU(), nn.Linear(settings.hidden, 10)
        )
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=settings.lr)
        self.epoch = self.step = 0

    def save(self, path: Path, run_key: str | None) -> None:
        """Write a checkpoint, whole or not at all; it names the run, so that a later job can go on with it."""
        state = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}
        torch.save({**state, "epoch": self.epoch, "step": self.step, "run": run_key}, f"{path}.new")
        os.replace(f"{path}.new", path)

    def load(self, state: dict[str, Any]) -> None:
        """Take up what a checkpoint holds."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch, self.step = state["epoch"], state["step"]


def train(settings: Settings, project: str, name: str, checkpoint: Path, resume: Path | None) -> None:
    """Train, validate after each epoch, and keep a checkpoint; all of it in one run, or in the one that is resumed."""
    job = Job(settings)
    state = torch.load(resume, weights_only=True) if resume else None
    if state:
        job.load(state)
    training, validation = split_digits(settings.limit)
    with tidelog.init_run(
        project=project, name=name, tags=["mnist", "torch"], custom_run_id=state and state["run"], on_stop="ignore"
    ) as run:
        run["params"] = asdict(settings)
        run["model/summary"] = str(job.model)
        run["data/digits"].track_files(str(FOLDER / ARCHIVE), name="digits", description=PACKAGE)
        accuracy = validate(job, validation, run)  # of the beginning, for comparison
        while job.epoch < settings.epochs and not run.stop_requested:
            train_epoch(job, training, run)
            accuracy = validate(job, validation, run)
            job.save(checkpoint, run.key)
        if checkpoint.exists():
            run["model/checkpoint"].upload(checkpoint)
        if accuracy < GOOD_ACCURACY:
            run.alert("This model has not learned much", f"Its last accuracy is {accuracy:.3f}.", step=job.step)
        print(f"validation accuracy: {accuracy:.3f}")
    print(f"run: {run.get_url()}")


def train_epoch(job: Job, digits: Digits, run: tidelog.Run) -> None:
    """Take one pass over the digits, in an order of the epoch's own; a requested stop ends it after the batch."""
    job.model.train()
    order = torch.Generator().manual_seed(job.settings.seed + job.epoch)
    for images, labels in batches(digits, job.settings.batch_size, order):
        scores = job.model(images)
        loss = F.cross_entropy(scores, labels)
        job.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it without types
        job.optimizer.step()
        accuracy = (scores.argmax(dim=1) == labels).float().mean()
        run["train"].append({"loss": loss.item(), "accuracy": accuracy.item()}, step=job.step)
        job.step += 1
        if run.stop_requested:
            break
    job.epoch += 1


@torch.no_grad()
def validate(job: Job, digits: Digits, run: tidelog.Run) -> float:
    """Log how the model does on digits that training does not see: figures, its mistakes, its weights."""
    images, labels = digits
    scores = job.model.eval()(images)
    predicted = scores.argmax(dim=1)
    wrong = predicted != labels
    accuracy = float(1 - wrong.float().mean())
    run["val"].append({"loss": F.cross_entropy(scores, labels).item(), "accuracy": accuracy}, step=job.step)
    run["val/mistakes"].append(
        mosaic(images[wrong].numpy()),
        step=job.step,
        name=f"epoch {job.epoch}",
        description=f"{int(wrong.sum())} of {len(labels)}; taken for {predicted[wrong][:MISTAKES].tolist()}",
    )
    run["val/confusion"].append(confusion(labels.numpy(), predicted.numpy()), step=job.step)
    for name, weights in job.model.named_parameters():
        run[f"weights/{name.replace('.', '/')}"].append(tidelog.Histogram(weights), step=job.step)
    return accuracy


def split_digits(limit: int | None) -> tuple[Digits, Digits]:
    """Return images (n, 1, 28, 28) from 0 to 1 with their labels: nine tenths to train on, one to validate."""
    pixels, labels = load_digits(limit)
    images = torch.from_numpy(pixels.astype(np.float32) / 255).unsqueeze(1)
    tenth = len(labels) // 10
    known = torch.from_numpy(labels)
    return (images[tenth:], known[tenth:]), (images[:tenth], known[:tenth])


def batches(digits: Digits, size: int, order: torch.Generator) -> Iterator[Digits]:
    """Return the digits in batches, shuffled."""
    images, labels = digits
    shuffled = torch.randperm(len(labels), generator=order)
    for start in range(0, len(labels), size):
        chosen = shuffled[start : start + size]
        yield images[chosen], labels[chosen]


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=5, help="how many in all, those before a resume included")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--lr", type=float, default=1e-3, help="Adam's learning rate")
    parser.add_argument("--hidden", type=int, default=128, help="units of the hidden layer")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, help="use only so many of the 10,000 digits")
    parser.add_argument("--project", default="mnist")
    parser.add_argument("--name", default="fully connected", help="the run's name")
    parser.add_argument("--checkpoint", type=Path, default=Path("mnist_torch.pt"), help="where the checkpoint is kept")
    parser.add_argument("--resume", type=Path, help="a checkpoint to go on from, in the run that it names")
    given = parser.parse_args()
    torch.set_num_threads(1)  # so small a network gains nothing by more
    settings = Settings(given.epochs, given.batch_size, given.lr, given.hidden, given.seed, given.limit)
    train(settings, given.project, given.name, given.checkpoint, given.resume)


if __name__ == "__main__":
    main()
