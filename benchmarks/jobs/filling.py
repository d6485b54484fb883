"""Filling a store with series, for benchmarks that then read it or weigh it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import points
from benchmarks.api import Connection
from benchmarks.loggers import Place, imported, open_logger
from benchmarks.loggers.mlflow_run import MlflowRun
from benchmarks.loggers.tidelog_run import TidelogRun

COLUMN_POINTS = 100_000
MLFLOW_BATCH_POINTS = 1_000  # the most that MLflow takes in one call
ROW_SERIES = 100


def fill_tidelog(folder: str, url: str, runs: int, series: int, length: int) -> list[int]:
    """Log `runs` runs of `series` series and end them; returns their ids. Every second series is of float32 values."""
    return [_fill_run(Place(Path(folder), url, f"run-{number}"), number, series, length) for number in range(runs)]


def fill_mlflow(folder: str, runs: int, length: int) -> list[str]:
    """Log `runs` runs of one series into MLflow's own store, with no server between; the runs' ids."""
    Path(folder).mkdir(exist_ok=True)
    return [_fill_mlflow_run(Place(Path(folder), run=f"run-{number}"), number, length) for number in range(runs)]


def fill_tensorboard(folder: str, runs: int, length: int) -> None:
    """Write `runs` event files of one series."""
    writer_of = imported("tensorboardX").SummaryWriter
    for number in range(runs):
        writer = writer_of(str(Path(folder) / f"run-{number}"))
        for step, value in enumerate(points.losses(length, number, single_precision=True)):
            writer.add_scalar("train/loss", float(value), step)
        writer.close()


def weigh(logger: str, folder: str, steps: int) -> dict[str, float]:
    """How many bytes a point adds to a local store, logged in rows of 100. What an empty run takes is set aside."""
    _log_rows(logger, folder, 1)
    before = _bytes_below(Path(folder))
    _log_rows(logger, folder, steps)
    return {"bytes": (_bytes_below(Path(folder)) - before) / (steps * ROW_SERIES)}


def _fill_run(place: Place, seed: int, series: int, length: int) -> int:
    logger = TidelogRun(place)
    times = points.times(length, seed)
    for number in range(series):
        values = points.losses(length, seed * series + number, single_precision=number % 2 == 0)
        logger.run[series_path(number)].extend(values, timestamps=times, steps=range(length))
    label = logger.wait()
    logger.close()
    with Connection(place.url or "") as server:
        run_id: int = server.get_json(f"/api/runs/{label}")["run_id"]
    return run_id


def series_path(number: int) -> str:
    """The path of a series that `fill_tidelog` writes."""
    return f"train/m{number:03d}"


def _fill_mlflow_run(place: Place, seed: int, length: int) -> str:
    logger = MlflowRun(place)
    for batch in _mlflow_batches(logger, seed, length):
        logger.client.log_batch(logger.run_id, metrics=batch)
    logger.close()
    return logger.run_id


def _mlflow_batches(logger: MlflowRun, seed: int, length: int) -> Iterator[list[Any]]:
    values = points.losses(length, seed, single_precision=True)
    times_ms = (points.times(length, seed) * 1000).astype(int)
    for start in range(0, length, MLFLOW_BATCH_POINTS):
        steps = range(start, min(length, start + MLFLOW_BATCH_POINTS))
        yield [logger.metric("train/loss", float(values[step]), int(times_ms[step]), step) for step in steps]


def _log_rows(logger: str, folder: str, steps: int) -> None:
    """Log values that differ, as a training job's do: equal ones would compress to nothing."""
    opened = open_logger(logger, Place(Path(folder)))
    columns = [points.losses(steps, number, single_precision=number % 2 == 0) for number in range(ROW_SERIES)]
    for step in range(steps):
        opened.log_row(step, {f"m{number:03d}": float(column[step]) for number, column in enumerate(columns)})
    opened.close()


def _bytes_below(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
