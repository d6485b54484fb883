"""Cells: values of many runs at once, cut to what a table shows."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from tidelog_server.query.conditions import aggregate_value
from tidelog_server.query.syntax import Aggregate, Subject, subject_attribute
from tidelog_server.runs.attributes import AS_JSON, AS_TEXT, Value, decode_value
from tidelog_server.tables import attributes, series

CELL_CHARACTERS = 1_000  # a text may have 16 million
SET_CHARACTERS = 20_000  # of the JSON of a string set, and of what refers to files


def cells_of(
    connection: sa.Connection, run_ids: Collection[int], subjects: Collection[Subject], path_ids: Mapping[str, int]
) -> dict[tuple[int, Subject], Value]:
    """The values that these runs have for these subjects, in at most two statements."""
    wanted: dict[int, list[Subject]] = {}
    for subject in subjects:
        path_id = path_ids.get(subject_attribute(subject).path)
        if path_id is not None:
            wanted.setdefault(path_id, []).append(subject)
    aggregates = {path_id for path_id, found in wanted.items() if any(map(_is_in_series, found))}
    single = {path_id for path_id, found in wanted.items() if not all(map(_is_in_series, found))}
    cells: dict[tuple[int, Subject], Value] = {}
    for row in _attribute_rows(connection, run_ids, single):
        for subject in wanted[row.path_id]:
            if subject_matches(subject, row.type):
                cells[row.run_id, subject] = cell_value(row.type, row.number, row.text)
    for row in _series_rows(connection, run_ids, aggregates):
        for subject in filter(_is_in_series, wanted[row.path_id]):
            assert isinstance(subject, Aggregate)
            cells[row.run_id, subject] = row._mapping[subject.function]
    return cells


def cut_text(row: sa.FromClause) -> sa.ColumnElement[str]:
    """The column `text` of `attributes`, as much of it as `cell_value` looks at."""
    characters = sa.case((row.c.type.in_(sorted(AS_JSON)), SET_CHARACTERS), else_=CELL_CHARACTERS + 1)
    return sa.func.substr(row.c.text, 1, characters)


def cell_value(kind: str, number: float | None, text: str | None) -> Value:
    """The value of an attribute; a text that was cut ends with an ellipsis, a string set that was cut lacks items."""
    if kind in AS_TEXT and text is not None and len(text) > CELL_CHARACTERS:
        return text[:CELL_CHARACTERS] + "…"
    if kind in AS_JSON and text is not None and len(text) == SET_CHARACTERS:
        return _whole_items(text) if kind == "string_set" else text[:CELL_CHARACTERS] + "…"
    return decode_value(kind, number, text)


def subject_matches(subject: Subject, kind: str) -> bool:
    """Whether a row of `attributes` of this type has the subject's value; `last` asks for that of a series only."""
    if isinstance(subject, Aggregate):
        return subject.function == "last" and kind == "float_series"
    return True


def _is_in_series(subject: Subject) -> bool:
    return isinstance(subject, Aggregate) and subject.function != "last"


def _attribute_rows(connection: sa.Connection, run_ids: Collection[int], path_ids: Collection[int]) -> Any:
    if not run_ids or not path_ids:
        return ()
    columns = (attributes.c.run_id, attributes.c.path_id, attributes.c.type, attributes.c.number)
    query = sa.select(*columns, cut_text(attributes).label("text"))
    return connection.execute(query.where(attributes.c.run_id.in_(run_ids), attributes.c.path_id.in_(path_ids)))


def _series_rows(connection: sa.Connection, run_ids: Collection[int], path_ids: Collection[int]) -> Any:
    if not run_ids or not path_ids:
        return ()
    columns = (series.c.run_id, series.c.path_id, series.c.min, series.c.max, series.c.mean)
    query = sa.select(*columns, series.c.points.label("count"), aggregate_value(series, "variance").label("variance"))
    query = query.where(series.c.type == "float_series", series.c.abandoned_by == 0)
    return connection.execute(query.where(series.c.run_id.in_(run_ids), series.c.path_id.in_(path_ids)))


def _whole_items(text: str) -> list[str]:
    """The items of a JSON array of texts, of which the end may be missing."""
    decoder, position = json.JSONDecoder(), 1
    items: list[str] = []
    while True:
        try:
            item, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError:
            return items
        items.append(item)
        position += len(", ")
