"""The columns of the table: their heads, and what stands in their cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from markupsafe import Markup, escape

from tidelog_server.pages.filters import cut, exact, value_text
from tidelog_server.pages.table.choices import NUMBERS
from tidelog_server.pages.table.sparks import Spark, spark_markup
from tidelog_server.pages.table.view import View, sparkline_path, subject_of
from tidelog_server.query.syntax import Aggregate, subject_attribute
from tidelog_server.query.value_types import VIRTUAL
from tidelog_server.sheets.table import Selection

HEAT_LEVELS = 7
TITLE_CHARACTERS = 200
FIXED = {"sys/name": "Run", "sys/state": "State", "sys/creation_time": "Started"}
FUNCTIONS = ("last", "min", "max", "mean", "variance", "count")
SERIES_TYPES = ("float_series",)
EDITED = {"sys/description": "description", "sys/group_tags": "group_tags"}  # in their cells, as the API names them


@dataclass(frozen=True)
class Header:
    """The head of a column. Pressing it sorts by the column, pressing it again turns the order.

    `function` is the aggregate that is shown of a series, or `spark`; `position` is the place of the column among
    several keys of the order, from 1, and 0 where it is the only one.
    """

    column: str
    path: str
    title: str
    address: str
    kind: str  # "number", "text" or "spark": how its cells are set
    direction: str  # "ascending", "descending" or "none", as aria-sort has it
    position: int = 0
    function: str = ""
    is_series: bool = False
    is_pinned: bool = False
    is_scaled: bool = False
    width: int = 0  # in pixels; 0: as wide as its cells


@dataclass(frozen=True)
class Cell:
    """A value of a run, set as its column is. `heat` is its place on the column's colour scale, -1 for none."""

    value: object
    kind: str
    heat: int = -1
    spark: Spark | None = None
    is_pinned: bool = False
    edited: str = ""  # what is changed by editing the cell


def cell_markup(cell: Cell) -> Markup:
    """The table cell of a value; its title has what is not written out. By the thousand, so not by a template."""
    look = cell.kind
    if cell.is_pinned:
        look += " is-pinned"
    if cell.heat >= 0:
        look += f" heat-{cell.heat}"
    if cell.spark is not None:
        return Markup(f'<td class="{look}">{spark_markup(cell.spark)}</td>')
    edits = f' data-edits="{cell.edited}"' if cell.edited else ""
    text = value_text(cell.value)
    if cell.value is None:
        return Markup(f'<td class="{look}"{edits}>{text}</td>')
    whole = cut(exact(cell.value), TITLE_CHARACTERS)
    title = f' title="{escape(whole)}"' if whole != text else ""
    return Markup(f'<td class="{look}"{edits}{title}>{escape(text)}</td>')


@dataclass(frozen=True)
class Scale:
    """The range of a column's numbers, for colouring its cells."""

    low: float
    high: float

    def level(self, value: object) -> int:
        """The place of a value on the scale, -1 for what is no finite number."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
            return -1
        if self.high <= self.low:
            return 0
        share = (value - self.low) / (self.high - self.low)
        return int(min(max(share, 0.0) * HEAT_LEVELS, HEAT_LEVELS - 1))


def fixed_headers(view: View) -> tuple[Header, ...]:
    """The heads of the columns that every table has."""
    return tuple(_with_order(view, Header(path, path, title, "", "text", "none")) for path, title in FIXED.items())


def headers_of(view: View, columns: Sequence[str], types: Mapping[str, Sequence[str]]) -> tuple[Header, ...]:
    """The heads of these columns; `types` are those that the project has of each path."""
    return tuple(_header(view, column, types) for column in columns)


def _header(view: View, column: str, types: Mapping[str, Sequence[str]]) -> Header:
    subject = subject_of(column)
    path = subject_attribute(subject).path
    is_spark = sparkline_path(column) is not None
    here = types.get(path, ())
    is_series = any(kind in SERIES_TYPES for kind in here)
    function = subject.function if isinstance(subject, Aggregate) else ("last" if is_series else "")
    is_number = isinstance(subject, Aggregate) or (bool(here) and all(kind in NUMBERS for kind in here))
    header = Header(
        column=column,
        path=path,
        title=path,
        address="",
        kind="spark" if is_spark else "number" if is_number else "text",
        direction="none",
        function="spark" if is_spark else function,
        is_series=is_series,
        is_pinned=column in view.pinned,
        is_scaled=column in view.scaled,
        width=(view.widths or {}).get(column, 0),
    )
    return _with_order(view, header)


def _with_order(view: View, header: Header) -> Header:
    column = header.path if header.function == "spark" else header.column
    place = next((number for number, sort in enumerate(view.sorts, 1) if sort.column == column), 0)
    direction = "none"
    if place:
        direction = "descending" if view.sorts[place - 1].descending else "ascending"
    return replace(
        header,
        address=view.sorted_by(column).address,
        direction=direction,
        position=place if len(view.sorts) > 1 else 0,
    )


def cells_of(
    headers: Sequence[Header],
    values: Mapping[str, object],
    scales: Mapping[str, Scale],
    sparks: Mapping[str, Spark],
) -> tuple[Cell, ...]:
    """The cells of one run."""
    return tuple(
        Cell(
            value=values.get(header.column),
            kind=header.kind,
            heat=scales[header.column].level(values.get(header.column)) if header.column in scales else -1,
            spark=sparks.get(header.path) if header.kind == "spark" else None,
            is_pinned=header.is_pinned,
            edited=EDITED.get(header.column, ""),
        )
        for header in headers
    )


def scales_of(selection: Selection | None, headers: Sequence[Header]) -> dict[str, Scale]:
    """The scales of the columns that are coloured, over all runs that the query matches."""
    scales = {}
    for header in headers:
        if selection is None or not header.is_scaled or header.kind != "number" or header.path in VIRTUAL:
            continue
        numbers = selection.sheet.column(subject_of(header.column)).numbers[selection.places]
        finite = numbers[np.isfinite(numbers)]
        if len(finite):
            scales[header.column] = Scale(float(finite.min()), float(finite.max()))
    return scales
