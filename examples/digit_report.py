"""A Lightning callback that logs more of a digit classifier than numbers: mistakes, weights, confusions, the model.

Trainer(callbacks=[DigitReport(logger)], logger=logger)
"""

from __future__ import annotations

from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

import tidelog
from digit_pictures import MISTAKES, confusion, mosaic
from tidelog_integrations.lightning import TidelogLogger


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
