"""Checkpoints of Lightning on the page of their run: where they lie, and their files."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import Any

import pytest
from lightning_fabric.plugins.io.torch_io import TorchCheckpointIO
from pytorch_lightning.callbacks import Callback, ModelCheckpoint
from pytorch_lightning.plugins.io import AsyncCheckpointIO

from tests.integrations.conftest import QUIET, Server, stored
from tests.integrations.tiny_training import TinyModel, loader, tiny_trainer
from tidelog_integrations.lightning import TidelogLogger

pytestmark = QUIET


def test_checkpoints_are_recorded_and_the_deleted_ones_forgotten(to_server: Server, logger: TidelogLogger) -> None:
    """The run names the files that are there, each with its score, and the best of them."""
    best = ModelCheckpoint(monitor="val/loss", filename="{epoch}", save_top_k=1, save_last=True)
    tiny_trainer(logger, max_epochs=3, callbacks=[best]).fit(TinyModel(), loader(), loader(1))
    attributes = to_server.attributes(stored(to_server, logger), prefix="training/model")
    assert attributes["best_model_path"] == os.path.abspath(best.best_model_path)
    assert attributes["best_model_score"] == pytest.approx(float(best.best_model_score or 0))
    assert attributes["best_model_metric"] == "val/loss"
    recorded = {
        value for path, value in attributes.items() if path.startswith("checkpoints/") and path.endswith("/path")
    }
    assert recorded == {os.path.abspath(best.best_model_path), os.path.abspath(best.last_model_path)}
    assert all(os.path.exists(path) for path in recorded)
    assert attributes["checkpoints/epoch=2/score"] == attributes["best_model_score"]


def test_the_first_callback_that_monitors_says_what_is_best(to_server: Server, logger: TidelogLogger) -> None:
    """A second callback, which keeps every step's checkpoint, does not claim the run's best model."""
    best = ModelCheckpoint(monitor="val/loss", filename="best")
    every = ModelCheckpoint(every_n_train_steps=3, filename="{step}", save_top_k=-1)
    tiny_trainer(logger, callbacks=[best, every]).fit(TinyModel(), loader(), loader(1))
    attributes = to_server.attributes(stored(to_server, logger), prefix="training/model")
    assert attributes["best_model_path"] == os.path.abspath(best.best_model_path)
    assert "checkpoints/step=3/path" in attributes
    assert "checkpoints/step=15/path" in attributes


def test_checkpoints_can_be_left_out(to_server: Server) -> None:
    """log_model_checkpoints=False records nothing of them."""
    logger = TidelogLogger(log_model_checkpoints=False, capture_hardware=False)
    tiny_trainer(logger, max_epochs=1).fit(TinyModel(), loader(), loader(1))
    attributes = to_server.attributes(stored(to_server, logger), prefix="training/model")
    logger.experiment.stop()
    assert not [path for path in attributes if path.startswith(("best", "checkpoints"))]


def checkpoint_files(server: Server, logger: TidelogLogger) -> dict[str, str]:
    """The hashes of the checkpoints that the server has, by their names."""
    run = logger.experiment
    assert run.wait(30)
    return {
        path.split("/")[-2]: run[path].fetch_hash()
        for path, kind in run.get_attribute_types("training/model").items()
        if kind == "file"
    }


def sha256(path: str) -> str:
    """The hash of a file on this disk."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def test_checkpoints_stay_on_the_disk_unless_asked_for(to_server: Server, logger: TidelogLogger) -> None:
    """By default no file is sent or copied."""
    tiny_trainer(logger, max_epochs=1).fit(TinyModel(), loader(), loader(1))
    assert checkpoint_files(to_server, logger) == {}


def test_checkpoints_that_are_kept_are_uploaded_at_the_end(to_server: Server) -> None:
    """Those that Lightning deleted on the way are never sent."""
    logger = TidelogLogger(upload_checkpoints=True, capture_hardware=False)
    best = ModelCheckpoint(monitor="val/loss", filename="{epoch}", save_top_k=1, save_last=True)
    tiny_trainer(logger, max_epochs=3, callbacks=[best]).fit(TinyModel(), loader(), loader(1))
    files = checkpoint_files(to_server, logger)
    logger.experiment.stop()
    assert files == {"epoch=2": sha256(best.best_model_path), "last": sha256(best.last_model_path)}


def test_checkpoints_are_uploaded_as_they_are_saved(to_server: Server) -> None:
    """With "all" each is sent when it is there, and one that Lightning deletes disappears from the run."""
    logger = TidelogLogger(upload_checkpoints="all", capture_hardware=False)
    seen: list[set[str]] = []

    class Looks(Callback):
        def on_train_epoch_start(self, *_: Any) -> None:
            seen.append(set(checkpoint_files(to_server, logger)))

    best = ModelCheckpoint(monitor="val/loss", filename="{epoch}", save_top_k=1)
    tiny_trainer(logger, max_epochs=3, callbacks=[Looks(), best]).fit(TinyModel(), loader(), loader(1))
    files = checkpoint_files(to_server, logger)
    logger.experiment.stop()
    assert seen[0] == set()
    assert "epoch=0" in seen[1]
    assert files == {"epoch=2": sha256(best.best_model_path)}


def test_a_checkpoint_that_a_thread_writes_is_recorded_and_uploaded(to_server: Server) -> None:
    """With AsyncCheckpointIO a checkpoint is not on disk yet when Lightning says that it was saved."""
    logger = TidelogLogger(upload_checkpoints=True, capture_hardware=False)
    best = ModelCheckpoint(monitor="val/loss", filename="{epoch}")
    plugin = AsyncCheckpointIO(SlowCheckpointIO())
    tiny_trainer(logger, max_epochs=1, callbacks=[best], plugins=[plugin]).fit(TinyModel(), loader(), loader(1))
    files = checkpoint_files(to_server, logger)
    logger.experiment.stop()
    assert files == {"epoch=0": sha256(best.best_model_path)}


class SlowCheckpointIO(TorchCheckpointIO):
    """Takes its time, as a file server does."""

    def save_checkpoint(self, *arguments: Any, **named: Any) -> None:
        time.sleep(0.5)
        super().save_checkpoint(*arguments, **named)


@pytest.mark.parametrize(
    "arguments", [{"upload_checkpoints": "best"}, {"upload_checkpoints": True, "log_model_checkpoints": False}]
)
def test_what_cannot_be_uploaded_is_refused_at_the_call(arguments: dict[str, Any]) -> None:
    """An argument that would do nothing, or that there is not, raises and names itself."""
    with pytest.raises(ValueError, match="upload_checkpoints"):
        TidelogLogger(**arguments)
