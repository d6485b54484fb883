"""The same points to every tracker: one class per tracker, each over its public API, as its own guide says to use it.

A logger is made in a child process and used by one job. Its package is imported by name, so that a peer that is not
installed is no error of ours, and its import time is not counted where only logging is measured.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from benchmarks.errors import NotInstalledError


@dataclass(frozen=True)
class Place:
    """Where a logger keeps its data: a folder of its own, and a server or none."""

    folder: Path
    url: str | None = None
    run: str = "benchmark"


class Logger(Protocol):
    """A run of one tracker."""

    def log(self, step: int, value: float) -> None:
        """Log one point of the series `train/loss`."""

    def log_row(self, step: int, row: dict[str, float]) -> None:
        """Log one point of each of the series named in `row`."""

    def close(self) -> None:
        """End the run, with everything delivered that this tracker delivers."""


def imported(package: str) -> Any:
    """The peer's package."""
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        raise NotInstalledError(package) from error


def open_logger(name: str, place: Place) -> Logger:
    """A new run of the tracker with this name."""
    module, made_by = LOGGERS[name].split(":")
    maker: Callable[[Place], Logger] = getattr(importlib.import_module(f"benchmarks.loggers.{module}"), made_by)
    return maker(place)


LOGGERS = {
    "tidelog": "tidelog_run:TidelogRun",
    "bare loop": "machine:BareLoop",
    "os.write": "machine:RawWrite",
    "TensorBoardX": "tensorboardx_writer:TensorBoardXWriter",
    "W&B offline": "wandb_offline:WandbOffline",
    "MLflow": "mlflow_run:MlflowRun",
    "MLflow async": "mlflow_run:MlflowAsyncRun",
}
