"""Logging rows until they can be read back, in one process or in several that start at the same moment."""

from __future__ import annotations

import time
import urllib.parse
from pathlib import Path
from typing import Any, Protocol, cast

from benchmarks.api import Connection
from benchmarks.child import ask
from benchmarks.errors import PointsLostError
from benchmarks.loggers import Logger, Place, open_logger

READ_INTERVAL_S = 0.005
READ_DEADLINE_S = 120.0
ROUNDING = 1e-9


class DeliveringLogger(Logger, Protocol):
    """A logger that can tell when the server has everything."""

    def wait(self) -> str:
        """Wait until the server has everything; returns the run's name there."""


def log_until_readable(logger: str, folder: str, url: str, series: int, steps: int, run: str) -> str:
    """Open a run, wait for the start, log `steps` rows, and tell the parent when all could be read back.

    The times told are the machine's clock, the same for all processes: the parent takes the first start and the last
    end. What was read is checked after the clock has stopped. Returns the run's name on the server.
    """
    opened = cast(DeliveringLogger, open_logger(logger, Place(Path(folder), url, run)))
    rows = [{_name(number): value_at(number, step) for number in range(series)} for step in range(steps)]
    opened.wait()  # the run is there, on every server alike: what follows is logging alone
    ask({"ready": True})
    started = time.time()
    for step, row in enumerate(rows):
        opened.log_row(step, row)
    logged = time.time()
    reference = opened.wait()
    delivered = time.time()
    with Connection(url) as server:
        if logger == "tidelog":
            _wait_for_points(server, reference, series * steps)
        readable = time.time()
        CHECKS[logger](server, reference, series, steps)
    ask({"started": started, "logged": logged, "delivered": delivered, "readable": readable})
    opened.close()
    return reference


def log_to_file(logger: str, folder: str, series: int, steps: int) -> dict[str, float]:
    """The same rows to a tracker that writes a local file: points a second until the run is closed."""
    opened = open_logger(logger, Place(Path(folder)))
    rows = [{_name(number): value_at(number, step) for number in range(series)} for step in range(steps)]
    started = time.perf_counter()
    for step, row in enumerate(rows):
        opened.log_row(step, row)
    opened.close()
    return {"rate": series * steps / (time.perf_counter() - started)}


def value_at(series: int, step: int) -> float:
    """The value of a series at a step: every one differs, so that a point of another series would be noticed."""
    return series + step / 1_000_003


def _name(number: int) -> str:
    return f"m{number:03d}"


def _wait_for_points(server: Connection, run: str, points: int) -> None:
    """Ask for the run's attributes until its series have so many points together."""
    deadline = time.monotonic() + READ_DEADLINE_S
    while (found := sum(attribute["points"] for attribute in _tidelog_series(server, run))) < points:
        if time.monotonic() > deadline:
            raise PointsLostError(f"{run}: of {points} points {found} could be read after {READ_DEADLINE_S:g} s")
        time.sleep(READ_INTERVAL_S)


def _tidelog_series(server: Connection, run: str) -> list[dict[str, Any]]:
    attributes: list[dict[str, Any]] = server.get_json(f"/api/runs/{run}/attributes?prefix=train")["attributes"]
    return attributes


def _check_tidelog(server: Connection, run: str, series: int, steps: int) -> None:
    """Every series has every step, the right last value and the right mean."""
    found = {attribute["path"]: attribute for attribute in _tidelog_series(server, run)}
    for number in range(series):
        attribute = found.get(f"train/{_name(number)}")
        mean = sum(value_at(number, step) for step in range(steps)) / steps
        if attribute is None or attribute["points"] != steps or attribute["last"] != value_at(number, steps - 1):
            raise PointsLostError(f"{run}, series {number}: {attribute} instead of {steps} points")
        if abs(attribute["mean"] - mean) > ROUNDING * (1.0 + abs(mean)):
            raise PointsLostError(f"{run}, series {number}: mean {attribute['mean']} instead of {mean}")


def _check_mlflow(server: Connection, run: str, series: int, steps: int) -> None:
    """Every series' history has every step: MLflow has no count to ask for."""
    for number in range(series):
        query = urllib.parse.urlencode({"run_id": run, "metric_key": _name(number), "max_results": steps + 1})
        history = server.get_json(f"/api/2.0/mlflow/metrics/get-history?{query}").get("metrics", [])
        if len(history) != steps:
            raise PointsLostError(f"{run}, series {number}: {len(history)} points instead of {steps}")


CHECKS = {"tidelog": _check_tidelog, "MLflow": _check_mlflow}
