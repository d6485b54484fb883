"""What a training script waits for before its first step."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.loggers import Place, imported, open_logger

PACKAGES = {"tidelog": "tidelog", "TensorBoardX": "tensorboardX", "W&B offline": "wandb", "MLflow": "mlflow"}


def import_package(logger: str) -> dict[str, float]:
    """Seconds that the import takes, files in the page cache. NumPy counts where the tracker imports it."""
    started = time.perf_counter()
    imported(PACKAGES[logger])
    return {"import": time.perf_counter() - started}


def append_first(logger: str, folder: str, url: str | None) -> dict[str, float]:
    """Seconds from making the run to the return of its first append, after the import."""
    imported(PACKAGES[logger])
    started = time.perf_counter()
    opened = open_logger(logger, Place(Path(folder), url))
    opened.log(0, 0.5)
    took_s = time.perf_counter() - started
    opened.close()
    return {"first": took_s}
