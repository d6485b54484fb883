"""What an address of the runs table asks for. Whatever one does to the table is another address."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from starlette.datastructures import QueryParams

from tidelog_server.errors import InvalidRequestError
from tidelog_server.pages.addresses import project_address
from tidelog_server.query.parser import parse_subject
from tidelog_server.query.syntax import Attribute, Subject
from tidelog_server.sheets.groups import MAX_LEVELS
from tidelog_server.sheets.order import MAX_KEYS, SortKey

MAX_COLUMNS = 60
MAX_OPEN_GROUPS = 20
MAX_CHOSEN = 200
FIRST_RUNS = 10  # whose charts are shown where the address names no runs
NEWEST_FIRST = "sys/creation_time"
WIDTHS_PX = (60, 800)

Layout = Literal["table", "split"]
# One value for each level of groups: n and a number, t and a text, or - for runs that have nothing there.
Within = tuple[str, ...]

_SPARK = re.compile(r"\s*spark\s*\((.*)\)\s*", re.DOTALL)
_WIDTH = re.compile(r"([0-9]{2,4}):(.+)", re.DOTALL)


@dataclass(frozen=True)
class Sort:
    """One key of the order, as it is written in the address."""

    column: str
    descending: bool = True


@dataclass(frozen=True)
class View:
    """What an address of the table asks for."""

    project: str
    query: str = ""
    columns: tuple[str, ...] | None = None  # None: the page chooses
    sorts: tuple[Sort, ...] = (Sort(NEWEST_FIRST),)
    groups: tuple[str, ...] = ()
    opened: tuple[Within, ...] = ()
    within: Within = ()
    pinned: tuple[str, ...] = ()
    scaled: tuple[str, ...] = ()
    widths: Mapping[str, int] | None = None
    after: str = ""
    chosen: tuple[str, ...] | None = None  # None: the first ones of the table
    first: int = FIRST_RUNS
    layout: Layout = "table"
    trash: bool = False
    others: tuple[tuple[str, str], ...] = ()  # what the charts beside the table keep in the address

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The parts of an address that shows this; defaults are not mentioned."""
        is_default = self.sorts == (Sort(NEWEST_FIRST),)
        columns = [("column", column) for column in self.columns or ()]
        last_ascending = max((number for number, sort in enumerate(self.sorts, 1) if not sort.descending), default=0)
        return [
            ("view", "" if self.layout == "table" else self.layout),
            ("q", self.query),
            *(columns or ([("columns", "none")] if self.columns == () else [])),
            *(("sort", "" if is_default else sort.column) for sort in self.sorts),
            *(("order", "descending" if sort.descending else "ascending") for sort in self.sorts[:last_ascending]),
            *(("rows", group) for group in self.groups),
            *(("unfold", json.dumps(values, ensure_ascii=False)) for values in self.opened),
            *(("within", value) for value in self.within),
            *(("pin", column) for column in self.pinned),
            *(("scale", column) for column in self.scaled),
            *(("width", f"{width}:{column}") for column, width in (self.widths or {}).items()),
            ("trash", "1" if self.trash else ""),
            ("after", self.after),
            ("first", "" if self.first == FIRST_RUNS else str(self.first)),
            *(("run", label) for label in self.chosen or ()),
            *([("run", "none")] if self.chosen == () else []),
            *self.others,
        ]

    @property
    def address(self) -> str:
        """The address that shows this."""
        return project_address(self.project, self.pairs)

    @property
    def keys(self) -> tuple[SortKey, ...]:
        """The keys of the order."""
        return tuple(SortKey(parse_subject(sort.column), sort.descending) for sort in self.sorts)

    @property
    def is_plain(self) -> bool:
        """Whether the database alone answers soonest: all runs, by one key that it has an index for."""
        is_indexed = len(self.sorts) == 1 and isinstance(self.keys[0].subject, Attribute)
        return not self.query and is_indexed and not self.groups and not self.within and not self.trash

    def sorted_by(self, column: str) -> View:
        """The view that pressing the head of a column leads to: sorted by it, or turned round."""
        is_sorted = len(self.sorts) == 1 and self.sorts[0].column == column
        descending = not self.sorts[0].descending if is_sorted else True
        return replace(self, sorts=(Sort(column, descending),), after="")


def view_of(project: str, query: QueryParams) -> View:
    """The view that the query of an address describes. Raises `QueryError` for a column that cannot be one."""
    named = _listed(query, "column")[:MAX_COLUMNS]
    sorts = tuple(
        Sort(column, order != "ascending")
        for column, order in zip(_listed(query, "sort"), _orders(query), strict=False)
    )
    view = View(
        project=project,
        query=query.get("q", ""),
        columns=named or (() if query.get("columns") == "none" else None),
        sorts=sorts[:MAX_KEYS] or (Sort(NEWEST_FIRST, query.get("order") != "ascending"),),
        groups=_listed(query, "rows")[:MAX_LEVELS],
        opened=tuple(_within(text) for text in query.getlist("unfold")[:MAX_OPEN_GROUPS]),
        within=tuple(query.getlist("within")[:MAX_LEVELS]),
        pinned=_listed(query, "pin"),
        scaled=_listed(query, "scale"),
        widths=dict(filter(None, map(_width, query.getlist("width")[:MAX_COLUMNS]))),
        after=query.get("after", ""),
        chosen=_chosen(query),
        first=_number(query.get("first", ""), FIRST_RUNS, MAX_CHOSEN),
        layout="split" if query.get("view") == "split" else "table",
        trash=query.get("trash") == "1",
        others=tuple((name, value) for name, value in query.multi_items() if name in CHART_PARTS and value),
    )
    for subject in (*named, *(sort.column for sort in view.sorts), *view.groups):
        subject_of(subject)  # a wrong one is a wrong address, not a mistake in the filter
    return view


# What the charts and the comparison beside the table keep in the address.
CHART_PARTS = frozenset(
    (
        *("tab", "find", "show", "target", "across", "up", "by", "a", "b", "step"),
        *(
            "x",
            "y",
            "metric",
            "from",
            "to",
            "smooth",
            "amount",
            "outliers",
            "marks",
            "tails",
            "band",
            "expression",
            "group",
        ),
        *("hide", "only", "open", "fold", "page", "full"),
    )
)


def subject_of(column: str) -> Subject:
    """What a column is about; of a column of sparklines, the series."""
    return parse_subject(sparkline_path(column) or column)


def sparkline_path(column: str) -> str | None:
    """The path of `spark(path)`; None of any other column."""
    found = _SPARK.fullmatch(column)
    return found[1].strip().strip("`") if found else None


def _listed(query: QueryParams, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in query.getlist(name) if value))


def _orders(query: QueryParams) -> list[str]:
    return [*query.getlist("order"), *(["descending"] * MAX_KEYS)]


def _chosen(query: QueryParams) -> tuple[str, ...] | None:
    labels = _listed(query, "run")
    if not labels:
        return None
    return tuple(label for label in labels if label != "none")[:MAX_CHOSEN]


def _within(text: str) -> Within:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _no_group(text) from error
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise _no_group(text)
    return tuple(values[:MAX_LEVELS])


def _no_group(text: str) -> InvalidRequestError:
    return InvalidRequestError(f"{text[:40]!r} names no group. Open the groups of the table by their arrows.")


def _width(text: str) -> tuple[str, int] | None:
    found = _WIDTH.fullmatch(text)
    if not found:
        return None
    least, most = WIDTHS_PX
    return found[2], min(max(int(found[1]), least), most)


def _number(text: str, default: int, most: int) -> int:
    return min(int(text), most) if text.isascii() and text.isdigit() and len(text) < 6 else default


def pinned_first(columns: Sequence[str], pinned: Sequence[str]) -> tuple[str, ...]:
    """The columns as they stand: those that are pinned before the others."""
    held = [column for column in columns if column in pinned]
    return (*held, *(column for column in columns if column not in pinned))
