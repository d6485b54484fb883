"""Stored values: how a comparison looks on the columns `type`, `number` and `text` of an attribute.

A value is in `number` or in `text`, and each of the two has its own index. So a comparison becomes one or more
alternatives, each of which one index can answer.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from tidelog_server.query.expressions import (
    INDEXED_CHARACTERS,
    Condition,
    ascii_lower,
    binary_text,
    indexed_part,
    items,
    text_contains,
)
from tidelog_server.query.moments import parse_moment
from tidelog_server.query.syntax import Literals, Operator
from tidelog_server.query.value_types import EQUALITY, NON_FINITE, NUMBERS, STORED, ValueType

Test = Callable[[sa.FromClause], Condition]

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
FLOATS = ("float", "float_series")


@dataclass(frozen=True)
class Alternative:
    """A test of attributes of these types (of any, if None), whose value is in this column."""

    types: tuple[str, ...] | None
    column: Literal["number", "text"]
    test: Test | None = None

    def condition(self, table: sa.FromClause) -> Condition:
        """The test on a row of `attributes`, in words that the partial indexes of the table are recognised by."""
        number = table.c.number
        conditions: list[Condition] = (
            [number.is_not(None)] if self.column == "number" else [number.is_(None), table.c.text.is_not(None)]
        )
        if self.types is not None:
            conditions.append(table.c.type.in_(self.types))
        if self.test is not None:
            conditions.append(self.test(table))
        return sa.and_(*conditions)


def compare(column: sa.ColumnElement[Any], operation: str, value: Any) -> Condition:
    """`column operation value`, for the six operators of order."""
    condition: Condition = _COMPARE[operation](column, value)
    return condition


def compare_text(text: sa.ColumnElement[str], operation: str, value: str) -> Condition:
    """A text compared by its bytes, or searched for a part of it."""
    if operation.endswith("CONTAINS"):
        found = text_contains(text, value)
        return sa.not_(found) if operation.startswith("NOT") else found
    return compare(binary_text(text), operation, value)


def presence(value_type: ValueType | None) -> list[Alternative]:
    """Whether there is any value of a type."""
    types = None if value_type is None else STORED[value_type]
    return [Alternative(types, "number"), Alternative(types, "text")]


def comparison(value_type: ValueType | None, operation: Operator, value: Literals, now_ms: int) -> list[Alternative]:
    """What a comparison asks of an attribute; without a type, of all types that the value can be compared with."""
    if isinstance(value, bool):
        return [Alternative(("bool",), "number", lambda row: compare(row.c.number, operation, float(value)))]
    if isinstance(value, int | float):
        return _number(value_type or "float", operation, value)
    if value_type is not None:
        return _text_of_type(value_type, operation, value, now_ms)
    candidates: list[ValueType] = ["string", "stringSet"] if operation.endswith("CONTAINS") else ["string"]
    if operation in EQUALITY and value in NON_FINITE:
        candidates.append("float")
    if not operation.endswith("CONTAINS") and parse_moment(value, now_ms) is not None:
        candidates.append("datetime")
    return [alternative for each in candidates for alternative in _text_of_type(each, operation, value, now_ms)]


def tag_with(word: str) -> list[Alternative]:
    """Whether a string set has an item that contains the word, in any capitals."""
    return [Alternative(("string_set",), "text", lambda row: _tag_test(row, word))]


def contains_word(text: sa.ColumnElement[str], word: str) -> Condition:
    """Whether the word occurs in the text. A-Z equal a-z; of other letters, the word's usual spellings are tried."""
    return sa.or_(*(text_contains(ascii_lower(text), spelling) for spelling in spellings(word)))


def to_ascii_lower(text: str) -> str:
    """What `ascii_lower` makes of a text."""
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")  # of bytes: A to Z only


def spellings(word: str) -> list[str]:
    """What to look for in a text of which A-Z are made small."""
    usual = (word, word.lower(), word.upper(), word.capitalize())
    return sorted({to_ascii_lower(spelling) for spelling in usual})


def _number(value_type: ValueType, operation: Operator, value: float) -> list[Alternative]:
    types = STORED[value_type]
    found = [Alternative(types, "number", lambda row: compare(row.c.number, operation, float(value)))]
    if operation == "!=" and value_type != "int":  # NaN and the infinities differ from every number
        found.append(Alternative(_floats(types), "text"))
    return found


def _text_of_type(value_type: ValueType, operation: Operator, value: str, now_ms: int) -> list[Alternative]:
    types = STORED[value_type]
    if value_type in NUMBERS:
        other = Alternative(types, "number")  # a finite number differs from "NaN"
        same = Alternative(_floats(types), "text", lambda row: compare(row.c.text, operation, value))
        return [same] if operation == "=" else [same, other]
    if value_type == "datetime":
        moment = parse_moment(value, now_ms)
        return [Alternative(types, "number", lambda row: compare(row.c.number, operation, float(moment or 0)))]
    if value_type == "stringSet":
        return [Alternative(types, "text", lambda row: _set_test(row, operation, value))]
    return [Alternative(types, "text", lambda row: _indexed_text(row.c.text, operation, value))]


def _floats(types: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in types if name in FLOATS)


def _set_test(row: sa.FromClause, operation: Operator, value: str) -> Condition:
    likely = text_contains(row.c.text, _in_json(value))
    found = sa.and_(likely, _has_item(row, lambda item: item == value))
    return sa.not_(found) if operation.startswith("NOT") else found


def _tag_test(row: sa.FromClause, word: str) -> Condition:
    likely = sa.or_(*(text_contains(ascii_lower(row.c.text), _in_json(part)) for part in spellings(word)))
    return sa.and_(likely, _has_item(row, lambda item: contains_word(item, word)))


def _in_json(text: str) -> str:
    """How a text looks in the JSON of a string set. To look for this first spares most rows the JSON parser."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _has_item(row: sa.FromClause, test: Callable[[sa.ColumnElement[str]], Condition]) -> Condition:
    # The case keeps other texts away from the JSON parser: a database may test conditions in any order.
    item = items(sa.case((row.c.type == "string_set", row.c.text), else_="[]"))
    return sa.exists(sa.select(sa.literal(1)).select_from(item).where(test(item.c.value)))


def _indexed_text(text: sa.ColumnElement[str], operation: Operator, value: str) -> Condition:
    """A comparison of what the index holds, and of the whole text where that does not decide."""
    if operation.endswith("CONTAINS"):
        return compare_text(text, operation, value)
    if len(value) < INDEXED_CHARACTERS:  # then the first 200 characters are to it as the whole text is
        return compare(indexed_part(text), operation, value)
    # coalesce() hides the column from SQLite, which would put the value into the other condition and lose the index
    whole = compare_text(sa.func.coalesce(text, ""), operation, value)
    if operation == "!=":
        return whole
    first = {"<": "<=", ">": ">="}.get(operation, operation)
    return sa.and_(compare(indexed_part(text), first, value[:INDEXED_CHARACTERS]), whole)
