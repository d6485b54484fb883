"""What people ask of a run that Lightning trains: to stop, or to abort."""

from __future__ import annotations

import os
import signal
from typing import Any

import httpx
import pytest
from pytorch_lightning import Trainer
from pytorch_lightning.callbacks import Callback, ModelCheckpoint

import tidelog
from tests.integrations.conftest import QUIET, Server, stored
from tests.integrations.tiny_training import BATCHES, TinyModel, loader, tiny_trainer
from tests.waiting import wait_for
from tidelog_integrations.lightning import TidelogLogger

pytestmark = QUIET


class Asks(Callback):
    """Asks the run to stop or to abort after some batch, as its page does, and goes on when the job has heard of it."""

    def __init__(self, server: Server, request: str, after: int) -> None:
        self.server, self.request, self.after = server, request, after
        self.batches = 0

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        self.batches += 1
        if self.batches == self.after:
            run = trainer.logger.experiment
            run.wait(30)
            asked = httpx.post(f"{self.server.url}/api/runs/{run.label}/request", json={"request": self.request})
            assert asked.is_success, asked.text
            wait_for(lambda: run.abort_requested if self.request == "abort" else run.stop_requested)


def test_a_stop_ends_training_after_the_batch_as_early_stopping_does(to_server: Server, logger: TidelogLogger) -> None:
    """fit returns; the model was validated, its checkpoint is there, and the run says that it was stopped."""
    asks = Asks(to_server, "stop", after=3)
    best = ModelCheckpoint(monitor="val/loss", filename="{epoch}")
    trainer = tiny_trainer(logger, callbacks=[asks, best], max_epochs=50)
    trainer.fit(TinyModel(), loader(), loader(1))
    assert asks.batches == trainer.global_step
    assert 3 <= asks.batches <= 4
    run = stored(to_server, logger)
    assert run["state"] == "running"  # what comes after fit goes on in it
    assert to_server.attributes(run)["status"] == "stopped"
    assert to_server.attributes(run)["val/loss"]["points"] == 1
    assert os.path.exists(best.best_model_path)
    logger.experiment.stop()
    assert to_server.run(logger.version)["state"] == "finished"


def test_a_stop_ends_training_of_ones_own_run_too(to_server: Server) -> None:
    """The exception that such a run raises where it logs does not reach the Trainer, which winds up in order."""
    with tidelog.init_run(capture_hardware=False) as run:
        asks = Asks(to_server, "stop", after=3)
        logger = TidelogLogger(run=run)
        tiny_trainer(logger, callbacks=[asks], max_epochs=50).fit(TinyModel(), loader(), loader(1))
        assert asks.batches <= 4
    assert run.key is not None
    stopped = to_server.run(run.key)
    assert stopped["state"] == "finished"
    assert to_server.attributes(stopped)["status"] == "stopped"


def test_an_abort_ends_training_at_once(to_server: Server, logger: TidelogLogger) -> None:
    """Nothing is validated or saved; Lightning exits as after Ctrl-C, and the run is failed and says why."""
    asks = Asks(to_server, "abort", after=3)
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(SystemExit):
        tiny_trainer(logger, callbacks=[asks], max_epochs=50).fit(TinyModel(), loader(), loader(1))
    signal.signal(signal.SIGINT, handler)  # Lightning ignores it from then on
    run = to_server.run(logger.version)
    assert 3 <= asks.batches <= 4
    assert run["state"] == "failed"
    assert "RunAbortedError" in run["error"]
    assert to_server.attributes(run)["status"] == "aborted"
    assert "val/loss" not in to_server.attributes(run)


def test_a_reaction_of_ones_own_comes_in_place_of_the_loggers(to_server: Server) -> None:
    """With on_stop="ignore" training goes on, and the job looks at run.stop_requested itself."""
    logger = TidelogLogger(on_stop="ignore", capture_hardware=False)
    asks = Asks(to_server, "stop", after=3)
    tiny_trainer(logger, callbacks=[asks], max_epochs=2).fit(TinyModel(), loader(), loader(1))
    assert logger.experiment.stop_requested
    logger.experiment.stop()
    assert asks.batches == 2 * BATCHES
