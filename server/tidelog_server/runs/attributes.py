"""Attributes: the single values of a run, and its series as rows of the same table."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from tidelog_server import bulk
from tidelog_server.query.expressions import binary_text
from tidelog_server.series.heads import as_head, within
from tidelog_server.series.points import STEP_UNITS, Int64s
from tidelog_server.tables import SERIES_TYPES, attributes, paths, series

SERIES = "float_series"
AS_TEXT = frozenset({"string", "string_series"})
AS_JSON = frozenset({"string_set", "file", "file_set", "artifact", "git_ref", "histogram_series", "file_series"})
NEGATIVE_ZERO = "-0.0"
NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
NAMES_PER_STATEMENT = 5_000
PAGE = 10_000  # attributes that one request gets
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

Value = float | int | bool | str | datetime | list[str] | dict[str, Any] | None


@dataclass(frozen=True)
class Aggregates:
    """What a float series amounts to. All but `points`, `last` and `last_step` are over its finite values."""

    points: int
    last: float
    last_step: float
    min: float | None
    max: float | None
    mean: float | None
    variance: float | None


@dataclass(frozen=True)
class Extent:
    """How far a series goes whose points are no numbers."""

    points: int
    last_step: float


@dataclass(frozen=True)
class Attribute:
    """One attribute of a run. The value of a series is its last one, or says what that is.

    `series` is there for float series, `extent` for those of texts, histograms and files.
    """

    path: str
    type: str
    value: Value
    series: Aggregates | None = None
    extent: Extent | None = None


@dataclass(frozen=True)
class Part:
    """Which attributes of a run are meant: at or below `prefix`, of `types` (none: all), behind the path `after`, the
    first `limit` of them.
    """

    prefix: str = ""
    types: Sequence[str] = ()
    after: str = ""
    limit: int | None = None


def attributes_of(connection: sa.Connection, run_id: int, prefix: str = "") -> list[Attribute]:
    """The attributes of a run at or below `prefix`, sorted by path; all of them without one."""
    return attributes_in(connection, run_id, Part(prefix))


def attributes_at(connection: sa.Connection, run_id: int, wanted: Sequence[str]) -> list[Attribute]:
    """Those of these attributes that the run has, sorted by path."""
    found: list[Attribute] = []
    for start in range(0, len(wanted), NAMES_PER_STATEMENT):
        part = wanted[start : start + NAMES_PER_STATEMENT]
        found.extend(_attribute(row) for row in connection.execute(_select(run_id).where(paths.c.path.in_(part))))
    return sorted(found, key=lambda attribute: attribute.path)


def attributes_in(connection: sa.Connection, run_id: int, part: Part) -> list[Attribute]:
    """The attributes of a run that are meant, sorted by path as the bytes of UTF-8 are."""
    path = binary_text(paths.c.path)
    query = _select(run_id).order_by(path)
    if part.prefix:
        below = paths.c.path.startswith(part.prefix + "/", autoescape=True)
        query = query.where((paths.c.path == part.prefix) | below)
    if part.types:
        query = query.where(attributes.c.type.in_(part.types))
    if part.after:
        query = query.where(path > part.after)
    return [_attribute(row) for row in connection.execute(query.limit(part.limit))]


def _select(run_id: int) -> sa.Select[Any]:
    columns = [
        paths.c.path,
        attributes.c.type,
        attributes.c.number,
        attributes.c.text,
        attributes.c.path_id,
        series.c.id,
    ]
    return (
        sa.select(*columns, *(column for column in series.c if column.name not in ("id", "path_id", "type")))
        .join(paths, paths.c.id == attributes.c.path_id)
        .outerjoin(
            series,
            (series.c.run_id == attributes.c.run_id)
            & (series.c.path_id == attributes.c.path_id)
            & (series.c.abandoned_by == 0),
        )
        .where(attributes.c.run_id == run_id)
    )


def decode_value(kind: str, number: float | None, text: str | None) -> Value:
    """The value behind the columns `type`, `number` and `text`."""
    if kind in AS_TEXT:
        return text or ""
    if kind == "int":
        return int(text or 0)
    if kind in AS_JSON:
        content: Value = json.loads(text or "null")
        return content
    if kind == "bool":
        return bool(number)
    if kind == "datetime":
        return EPOCH + timedelta(milliseconds=number or 0)
    if number is None:
        return NON_FINITE.get(text or "")
    return -0.0 if text == NEGATIVE_ZERO and number == 0 else number


def encode_value(kind: str, value: Any) -> dict[str, Any]:
    """The columns `type`, `number` and `text` of a value; a datetime is given in milliseconds."""
    if kind in ("float", SERIES):
        if math.isfinite(value):
            # SQLite keeps a -0.0 in a column of numbers as 0.0.
            negative_zero = value == 0 and math.copysign(1, value) < 0
            return {"type": kind, "number": float(value), "text": NEGATIVE_ZERO if negative_zero else None}
        return {
            "type": kind,
            "number": None,
            "text": "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity",
        }
    if kind == "int":
        return {"type": kind, "number": float(value), "text": str(value)}
    if kind in AS_JSON:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return {"type": kind, "number": None, "text": text}
    if kind in AS_TEXT:
        return {"type": kind, "number": None, "text": value}
    return {"type": kind, "number": float(value), "text": None}


def write_attributes(
    connection: sa.Connection, project_id: int, run_id: int, values: Iterable[tuple[int, str, Any]]
) -> None:
    """Set attributes from (path_id, type, value); what was there is replaced."""
    given = list(values)
    encoded = [encode_value(kind, value) for _, kind, value in given]
    columns = {name: [item[name] for item in encoded] for name in ("type", "number", "text")}
    _upsert(connection, project_id, run_id, [path_id for path_id, _, _ in given], columns)


def write_series_values(
    connection: sa.Connection,
    project_id: int,
    run_id: int,
    path_ids: NDArray[np.int64],
    last: NDArray[np.float64],
    is_new: NDArray[np.bool_],
) -> None:
    """Set the last values of float series; what was at the paths of new ones is replaced."""
    _upsert(connection, project_id, run_id, path_ids[is_new].tolist(), _series_columns(last[is_new]))
    # A fifth of the cost of the same by `_upsert`: the database need not check the type and the references again.
    old = {"run_id": [run_id] * int(np.count_nonzero(~is_new)), "path_id": path_ids[~is_new].tolist()}
    columns = _series_columns(last[~is_new])
    values = {"number": columns["number"], "text": columns["text"]}
    bulk.update(connection, attributes, {**old, **values}, ["run_id", "path_id"])


def _series_columns(last: NDArray[np.float64]) -> dict[str, list[Any]]:
    """What `encode_value` gives for each of these."""
    numbers: list[float | None] = last.tolist()
    texts: list[str | None] = [None] * len(numbers)
    for index in np.flatnonzero(~np.isfinite(last)).tolist():
        encoded = encode_value(SERIES, last[index])
        numbers[index], texts[index] = None, encoded["text"]
    return {"type": [SERIES] * len(numbers), "number": numbers, "text": texts}


def _upsert(
    connection: sa.Connection, project_id: int, run_id: int, path_ids: list[int], columns: dict[str, list[Any]]
) -> None:
    n = len(path_ids)
    keys = {"run_id": [run_id] * n, "path_id": path_ids, "project_id": [project_id] * n}
    bulk.upsert(connection, attributes, {**keys, **columns}, ["run_id", "path_id"])


def single_values_of(connection: sa.Connection, run_id: int, path_ids: Int64s) -> dict[int, tuple[str, Value]]:
    """Type and value of those of these paths, which ascend, that hold a single value."""
    columns = (attributes.c.path_id, attributes.c.type, attributes.c.number, attributes.c.text)
    query = sa.select(*columns).where(attributes.c.run_id == run_id, attributes.c.type.not_in(SERIES_TYPES))
    wanted = set(path_ids.tolist())
    return {
        path_id: (kind, decode_value(kind, number, text))
        for condition in within(attributes.c.path_id, path_ids)
        for path_id, kind, number, text in connection.execute(query.where(condition))
        if path_id in wanted
    }


def delete_attributes(connection: sa.Connection, run_id: int, path_ids: Sequence[int]) -> None:
    """Delete the attributes of a run at these paths."""
    connection.execute(sa.delete(attributes).where(attributes.c.run_id == run_id, attributes.c.path_id.in_(path_ids)))


def _attribute(row: sa.Row[Any]) -> Attribute:
    value = decode_value(row.type, row.number, row.text)
    if row.id is None:
        return Attribute(row.path, row.type, value)
    if row.type != SERIES:
        return Attribute(row.path, row.type, value, extent=Extent(row.points, row.step_last / STEP_UNITS))
    head = as_head(row)
    variance = None if head.statistics.m2 is None else head.statistics.m2 / head.statistics.finite
    aggregates = Aggregates(
        points=head.points,
        last=head.last,
        last_step=head.step_last / STEP_UNITS,
        min=head.statistics.min,
        max=head.statistics.max,
        mean=head.statistics.mean,
        variance=variance,
    )
    return Attribute(row.path, row.type, value, aggregates)
