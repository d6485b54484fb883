"""A Lightning callback that logs more of a digit classifier than numbers: mistakes, weights, confusions, the model.

Trainer(callbacks=[DigitReport(logger)], logger=logger)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

import tidelog
from mnist_digits import PIXELS
from tidelog_integrations.lightning import TidelogLogger

MISTAKES = 48  # images in the picture of an epoch
MISTAKES_IN_A_ROW = 12


class DigitReport(pl.Callback):
    """After each validation: a picture of the digits that were taken for others, the confusion matrix, and histograms
    of the weights. After training: the best checkpoint as a file.
    """

    def __init__(self, logger: TidelogLogger) -> None:
        self._logger = logger
        self._seen: list[tuple[Tensor, Tensor, Tensor]] = []

    def on_validation_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:  # fmt: skip
        """Keep what the model made of the batch: `validation_step` returns its scores."""
        images, labels = batch
        self._seen.append((images.cpu(), labels.cpu(), outputs.argmax(dim=1).cpu()))

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the epoch, at Lightning's step."""
        images, labels, predicted = (torch.cat(parts) for parts in zip(*self._seen, strict=True))
        self._seen.clear()
        if trainer.sanity_checking or not trainer.is_global_zero:
            return
        run, step = self._logger.experiment, trainer.global_step
        wrong = labels != predicted
        run["val/mistakes"].append(
            mosaic(images[wrong].numpy()),
            step=step,
            name=f"epoch {trainer.current_epoch}",
            description=f"{int(wrong.sum())} of {len(labels)}; taken for {predicted[wrong][:MISTAKES].tolist()}",
        )
        run["val/confusion"].append(confusion(labels.numpy(), predicted.numpy()), step=step)
        for name, weights in pl_module.named_parameters():
            run[f"weights/{name.replace('.', '/')}"].append(tidelog.Histogram(weights), step=step)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the best checkpoint, and say so when it is a poor one."""
        best = trainer.checkpoint_callback
        if not trainer.is_global_zero or not isinstance(best, pl.callbacks.ModelCheckpoint):
            return
        run = self._logger.experiment
        run["model/best"].upload(best.best_model_path)
        score = best.best_model_score
        if score is not None and float(score) < 0.9:
            run.alert("This model has not learned much", f"Its best accuracy is {float(score):.3f}.", level="warning")


def mosaic(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lay images (n, 1, 28, 28), black to white from 0 to 1, out as one picture; what is left of a row stays black."""
    shown = images[:MISTAKES, 0]
    rows = max(1, -(-len(shown) // MISTAKES_IN_A_ROW))
    tiles = np.zeros((rows * MISTAKES_IN_A_ROW, PIXELS, PIXELS), np.float32)
    tiles[: len(shown)] = shown
    lines = tiles.reshape(rows, MISTAKES_IN_A_ROW, PIXELS, PIXELS).transpose(0, 2, 1, 3)
    picture: NDArray[np.float32] = lines.reshape(rows * PIXELS, MISTAKES_IN_A_ROW * PIXELS)
    return picture


def confusion(labels: NDArray[np.int64], predicted: NDArray[np.int64]) -> tidelog.Table:
    """How often each digit was taken for which."""
    counts = np.zeros((10, 10), np.int64)
    np.add.at(counts, (labels, predicted), 1)
    rows = [[digit, *taken_for] for digit, taken_for in enumerate(counts.tolist())]
    return tidelog.Table(rows, columns=["digit", *(f"taken for {digit}" for digit in range(10))])
