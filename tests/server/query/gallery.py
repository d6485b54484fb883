"""A project of runs whose values try the query language: in memory, and the same in a database."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import sqlalchemy as sa

from tidelog_server.runs.attributes import write_attributes
from tidelog_server.runs.paths import intern_paths
from tidelog_server.tables import projects, runs, series

NOW_MS = 1_800_000_000_000
HOUR_MS = 3_600_000
STATES = ("running", "finished", "failed", "crashed")
LONG = "long text " * 30

NUMBERS = (-2.5, -1, 0, 0.5, 1, 2, 3, 1e-9, 2.0**60, 1e300, math.nan, math.inf, -math.inf)
TEXTS = (
    "", "a", "b", "Adam", "adam", "sgd", "50%", "a_b", "a%b", "ünïcode", "ÜNÏCODE", "日本", 'say "hi"', "it's",
    "back\\slash",
    "new\nline", "NaN", "Infinity", "-1d", "2027-01-15", "true", "1", LONG, LONG + "a", LONG + "b", LONG[:199],
    LONG[:200],
)  # fmt: skip
TAGS = ("baseline", "prod", "a, b", 'quo"ted', "back\\slash", "ünïcode", "Prod", "", "x")
TIMES_MS = tuple(NOW_MS + hours * HOUR_MS for hours in (-49, -48, -24, -1, 0, 1))
MIXED = ("float", "int", "bool", "string", "datetime", "string_set", "float_series", "string_series")
PATHS = {
    "params/number": "float",
    "params/flag": "bool",
    "params/text": "string",
    "params/when": "datetime",
    "sys/tags": "string_set",
    "metrics/acc": "float_series",
    "logs/train": "string_series",
    "params/mixed": "",
    "odd `path`/ü \" ' %": "float",
}


@dataclass(frozen=True)
class Series:
    """The values of a series, and what the table `series` keeps of them."""

    values: tuple[float, ...]

    def aggregate(self, function: str) -> float | None:
        finite = [value for value in self.values if math.isfinite(value)]
        if function == "last":
            return self.values[-1]
        if function == "count":
            return len(self.values)
        if not finite:
            return None
        if function in ("min", "max"):
            return min(finite) if function == "min" else max(finite)
        mean = sum(finite) / len(finite)
        return mean if function == "mean" else self._m2(finite, mean) / len(finite)

    def _m2(self, finite: list[float], mean: float) -> float:
        return sum((value - mean) ** 2 for value in finite)

    def columns(self) -> dict[str, Any]:
        finite = [value for value in self.values if math.isfinite(value)]
        mean = self.aggregate("mean")
        return {
            "points": len(self.values),
            "step_last": len(self.values) * 1_000_000,
            "open_points": len(self.values),
            "last": self.values[-1] if math.isfinite(self.values[-1]) else None,
            "min": self.aggregate("min"),
            "max": self.aggregate("max"),
            "mean": mean,
            "m2": None if mean is None else self._m2(finite, mean),
            "finite": len(finite),
        }


@dataclass
class GalleryRun:
    """A run as Python values: `attributes` maps a path to its type and value."""

    number: int
    key: str
    name: str
    state: str
    created_ms: int
    ended_ms: int | None
    attributes: dict[str, tuple[str, Any]] = field(default_factory=dict)
    id: int = 0

    @property
    def modified_ms(self) -> int | None:
        return self.ended_ms

    @property
    def ran_ms(self) -> int:
        return (self.ended_ms or self.created_ms) - self.created_ms

    @property
    def size(self) -> int:
        return 1000 * (self.number % 3)

    @property
    def label(self) -> str:
        return f"GALLERY-{self.number}"


def make_runs(count: int, seed: int) -> list[GalleryRun]:
    """Runs with every kind of value, of which each lacks some."""
    chance = random.Random(seed)
    return [_make_run(chance, number) for number in range(1, count + 1)]


def store_runs(
    connection: sa.Connection, made: list[GalleryRun], project: str = "gallery", key: str = "GALLERY"
) -> int:
    """Write runs into a new project, give them their ids, and return that of the project."""
    values = {"name": project, "key": key, "created_ms": 0, "last_number": len(made)}
    project_id = connection.scalar(sa.insert(projects).values(values).returning(projects.c.id))
    assert project_id is not None
    names = sorted({path for run in made for path in run.attributes})
    path_ids = dict(zip(names, intern_paths(connection, project_id, names), strict=True))
    for run in made:
        columns = ("number", "key", "name", "state", "created_ms", "ended_ms")
        row = {
            "project_id": project_id,
            "label": f"{key}-{run.number}",
            **{column: getattr(run, column) for column in columns},
            "modified_ms": run.modified_ms,
            "ran_ms": run.ran_ms,
            "series_bytes": run.size,
        }
        run.id = connection.scalar(sa.insert(runs).values(row).returning(runs.c.id)) or 0
        write_attributes(connection, project_id, run.id, _stored(run, path_ids))
        for path, (kind, value) in run.attributes.items():
            if kind == "float_series":
                where = {"run_id": run.id, "path_id": path_ids[path]}
                connection.execute(sa.insert(series).values({**where, **value.columns()}))
    return project_id


def _stored(run: GalleryRun, path_ids: dict[str, int]) -> Iterator[tuple[int, str, Any]]:
    for path, (kind, value) in run.attributes.items():
        if kind == "float_series":
            value = value.values[-1]
        if kind == "datetime":
            value = round(value.timestamp() * 1000)
        yield path_ids[path], kind, value


def _make_run(chance: random.Random, number: int) -> GalleryRun:
    ended_ms = None if chance.random() < 0.4 else chance.choice(TIMES_MS)
    name = chance.choice([text for text in TEXTS if text and "\n" not in text])
    made = GalleryRun(number, f"key-{number:03}", name[:1000], chance.choice(STATES), chance.choice(TIMES_MS), ended_ms)
    for path, kind in PATHS.items():
        if chance.random() < 0.75:
            actual = kind or chance.choice(
                ("float", "int", "bool", "string", "datetime", "string_set", "float_series", "string_series")
            )
            if kind == "float" and chance.random() < 0.3:
                actual = "int"
            made.attributes[path] = (actual, _value(chance, actual))
    return made


def _value(chance: random.Random, kind: str) -> Any:
    if kind == "float":
        return float(chance.choice(NUMBERS))
    if kind == "int":
        return int(chance.choice([number for number in NUMBERS if abs(number) < 2**62 and number == int(number)]))
    if kind == "bool":
        return chance.random() < 0.5
    if kind in ("string", "string_series"):
        return chance.choice(TEXTS)
    if kind == "datetime":
        return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=chance.choice(TIMES_MS))
    if kind == "string_set":
        return sorted(chance.sample(TAGS, chance.randrange(4)))
    return Series(tuple(float(chance.choice(NUMBERS[:7] + NUMBERS[10:])) for _ in range(chance.randint(1, 3))))
