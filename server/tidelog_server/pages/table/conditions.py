"""The conditions of a filter as rows of the query builder, where the filter is a plain list of them."""

from __future__ import annotations

from dataclasses import dataclass

from tidelog_server.errors import QueryError
from tidelog_server.query.parser import parse
from tidelog_server.query.syntax import And, Comparison, Exists, Or, Query, Words


@dataclass(frozen=True)
class Condition:
    """One condition, as the language writes its parts."""

    subject: str
    operator: str
    value: str


def conditions_in(query: str) -> tuple[Condition, ...] | None:
    """The conditions that are joined by AND; None where the filter says more than rows can show."""
    try:
        tree = parse(query)
    except QueryError:
        return None
    if tree == Words(()):
        return ()
    operands = tree.operands if isinstance(tree, And) else (tree,)
    if isinstance(tree, Or | Words):
        return None
    rows = [_condition(operand) for operand in operands]
    return tuple(row for row in rows if row is not None) if None not in rows else None


def _condition(query: Query) -> Condition | None:
    if isinstance(query, Comparison):
        value = str(query).removeprefix(f"{query.subject} {query.operator} ")
        return Condition(str(query.subject), query.operator, value)
    if isinstance(query, Exists):
        return Condition(str(query.attribute), "exists", "")
    return None
