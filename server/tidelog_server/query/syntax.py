"""The tree of a query, and how it is written.

    Words        resnet baseline                    every word occurs in name, label, id or tags
    Comparison   min(`metrics/loss`) <= 0.5
    Exists       exists(`params/lr`)
    Not And Or   NOT a = 1 AND (b = 2 OR c = 3)

Two trees are equal if they mean the same text; places in the text are not part of them, since the parser has already
checked everything that an error could point at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tidelog_server.query.value_types import ValueType

Function = Literal["last", "min", "max", "mean", "variance", "count"]
Operator = Literal["=", "!=", ">", ">=", "<", "<=", "CONTAINS", "NOT CONTAINS", "MATCHES", "NOT MATCHES"]
Literals = float | int | bool | str

FUNCTIONS: dict[str, Function] = {
    "last": "last",
    "min": "min",
    "max": "max",
    "mean": "mean",
    "average": "mean",
    "avg": "mean",
    "variance": "variance",
    "count": "count",
}


@dataclass(frozen=True)
class Attribute:
    """An attribute by its path; `type` where the query says one."""

    path: str
    type: ValueType | None = None

    def __str__(self) -> str:
        name = f"`{self.path.replace('`', '``')}`"
        return f"{name}:{self.type}" if self.type else name


@dataclass(frozen=True)
class Aggregate:
    """An aggregate of a float series."""

    function: Function
    attribute: Attribute

    def __str__(self) -> str:
        return f"{self.function}({self.attribute})"


Subject = Attribute | Aggregate


@dataclass(frozen=True)
class Comparison:
    """Compares what a run has with a value. False for a run that lacks it, whatever the operator."""

    subject: Subject
    operator: Operator
    value: Literals

    def __str__(self) -> str:
        return f"{self.subject} {self.operator} {_literal(self.value)}"


@dataclass(frozen=True)
class Exists:
    """Whether a run has the attribute."""

    attribute: Attribute

    def __str__(self) -> str:
        return f"exists({self.attribute})"


@dataclass(frozen=True)
class Words:
    """Every word occurs in the run's name, label, id or tags; capitals make no difference. No words: every run."""

    words: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(map(_literal, self.words))


@dataclass(frozen=True)
class Not:
    """The runs that `operand` leaves out."""

    operand: Query

    def __str__(self) -> str:
        return f"NOT {_grouped(self.operand)}"


@dataclass(frozen=True)
class And:
    """All operands hold."""

    operands: tuple[Query, ...]

    def __str__(self) -> str:
        return " AND ".join(map(_grouped, self.operands))


@dataclass(frozen=True)
class Or:
    """At least one operand holds."""

    operands: tuple[Query, ...]

    def __str__(self) -> str:
        return " OR ".join(map(_grouped, self.operands))


Query = Words | Comparison | Exists | Not | And | Or


def subject_attribute(subject: Subject) -> Attribute:
    """The attribute that a comparison, a column or a sort order is about."""
    return subject.attribute if isinstance(subject, Aggregate) else subject


def _grouped(query: Query) -> str:
    return f"({query})" if isinstance(query, And | Or) else str(query)


def _literal(value: Literals) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return repr(value)
