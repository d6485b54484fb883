"""Ends a Trainer's work when somebody asks the run, on its page, to stop or to abort."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import tidelog
from tidelog_integrations.lightning_package import Callback

if TYPE_CHECKING:
    from pytorch_lightning import LightningModule, Trainer

CHECK_INTERVAL_S = 2.0  # how often ranks agree on whether to stop


class RequestWatch(Callback):
    """Looks after every batch whether the run was asked to end. `TidelogLogger` gives it to the Trainer by itself.

    Stop: training ends after the batch as early stopping ends it, so that the model is validated and the checkpoint
    saved; all ranks end at the same batch. Abort: `RunAbortedError`, a KeyboardInterrupt, leaves the loop at once.

    Args:
        find_run: Returns the run of this process, None while it has none.
        stops, aborts: Which of the two requests are acted upon.
    """

    def __init__(self, find_run: Callable[[], tidelog.Run | None], *, stops: bool, aborts: bool) -> None:
        self._find_run = find_run
        self._stops = stops
        self._aborts = aborts
        self._begin_to_count()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin at the same count in all ranks."""
        self._begin_to_count()

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        """End training after this batch, or at once."""
        self._abort_if_asked()
        if self._stops and self._is_to_stop(trainer):
            trainer.should_stop = True

    def on_validation_batch_end(self, *_: Any) -> None:
        """Leave at once if asked to abort; a validation is not cut short by a stop."""
        self._abort_if_asked()

    def on_test_batch_end(self, *_: Any) -> None:
        """Leave at once if asked to abort."""
        self._abort_if_asked()

    def on_predict_batch_end(self, *_: Any) -> None:
        """Leave at once if asked to abort."""
        self._abort_if_asked()

    def _begin_to_count(self) -> None:
        self._left = self._stretch = 1  # batches until the ranks agree again, and how many there were in all
        self._agreed_at = time.monotonic()

    def _abort_if_asked(self) -> None:
        run = self._find_run()
        if self._aborts and run is not None and run.abort_requested:
            raise tidelog.RunAbortedError(f"somebody asked the run {run.label} to abort")

    def _is_to_stop(self, trainer: Trainer) -> bool:
        """Say whether to stop after this batch; in a job of several ranks what rank 0 says, now and then.

        A rank that stopped alone would leave the others waiting for it for ever.
        """
        run = self._find_run()
        asked = run is not None and run.stop_requested
        if trainer.world_size == 1:
            return asked
        self._left -= 1
        if self._left:
            return False
        agreed, self._stretch = trainer.strategy.broadcast((asked, self._next_stretch()))
        self._left = self._stretch
        return agreed

    def _next_stretch(self) -> int:
        """Return how many batches take about the interval; at most twice as many as before, as the first are slow."""
        now = time.monotonic()
        batches = int(CHECK_INTERVAL_S * self._stretch / max(now - self._agreed_at, 1e-9))
        self._agreed_at = now
        return max(1, min(batches, 2 * self._stretch))
