"""Filling a store with series, for benchmarks that then read it or weigh it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks import points
from benchmarks.api import Connection
from benchmarks.loggers import Place, imported, open_logger
from benchmarks.loggers.mlflow_run import MlflowRun
from benchmarks.loggers.tidelog_run import TidelogRun

PROJECT = "benchmarks"  # of every run that a benchmark logs
ROW_SERIES = 100
MLFLOW_INSERT = """
    INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES ('train/loss', ?, ?, ?, ?, 0)
"""


def fill_tidelog(folder: str, url: str, runs: int, series: int, length: int) -> list[int]:
    """Log `runs` runs of `series` series and end them; returns their ids. Every second series is of float32 values."""
    return [_fill_run(Place(Path(folder), url, f"run-{number}"), number, series, length) for number in range(runs)]


def fill_mlflow(folder: str, runs: int, length: int) -> list[str]:
    """Make `runs` runs of one series in MLflow's own store; returns their ids.

    The points go straight into its table, since its own way takes minutes for them.
    """
    Path(folder).mkdir(exist_ok=True)
    ids = []
    for number in range(runs):
        logger = MlflowRun(Place(Path(folder), run=f"run-{number}"))
        logger.log(0, 0.0)
        logger.close()
        ids.append(logger.run_id)
    with closing(sqlite3.connect(Path(folder) / "mlflow.db")) as database, database:
        for number, run_id in enumerate(ids):
            database.executemany(MLFLOW_INSERT, _mlflow_rows(run_id, number, length))
    return ids


def fill_tensorboard(folder: str, runs: int, length: int, tag: str) -> None:
    """Write `runs` event files of one series, past the queue of the writer."""
    event_of, record_writer_of = _tensorboardx_parts()
    for number in range(runs):
        place = Path(folder) / f"run-{number}"
        place.mkdir(parents=True)
        writer = record_writer_of(str(place / "events.out.tfevents.0.benchmark"))
        times = points.times(length, number).tolist()
        values = points.losses(length, number, single_precision=True).tolist()
        for step, (time_s, value) in enumerate(zip(times, values, strict=True)):
            summary = {"value": [{"tag": tag, "simple_value": value}]}
            writer.write(event_of(wall_time=time_s, step=step, summary=summary).SerializeToString())
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


def _mlflow_rows(run_id: str, seed: int, length: int) -> Iterator[tuple[float, int, str, int]]:
    values = points.losses(length, seed, single_precision=True).tolist()
    times_ms = (points.times(length, seed) * 1000).astype(int).tolist()
    for step in range(1, length):
        yield values[step], times_ms[step], run_id, step


def _tensorboardx_parts() -> tuple[Any, Any]:
    event = imported("tensorboardX.proto.event_pb2").Event
    return event, imported("tensorboardX.record_writer").RecordWriter


def _log_rows(logger: str, folder: str, steps: int) -> None:
    """Log values that differ, as a training job's do: equal ones would compress to nothing."""
    opened = open_logger(logger, Place(Path(folder)))
    columns = [points.losses(steps, number, single_precision=number % 2 == 0) for number in range(ROW_SERIES)]
    for step in range(steps):
        opened.log_row(step, {f"m{number:03d}": float(column[step]) for number, column in enumerate(columns)})
    opened.close()


def _bytes_below(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
