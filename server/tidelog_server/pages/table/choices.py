"""Choosing the columns of the runs table, out of all attributes that the project's runs have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tidelog_server.pages.tree import in_reading_order
from tidelog_server.query.globs import glob_matcher
from tidelog_server.runs.table import Column

MAX_CHOICES = 200  # listed at once; the find box leads to the others
NUMBERS = {"float", "int", "float_series"}
ALWAYS_SHOWN = {"sys/name", "sys/state", "sys/creation_time", "sys/tags", "sys/id"}


@dataclass(frozen=True)
class ColumnChoice:
    """One attribute that may be a column."""

    path: str
    type: str
    is_chosen: bool


@dataclass(frozen=True)
class ColumnChoices:
    """The context of partials/table/column_choices.html. `hidden` counts those that are not listed."""

    choices: tuple[ColumnChoice, ...]
    hidden: int
    find: str
    address: str

    @property
    def is_glob(self) -> bool:
        """Whether `find` is a pattern of whole paths, not words in them."""
        return _is_glob(self.find)


def choices_among(known: Sequence[Column], *, chosen: Sequence[str], find: str, address: str) -> ColumnChoices:
    """The columns to choose from: paths that fit the glob of `find`, or else contain each of its words."""
    types: dict[str, str] = {}
    for column in known:
        types.setdefault(column.path, column.type)
    fits = _test(find)
    found = sorted((path for path in types if path not in ALWAYS_SHOWN and fits(path)), key=in_reading_order)
    listed = tuple(ColumnChoice(path, types[path], path in chosen) for path in found[:MAX_CHOICES])
    return ColumnChoices(choices=listed, hidden=len(found) - len(listed), find=find, address=address)


def _test(find: str) -> Callable[[str], bool]:
    wanted = find.casefold().strip()
    if _is_glob(wanted):
        matches = glob_matcher([wanted])
        return lambda path: matches(path.casefold())
    words = wanted.split()
    return lambda path: all(word in path.casefold() for word in words)


def _is_glob(find: str) -> bool:
    return "*" in find or "?" in find
