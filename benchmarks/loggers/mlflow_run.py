"""MLflow, on its server or on its own SQLite store in the process.

Against its server of several workers every request waits some 40 ms for a delayed acknowledgement on loopback.
`benchmarks.servers` starts it with one worker, and the store in the process has no network at all, so that stall is in
none of the figures.
"""

from __future__ import annotations

import time
from typing import Any

from benchmarks.loggers import Place, imported

EXPERIMENT = "0"  # the default one, which every store has


class MlflowRun:
    """A run whose every call waits for the store."""

    synchronous = True

    def __init__(self, place: Place) -> None:
        self._mlflow: Any = imported("mlflow")
        store = place.url or f"sqlite:///{place.folder / 'mlflow.db'}"
        self._mlflow.set_tracking_uri(store)
        self.client: Any = self._mlflow.MlflowClient(store)
        self.metric: Any = imported("mlflow.entities").Metric
        self.run_id: str = self.client.create_run(EXPERIMENT, run_name=place.run).info.run_id

    def log(self, step: int, value: float) -> None:
        """Call `log_metric`."""
        self.client.log_metric(self.run_id, "train/loss", value, step=step, synchronous=self.synchronous)

    def log_row(self, step: int, row: dict[str, float]) -> None:
        """Call `log_batch`: one request for the row."""
        now_ms = time.time_ns() // 1_000_000
        metrics = [self.metric(name, value, now_ms, step) for name, value in row.items()]
        self.client.log_batch(self.run_id, metrics=metrics, synchronous=self.synchronous)

    def wait(self) -> str:
        """Everything is in the store when the call returns."""
        return self.run_id

    def close(self) -> None:
        """Set the run finished."""
        self.client.set_terminated(self.run_id)


class MlflowAsyncRun(MlflowRun):
    """A run whose calls queue in memory for a thread."""

    synchronous = False

    def close(self) -> None:
        """Wait for the queue, then set the run finished."""
        self._mlflow.flush_async_logging()
        super().close()
