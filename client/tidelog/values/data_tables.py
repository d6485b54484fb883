"""Tables that a job logs: rows and columns, of lists, dicts, or frames of pandas and polars.

A table travels as a file of JSON, column by column; the run's page shows it. Frames are recognised by what they can do,
without importing their libraries.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from tidelog.errors import InvalidValueError, UnsupportedTypeError
from tidelog.loaded import library_of
from tidelog.values.encoding import as_text_of, plain_value, shown

if TYPE_CHECKING:
    from tidelog.files.file import File

MEDIA_TYPE = "application/vnd.tidelog.table+json"
MOST_COLUMNS = 10_000
MOST_CELLS = 10_000_000
NON_FINITE = {math.inf: "Infinity", -math.inf: "-Infinity"}


class Table:
    """Rows and columns to be logged: `run["predictions"].append(tidelog.Table(rows, columns=["image", "class"]))`.

    `data` is a frame of pandas or polars, a dict of columns, a list of dicts, or a list of rows with the names of
    `columns`. A cell is a number, a bool, a text, a datetime or None; anything else is kept as its text. The index of a
    pandas frame becomes a column unless it only counts the rows.
    """

    __slots__ = ("columns", "names")

    def __init__(self, data: Any, columns: Iterable[str] | None = None) -> None:
        names, found = _columns_of(data, None if columns is None else [str(name) for name in columns])
        lengths = {len(column) for column in found}
        if len(lengths) > 1:
            raise InvalidValueError(f"the columns of a table are equally long; these have {sorted(lengths)} cells")
        if len(found) > MOST_COLUMNS or sum(map(len, found)) > MOST_CELLS:
            raise InvalidValueError(
                f"a table has at most {MOST_COLUMNS:,} columns and {MOST_CELLS:,} cells; log it as a file instead"
            )
        self.names: list[str] = names
        self.columns: list[list[Any]] = [[_cell(cell) for cell in column] for column in found]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.columns[0]) if self.columns else 0

    def __repr__(self) -> str:
        return f"<Table of {self.rows:,} rows and {len(self.columns):,} columns>"

    def encoded(self) -> bytes:
        """Return the JSON of the table; NaN and infinities are the texts NaN, Infinity and -Infinity there."""
        types = [_type_of(column) for column in self.columns]
        cells = [[_json_cell(cell) for cell in column] for column in self.columns]
        content = {"columns": self.names, "types": types, "data": cells}
        return json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")

    def as_file(self) -> File:
        """Return the table as the file that is logged."""
        from tidelog.files.file import File

        file = File.from_content(self.encoded(), name="table.json")
        file.media_type = MEDIA_TYPE
        return file

    @classmethod
    def load(cls, path: str) -> Table:
        """Read a table that was downloaded: `tidelog.Table.load(run["predictions"].download())`."""
        with open(path, "rb") as file:
            content = json.loads(file.read())
        columns = [
            [_read_cell(cell, kind) for cell in column]
            for column, kind in zip(content["data"], content["types"], strict=True)
        ]
        return cls(dict(enumerate(columns)), content["columns"])


def is_frame(value: object) -> bool:
    """Say whether a value is a frame of pandas or polars."""
    return type(value).__name__ == "DataFrame" and library_of(value) in ("pandas", "polars")


def _columns_of(data: Any, names: list[str] | None) -> tuple[list[str], list[Sequence[Any]]]:
    if is_frame(data):
        found_names, columns = _columns_of_frame(data)
    elif isinstance(data, Mapping):
        found_names, columns = [str(name) for name in data], [_listed(column) for column in data.values()]
    else:
        found_names, columns = _columns_of_rows(_listed(data), names)
    if names is not None and len(names) != len(columns):
        raise InvalidValueError(f"the table has {len(columns):,} columns, but {len(names):,} names are given for them")
    return names or found_names, columns


def _columns_of_frame(frame: Any) -> tuple[list[str], list[Sequence[Any]]]:
    if library_of(frame) == "polars":
        return list(frame.columns), [frame.to_series(place).to_list() for place in range(frame.width)]
    if type(frame.index).__name__ != "RangeIndex":
        frame = frame.reset_index()
    return [str(name) for name in frame.columns], [frame.iloc[:, place].tolist() for place in range(frame.shape[1])]


def _columns_of_rows(rows: Sequence[Any], names: list[str] | None) -> tuple[list[str], list[Sequence[Any]]]:
    if rows and all(isinstance(row, Mapping) for row in rows):
        keys = list(dict.fromkeys(key for row in rows for key in row))
        return [str(key) for key in keys], [[row.get(key) for row in rows] for key in keys]
    listed = [_listed(row) for row in rows]
    widths = {len(row) for row in listed}
    if len(widths) > 1:
        raise InvalidValueError(f"the rows of a table are equally long; these have {sorted(widths)} cells")
    width = widths.pop() if widths else len(names or ())
    return [str(place) for place in range(width)], [[row[place] for row in listed] for place in range(width)]


def _listed(values: Any) -> Sequence[Any]:
    tolist = getattr(values, "tolist", None)
    items = tolist() if callable(tolist) else values
    if isinstance(items, (str, bytes, Mapping)) or not isinstance(items, Iterable):
        raise UnsupportedTypeError(
            f"{shown(values)} cannot be the rows or a column of a table; a table is a frame, a dict of columns, a list "
            "of dicts or a list of rows"
        )
    return items if isinstance(items, (list, tuple)) else list(items)


def _cell(value: Any) -> Any:
    plain = plain_value(value)
    if plain is None or isinstance(plain, (str, bool, float)):
        return plain
    if isinstance(plain, int):
        return plain if -(2**63) <= plain < 2**63 else str(plain)
    if type(plain).__name__ in ("NaTType", "NAType"):
        return None
    return plain if isinstance(plain, date) else as_text_of(plain)


def _type_of(column: Sequence[Any]) -> str:
    """Return number, bool, datetime or text: what all cells are that are there."""
    cells = [cell for cell in column if cell is not None]
    for name, types in (("bool", bool), ("number", (int, float)), ("datetime", date)):
        if cells and all(isinstance(cell, types) and isinstance(cell, bool) == (name == "bool") for cell in cells):
            return name
    return "text"


def _json_cell(cell: Any) -> Any:
    if isinstance(cell, float) and not math.isfinite(cell):
        return NON_FINITE.get(cell, "NaN")
    return cell.isoformat() if isinstance(cell, date) else cell


def _read_cell(cell: Any, kind: str) -> Any:
    if kind == "number" and isinstance(cell, str):
        return float(cell)
    return datetime.fromisoformat(cell) if kind == "datetime" and cell is not None else cell
