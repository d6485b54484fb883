"""Order: the runs of a sheet by several keys, a page at a time.

For each key numbers come first, then texts, then runs with nothing, in both directions, as in `query/order.py`; runs
that are equal in every key follow one another by run, in the direction of the last key. A cursor holds the values of
the run that a page ended with: the next page begins behind them, whatever was logged or deleted in between.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidelog_server.query import cursors
from tidelog_server.query.order import NOTHING, NUMBERS, TEXTS
from tidelog_server.query.syntax import Subject
from tidelog_server.sheets.column import Column, Mask, Positions
from tidelog_server.sheets.sheet import Sheet

MAX_KEYS = 5


@dataclass(frozen=True)
class SortKey:
    """One key of an order."""

    subject: Subject
    descending: bool = True


def ordered(sheet: Sheet, keys: Sequence[SortKey]) -> Positions:
    """All runs of the sheet in this order."""
    wanted = ("order", *keys)
    found: Positions | None = sheet.remembered.get(wanted)
    if found is None:
        ranks = [rank for key in keys for rank in _ranks(sheet.column(key.subject), key.descending)]
        last = -sheet.ids if keys and keys[-1].descending else sheet.ids
        found = sheet.remembered[wanted] = np.lexsort((last, *reversed(ranks)))
    return found


def cursor_at(sheet: Sheet, keys: Sequence[SortKey], place: int) -> str:
    """The cursor of a page that ends with the run at this position."""
    values = [_value_at(sheet.column(key.subject), place) for key in keys]
    return cursors.pack([_mark(keys), values, int(sheet.ids[place])])


def behind(sheet: Sheet, keys: Sequence[SortKey], cursor: str) -> Mask:
    """The runs that come after the place of a cursor. Raises `InvalidRequestError` for one that is none."""
    mark, values, run_id = _content(cursor, len(keys))
    if mark != _mark(keys):
        raise cursors.other_order()
    last_descends = bool(keys) and keys[-1].descending
    after: Mask = sheet.ids < run_id if last_descends else sheet.ids > run_id
    for key, (segment, value) in reversed(list(zip(keys, values, strict=True))):
        column = sheet.column(key.subject)
        segments, numbers = _ranks(column, key.descending)
        rank = _rank_of(column, segment, value)
        rank = -rank if key.descending else rank
        after = (
            (segments > segment)
            | ((segments == segment) & (numbers > rank))
            | ((segments == segment) & (numbers == rank) & after)
        )
    return after


def _ranks(column: Column, descending: bool) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """What to sort by: the segment, then the number or the place among the words."""
    segments = np.full(len(column.types), NOTHING, np.int8)
    segments[column.has_word] = TEXTS
    segments[column.has_number] = NUMBERS
    ranks = np.where(column.has_number, column.numbers, column.codes.astype(np.float64))
    ranks[segments == NOTHING] = 0.0
    return segments, -ranks if descending else ranks


def _rank_of(column: Column, segment: int, value: float | str) -> float:
    if segment == TEXTS:
        place = bisect_left(column.words, str(value))
        is_word = place < len(column.words) and column.words[place] == value
        return float(place) if is_word else place - 0.5
    return float(value) if segment == NUMBERS else 0.0


def _value_at(column: Column, place: int) -> tuple[int, float | str]:
    if column.has_number[place]:
        return NUMBERS, float(column.numbers[place])
    code = int(column.codes[place])
    return (TEXTS, column.words[code]) if code >= 0 else (NOTHING, 0)


def _mark(keys: Sequence[SortKey]) -> str:
    return cursors.mark_of(" ".join(f"{key.subject} {key.descending}" for key in keys))


def _content(cursor: str, keys: int) -> tuple[str, list[tuple[int, float | str]], int]:
    try:
        mark, values, run_id = cursors.unpack(cursor)
        pairs = [(segment, value) for segment, value in values]
    except (ValueError, TypeError, RecursionError) as error:
        raise cursors.no_cursor(cursor) from error
    is_right = type(run_id) is int and 0 <= run_id <= cursors.LARGEST_ID and all(map(_is_pair, pairs))
    if not is_right or (len(pairs) != keys and mark == ""):
        raise cursors.no_cursor(cursor)
    if len(pairs) != keys:
        raise cursors.other_order()
    return str(mark), pairs, run_id


def _is_pair(pair: tuple[Any, Any]) -> bool:
    segment, value = pair
    if segment == TEXTS:
        return isinstance(value, str)
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return segment in (NUMBERS, NOTHING) and is_number
