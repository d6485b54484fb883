"""A project of very many runs, put straight into the database: logging them would take an hour."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice
from typing import Any

import sqlalchemy as sa

PROJECT = "sweep"
METRICS = ("train/loss", "train/accuracy", "val/loss", "val/accuracy", "val/f1", "test/loss", "test/accuracy", "lr")
NUMBERS = 22  # parameters that are numbers, of which the first is drawn from a grid
TEXTS = ("params/optimizer", "params/scheduler", "params/dataset", "params/model", "params/host", "sys/owner")
WORDS = ("adam", "sgd", "adamw", "lion", "resnet18", "resnet50", "vit-b16", "cosine", "linear", "cifar10")
ROWS_AT_ONCE = 50_000
FIRST_MS = 1_760_000_000_000
APART_MS = 60_000


def fill_project(data: str, runs: int) -> list[str]:
    """Make the project in the server folder `data`; returns the paths that can be columns."""
    from tidelog_server.database import Database
    from tidelog_server.migrations import upgrade
    from tidelog_server.runs.paths import intern_paths
    from tidelog_server.runs.projects import ensure_project
    from tidelog_server.settings import Settings
    from tidelog_server.tables import attributes, series
    from tidelog_server.tables import runs as run_table

    database = Database(Settings(data=_folder(data)).url)
    upgrade(database)
    numbers = [f"params/{number:02d}" for number in range(NUMBERS)]
    names = [*METRICS, *numbers, *TEXTS, "sys/tags", "sys/description"]
    with database.write() as connection:
        project_id = ensure_project(connection, PROJECT)
        ids = dict(zip(names, intern_paths(connection, project_id, names), strict=True))
        _insert(connection, run_table, (_run(project_id, number) for number in range(1, runs + 1)))
        _insert(connection, attributes, _attributes(project_id, runs, ids, numbers))
        _insert(connection, series, _series(runs, ids))
        connection.execute(sa.text("UPDATE projects SET last_number = :runs"), {"runs": runs})
    database.close()
    return names


def _folder(data: str) -> Any:
    from pathlib import Path

    folder = Path(data)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _run(project_id: int, number: int) -> dict[str, Any]:
    created_ms = FIRST_MS + number * APART_MS
    return {
        "id": number,
        "project_id": project_id,
        "number": number,
        "label": f"SWEEP-{number}",
        "key": f"run-{number:06d}",
        "name": f"{WORDS[number % 7]}-{number:06d}",
        "state": "failed" if number % 17 == 0 else "finished",
        "created_ms": created_ms,
        "ended_ms": created_ms + (number * 7919) % 7_200_000,
        "modified_ms": created_ms,
        "points": 8_000,
    }


def _attributes(project_id: int, runs: int, ids: dict[str, int], numbers: list[str]) -> Iterator[dict[str, Any]]:
    chance = random.Random(1)
    for run_id in range(1, runs + 1):
        fixed = {"run_id": run_id, "project_id": project_id}
        for path in METRICS:
            yield {**fixed, "path_id": ids[path], "type": "float_series", "number": _last(run_id, path), "text": None}
        for place, path in enumerate(numbers):
            number = 10.0 ** -chance.randint(1, 5) if place == 0 else chance.random()
            yield {**fixed, "path_id": ids[path], "type": "float", "number": number, "text": None}
        for path in TEXTS:
            yield {**fixed, "path_id": ids[path], "type": "string", "number": None, "text": chance.choice(WORDS)}
        tags = f'["group-{run_id % 5}"]'
        yield {**fixed, "path_id": ids["sys/tags"], "type": "string_set", "number": None, "text": tags}


def _series(runs: int, ids: dict[str, int]) -> Iterator[dict[str, Any]]:
    shape = {"points": 1_000, "step_last": 999_000_000, "open_points": 0, "finite": 1_000, "m2": 40.0}
    for run_id in range(1, runs + 1):
        for path in METRICS:
            last = _last(run_id, path)
            values = {"last": last, "min": last * 0.9, "max": last + 1, "mean": last + 0.1}
            yield {"run_id": run_id, "path_id": ids[path], **shape, **values}


def _last(run_id: int, path: str) -> float:
    return random.Random(f"{run_id} {path}").random()


def _insert(connection: sa.Connection, table: sa.Table, rows: Iterator[dict[str, Any]]) -> None:
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        connection.execute(sa.insert(table), batch)
