"""Choosing the columns of the runs table, out of all attributes that the project's runs have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tidelog_server.pages.tree import in_reading_order
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

    @property
    def kind(self) -> str:
        """How its cells are set: `number` or `text`."""
        return "number" if self.type in NUMBERS else "text"


@dataclass(frozen=True)
class ColumnChoices:
    """The context of partials/column_choices.html: chosen columns in their order, then the others."""

    choices: tuple[ColumnChoice, ...]
    hidden: int
    find: str
    address: str

    @property
    def chosen(self) -> tuple[ColumnChoice, ...]:
        """The columns that are shown, in their order."""
        return tuple(choice for choice in self.choices if choice.is_chosen)


def choices_among(known: Sequence[Column], *, chosen: Sequence[str], find: str, address: str) -> ColumnChoices:
    """The columns to choose from that contain each word of `find`; a chosen one is always listed."""
    words = find.casefold().split()
    types = {column.path: column.type for column in known}
    others = sorted(
        (path for path in types if path not in ALWAYS_SHOWN and path not in chosen and _has(path, words)),
        key=in_reading_order,
    )
    listed = [*(ColumnChoice(path, types.get(path, ""), True) for path in chosen)]
    listed += [ColumnChoice(path, types[path], False) for path in others[:MAX_CHOICES]]
    return ColumnChoices(choices=tuple(listed), hidden=max(len(others) - MAX_CHOICES, 0), find=find, address=address)


def _has(path: str, words: Sequence[str]) -> bool:
    return all(word in path.casefold() for word in words)


def first_word(find: str) -> str:
    """The word that the database looks for; the others are looked for in what it finds."""
    return find.casefold().split()[0] if find.split() else ""
