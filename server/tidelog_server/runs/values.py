"""Single values as the log changes them: what was assigned, and how sets of strings and of files grow and shrink."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tidelog_server.ingest.records import Assignment, FileSetChange, SetChange

NUMBERS = frozenset({"float", "int"})  # one type, as far as a change of type is concerned


@dataclass
class SetChanges:
    """Changes of a string set whose content before them is not known yet."""

    changes: list[SetChange] = field(default_factory=list)

    def applied_to(self, items: list[str]) -> list[str]:
        """The content after the changes, sorted."""
        content = set(items)
        for change in self.changes:
            if change.change == "+":
                content.update(change.items)
            elif change.change == "-":
                content.difference_update(change.items)
            else:
                content.clear()
        return sorted(content)


@dataclass
class FileSetChanges:
    """Changes of a file set, in order, each with the writer whose numbers its entries have."""

    changes: list[tuple[int, FileSetChange]] = field(default_factory=list)


@dataclass
class PathValues:
    """What one path was assigned since it was last deleted: type and value, more than one only where the type changed.

    The value is what a journal holds, or `SetChanges` or `FileSetChanges` to be applied to what is stored.
    """

    history: list[tuple[str, Any]] = field(default_factory=list)

    @property
    def type(self) -> str | None:
        """The type of the newest value."""
        return self.history[-1][0] if self.history else None

    def assign(self, assignment: Assignment) -> None:
        """Take an assigned value; one of the same type goes."""
        if self.type is not None and same_type(self.type, assignment.type):
            self.history.pop()
        self.history.append((assignment.type, assignment.value))

    def change_set(self, change: SetChange) -> None:
        """Take a change of a string set."""
        if self.type != "string_set":
            self.history.append(("string_set", SetChanges()))
        value = self.history[-1][1]
        if isinstance(value, SetChanges):
            value.changes.append(change)
        else:
            self.history[-1] = ("string_set", SetChanges([change]).applied_to(value))

    def change_file_set(self, writer_id: int, change: FileSetChange) -> None:
        """Take a change of a file set."""
        if self.type != "file_set":
            self.history.append(("file_set", FileSetChanges()))
        self.history[-1][1].changes.append((writer_id, change))


def same_type(one: str, other: str) -> bool:
    """Whether a value of one type may take the place of one of the other without a word."""
    return one == other or {one, other} <= NUMBERS
