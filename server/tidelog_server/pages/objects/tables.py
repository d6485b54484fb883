"""Tables that a job logged: read from the file that holds one, sorted, a page of rows at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tidelog_server.errors import InvalidRequestError
from tidelog_server.pages.filters import cut, number

MEDIA_TYPE = "application/vnd.tidelog.table+json"
SHOWN_BYTES = 16 * 1024 * 1024  # of a table's file; a longer one is downloaded
ROWS = 100
COLUMNS = 100
CELL_CHARACTERS = 300
NUMBERS = frozenset({"number", "bool"})


@dataclass(frozen=True)
class Column:
    """The head of a column."""

    place: int
    name: str
    is_number: bool


@dataclass(frozen=True)
class TablePart:
    """Some rows of a table, as texts, and how much there is of it."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    rows_in_all: int
    columns_in_all: int
    first: int


def part_of(
    content: bytes, *, sort: int | None = None, descending: bool = False, first: int = 0, rows: int = ROWS
) -> TablePart:
    """Some rows from `first` on of the table in this file, sorted by the column at place `sort`.

    Raises `InvalidRequestError` for a file that holds no table.
    """
    names, types, columns = _read(content)
    length = len(columns[0]) if columns else 0
    order: Sequence[int] = range(length)
    if sort is not None and sort < len(columns):
        order = _sorted_places(columns[sort], types[sort] in NUMBERS, descending)
    shown = order[first : first + rows]
    heads = tuple(Column(place, cut(name, 100), types[place] in NUMBERS) for place, name in enumerate(names[:COLUMNS]))
    texts = tuple(tuple(_text(column[place]) for column in columns[:COLUMNS]) for place in shown)
    return TablePart(heads, texts, length, len(columns), first)


def _read(content: bytes) -> tuple[list[str], list[str], list[list[Any]]]:
    try:
        table = json.loads(content)
        names, types, columns = table["columns"], table["types"], table["data"]
        is_table = (
            all(isinstance(part, list) for part in (names, types, columns))
            and len(names) == len(types) == len(columns)
            and all(isinstance(text, str) for text in (*names, *types))
            and all(isinstance(column, list) and len(column) == len(columns[0]) for column in columns)
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _no_table() from error
    if not is_table:
        raise _no_table()
    return names, types, columns


def _no_table() -> InvalidRequestError:
    return InvalidRequestError("The file says that it is a table, but holds none. It can be downloaded as it is.")


def _sorted_places(column: Sequence[Any], as_numbers: bool, descending: bool) -> list[int]:
    """The rows in the order of this column's cells; what is no number, or nothing, comes last either way."""

    def as_key(cell: Any) -> float | str | None:
        if cell is None or not as_numbers:
            return None if cell is None else str(cell)
        try:
            value = float(cell)
        except (TypeError, ValueError, OverflowError):
            return None
        return None if value != value else value  # NaN

    keys = [as_key(cell) for cell in column]
    there = sorted((place for place, key in enumerate(keys) if key is not None), key=lambda place: keys[place])  # type: ignore[arg-type,return-value]
    rest = [place for place, key in enumerate(keys) if key is None]
    return [*(reversed(there) if descending else there), *rest]


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return number(cell) if isinstance(cell, (int, float)) else cut(str(cell), CELL_CHARACTERS)
