"""Groups in the table: rows that stand for runs with equal values, with what their runs amount to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from tidelog_server.pages.table.columns import Header
from tidelog_server.pages.table.view import View, Within, subject_of
from tidelog_server.query.syntax import Subject
from tidelog_server.runs.attributes import EPOCH
from tidelog_server.sheets.column import Column, Mask, Positions
from tidelog_server.sheets.groups import Group, GroupValue, Spread, groups_of
from tidelog_server.sheets.table import Selection
from tidelog_server.tables import ATTRIBUTE_TYPES

SHOWN_GROUPS = 100  # of one level
SHOWN_RUNS = 20  # of one open group; all of them are one click away


@dataclass(frozen=True)
class GroupRow:
    """A group as a row: how deep it lies, its value, and links that open it and show it alone."""

    level: int
    path: str
    value: object
    runs: int
    cells: tuple[Spread | None, ...]
    is_open: bool
    toggle_address: str
    alone_address: str
    key: str


@dataclass(frozen=True)
class RunsOfGroup:
    """The first runs of an open group of the deepest level, by their numbers in the database."""

    level: int
    run_ids: tuple[int, ...]
    more: int
    alone_address: str


@dataclass(frozen=True)
class HiddenGroups:
    """Groups that are not listed."""

    level: int
    count: int


GroupPart = GroupRow | RunsOfGroup | HiddenGroups


def parts_of(selection: Selection, view: View, headers: Sequence[Header]) -> list[GroupPart]:
    """The rows of a grouped table, from the top."""
    aggregated = [subject_of(header.column) for header in headers if header.kind == "number"]
    return list(_level(selection, view, headers, aggregated, selection.places, ()))


def _level(
    selection: Selection,
    view: View,
    headers: Sequence[Header],
    aggregated: Sequence[Subject],
    places: Positions,
    above: Within,
) -> Iterator[GroupPart]:
    level = len(above)
    path = view.groups[level]
    found, hidden = groups_of(selection.sheet, places, subject_of(path), aggregated)
    for group in found[:SHOWN_GROUPS]:
        within = (*above, key_of(group.value))
        is_open = within in view.opened
        spreads = iter(group.spreads)
        yield GroupRow(
            level=level,
            path=path,
            value=shown_value(group),
            runs=len(group.places),
            cells=tuple(next(spreads) if header.kind == "number" else None for header in headers),
            is_open=is_open,
            toggle_address=_toggled(view, within, is_open).address,
            alone_address=_alone(view, within).address,
            key=" ".join(within),
        )
        if not is_open:
            continue
        if level + 1 < len(view.groups):
            yield from _level(selection, view, headers, aggregated, group.places, within)
        else:
            yield _runs(selection, view, group.places, within)
    if hidden or len(found) > SHOWN_GROUPS:
        yield HiddenGroups(level, hidden + max(len(found) - SHOWN_GROUPS, 0))


def _runs(selection: Selection, view: View, places: Positions, within: Within) -> RunsOfGroup:
    # `places` are in the order of the selection, since grouping is stable.
    shown = selection.sheet.ids[places[:SHOWN_RUNS]].tolist()
    return RunsOfGroup(len(within), tuple(shown), max(len(places) - SHOWN_RUNS, 0), _alone(view, within).address)


def _toggled(view: View, within: Within, is_open: bool) -> View:
    others = tuple(one for one in view.opened if one[: len(within)] != within)
    return replace(view, opened=others if is_open else (*view.opened, within), after="")


def _alone(view: View, within: Within) -> View:
    return replace(view, within=within, opened=(), after="")


def within_places(selection: Selection, view: View) -> Positions:
    """The runs of the selection that the address narrows to one group."""
    places = selection.places
    for path, key in zip(view.groups, view.within, strict=False):
        places = places[_is_in(selection.sheet.column(subject_of(path)), key)[places]]
    return places


def _is_in(column: Column, key: str) -> Mask:
    """Which runs have the value that a key stands for."""
    if not key.startswith(("t", "n")):
        return np.logical_not(column.has_number | column.has_word)
    if key.startswith("t"):
        code = column.words.index(key[1:]) if key[1:] in column.words else len(column.words)
        return np.equal(column.codes, code)
    try:
        return np.equal(column.numbers, float(key[1:]))
    except ValueError:
        return np.zeros(len(column.types), np.bool_)


def key_of(value: GroupValue) -> str:
    """A group's value as an address has it."""
    if value is None:
        return "-"
    return f"t{value}" if isinstance(value, str) else f"n{value!r}"


def shown_value(group: Group) -> object:
    """A group's value as its runs have it: true rather than 1, a time rather than milliseconds."""
    kind = ATTRIBUTE_TYPES[group.type - 1] if group.type else ""
    return typed(kind, group.value)


def typed(kind: str, value: GroupValue) -> object:
    """A number of a column as a value of this type."""
    if not isinstance(value, float):
        return value
    if kind == "bool":
        return bool(value)
    if kind == "datetime":
        return EPOCH + timedelta(milliseconds=value)
    return int(value) if kind == "int" and value.is_integer() else value


def value_of_key(key: str, column: Column) -> object:
    """The value that a key of an address stands for, as its runs have it."""
    if key.startswith("n"):
        places = np.flatnonzero(_is_in(column, key))
        kind = ATTRIBUTE_TYPES[int(column.types[places[0]]) - 1] if len(places) else ""
        try:
            return typed(kind, float(key[1:]))
        except ValueError:
            return None
    return key[1:] if key.startswith("t") else None
