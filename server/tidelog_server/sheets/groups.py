"""Groups: runs with equal values of one or more attributes, nested, and what the runs of each group amount to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidelog_server.query.syntax import Subject
from tidelog_server.sheets.column import Column, Positions
from tidelog_server.sheets.sheet import Sheet

MAX_LEVELS = 4
MAX_GROUPS = 1_000  # of one level; a table of more says nothing

GroupValue = float | str | None


@dataclass(frozen=True)
class Spread:
    """The numbers of a group's runs in one column: how many runs have one, and their mean, least and greatest."""

    count: int
    mean: float
    min: float
    max: float
    deviation: float | None  # of the sample; None for fewer than two


@dataclass(frozen=True)
class Group:
    """Runs that agree in `subject`, `value` being None where they have nothing there. `places` are theirs."""

    value: GroupValue
    type: int
    places: Positions
    spreads: tuple[Spread | None, ...]


def groups_of(
    sheet: Sheet, places: Positions, subject: Subject, aggregated: Sequence[Subject]
) -> tuple[list[Group], int]:
    """The groups that these runs make by one attribute, the greatest first, and how many are beyond `MAX_GROUPS`."""
    column = sheet.column(subject)
    keys = _keys(column, places)
    _, firsts, inverse, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    by_group = np.split(places[np.argsort(inverse, kind="stable")], np.cumsum(counts)[:-1])
    wanted = np.argsort(-counts, kind="stable")
    groups = []
    for number in wanted[:MAX_GROUPS]:
        members, first = by_group[number], places[firsts[number]]
        spreads = tuple(spread_of(sheet.column(one).numbers[members]) for one in aggregated)
        groups.append(Group(value_at(column, int(first)), int(column.types[first]), members, spreads))
    return groups, max(len(counts) - MAX_GROUPS, 0)


def spread_of(values: NDArray[np.float64]) -> Spread | None:
    """What numbers amount to, those that are missing (NaN) left out; None of no number."""
    present = values[~np.isnan(values)]
    if not len(present):
        return None
    deviation = float(present.std(ddof=1)) if len(present) > 1 else None
    return Spread(len(present), float(present.mean()), float(present.min()), float(present.max()), deviation)


def value_at(column: Column, place: int) -> GroupValue:
    """The number or the text of one run."""
    if column.has_number[place]:
        return float(column.numbers[place])
    code = int(column.codes[place])
    return column.words[code] if code >= 0 else None


def _keys(column: Column, places: Positions) -> NDArray[np.float64]:
    """One number for each value: of numbers themselves, of texts negative ones that no number equals."""
    numbers = column.numbers[places]
    distinct = np.unique(numbers[~np.isnan(numbers)])
    by_number = np.searchsorted(distinct, numbers).astype(np.float64)
    has_number = column.has_number[places]
    return np.where(has_number, by_number, -1.0 - (column.codes[places] + 1.0))
