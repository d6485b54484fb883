"""Conditions: a tree of the query language as an SQL expression on `runs`.

Every value is a bound parameter. There is no NULL in the logic: a comparison asks whether a row *exists*, so it is
false for a run that lacks the attribute, and NOT of it is true.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import sqlalchemy as sa

from tidelog_server.query import stored_values, syntax
from tidelog_server.query.expressions import Condition, in_ids
from tidelog_server.query.moments import parse_moment
from tidelog_server.query.run_columns import column_of_run
from tidelog_server.query.scope import TAGS, Scope
from tidelog_server.query.stored_values import Alternative, compare, compare_text, contains_word
from tidelog_server.query.syntax import Aggregate, Attribute, Comparison, Function
from tidelog_server.query.value_types import STATES, VIRTUAL
from tidelog_server.tables import attributes, runs, series

SEPARATOR = "\x1f"
NESTING_OF_SQL = 8  # SQLite's parser has a stack of 100 places, of which a level of parentheses takes about three

# `probe` looks into one run after the other, for walking along a sort order until a page is full. `collect` finds the
# runs with a value in the index on values, for finding all runs that a query matches.
Access = Literal["probe", "collect"]


def condition(query: syntax.Query, scope: Scope, access: Access) -> Condition:
    """The runs that a query matches, as a condition on `runs` that is true or false, never NULL."""
    return _Conditions(scope, access).of(query)


def aggregate_value(table: sa.FromClause, function: Function) -> sa.ColumnElement[float]:
    """An aggregate as an expression on `series`; NULL without a finite value. The last value is in `attributes`."""
    if function == "variance":
        return sa.case((table.c.finite > 0, table.c.m2 / table.c.finite), else_=None)
    if function == "count":
        return sa.cast(table.c.points, sa.Double)
    column: sa.ColumnElement[float] = table.c[function]
    return column


class _Conditions:
    """Conditions within one scope."""

    def __init__(self, scope: Scope, access: Access) -> None:
        self._scope = scope
        self._access = access

    def of(self, query: syntax.Query) -> Condition:
        """The condition of a whole query."""
        return self._tree(query, negated=False)[0]

    def _tree(self, query: syntax.Query, *, negated: bool) -> tuple[Condition, int]:
        """A condition and how deep it nests. NOT is moved down, so that only AND and OR in turn make it deeper."""
        if isinstance(query, syntax.Not):
            return self._tree(query.operand, negated=not negated)
        if not isinstance(query, syntax.And | syntax.Or):
            single = self._single(query)
            return (sa.not_(single) if negated else single), 0
        parts = [self._tree(operand, negated=negated) for operand in query.operands]
        operands, depth = [part for part, _ in parts], 1 + max(depth for _, depth in parts)
        joined = sa.and_(*operands) if isinstance(query, syntax.And) != negated else sa.or_(*operands)
        return (self._apart(joined), 0) if depth == NESTING_OF_SQL else (joined, depth)

    def _apart(self, part: Condition) -> Condition:
        """The same condition, written in front of the statement instead of within it."""
        found = sa.select(runs.c.id).where(runs.c.project_id == self._scope.project_id, part).cte()
        return runs.c.id.in_(sa.select(found.c.id))

    def _single(self, query: Comparison | syntax.Exists | syntax.Words) -> Condition:
        if isinstance(query, syntax.Words):
            return sa.and_(sa.true(), *(self._word(word) for word in query.words))
        if isinstance(query, syntax.Exists):
            return self._exists(query.attribute)
        if query.operator.endswith("MATCHES"):
            return in_ids(runs.c.id, self._scope.matches[query])
        if isinstance(query.subject, Aggregate):
            return self._aggregate(query.subject, query)
        if query.subject.path in VIRTUAL:
            return self._column_of_run(query.subject.path, query)
        return self._has(query.subject.path, self._alternatives(query.subject, query))

    def _alternatives(self, attribute: Attribute, query: Comparison) -> list[Alternative]:
        return stored_values.comparison(attribute.type, query.operator, query.value, self._scope.now_ms)

    def _word(self, word: str) -> Condition:
        columns = (runs.c.name, runs.c.key, runs.c.label)
        # Searched as one, in a third of the time, unless the word itself could reach from one into the next.
        together = (columns[0] + SEPARATOR + columns[1] + SEPARATOR + columns[2],)
        searched = columns if SEPARATOR in word else together
        tagged = self._has(TAGS, stored_values.tag_with(word))
        return sa.or_(*(contains_word(text, word) for text in searched), tagged)

    def _exists(self, attribute: Attribute) -> Condition:
        if attribute.path == "sys/ended_time":
            return runs.c.ended_ms.is_not(None)
        if attribute.path in VIRTUAL:
            return sa.true()
        return self._has(attribute.path, stored_values.presence(attribute.type))

    def _aggregate(self, subject: Aggregate, query: Comparison) -> Condition:
        if subject.function == "last":
            return self._has(subject.attribute.path, self._alternatives(Attribute("", "floatSeries"), query))
        path_id = self._scope.path_ids.get(subject.attribute.path)
        if path_id is None:
            return sa.false()
        table = series.alias()
        holds = compare(aggregate_value(table, subject.function), query.operator, float(query.value))
        curve = table.c.abandoned_by == 0
        return _exists_row(table, table.c.run_id == runs.c.id, table.c.path_id == path_id, curve, holds)

    def _column_of_run(self, path: str, query: Comparison) -> Condition:
        column, kind = column_of_run(path, runs, self._scope.now_ms), VIRTUAL[path]
        if kind == "runState":
            among = column.in_(STATES[str(query.value).lower()])
            return sa.not_(among) if query.operator == "!=" else among
        if kind == "datetime":
            moment_ms = parse_moment(str(query.value), self._scope.now_ms)
            return sa.and_(column.is_not(None), compare(column, query.operator, moment_ms))
        if kind == "string":
            return compare_text(column, query.operator, str(query.value))
        if isinstance(query.value, str):  # "NaN" and the infinities, which none of these ever is
            return sa.literal(query.operator == "!=") == sa.true()
        return compare(column, query.operator, float(query.value))

    def _has(self, path: str, alternatives: Iterable[Alternative]) -> Condition:
        path_id = self._scope.path_ids.get(path)
        if path_id is None:
            return sa.false()
        find = self._collect if self._access == "collect" else self._probe
        return sa.or_(*(find(path_id, alternative) for alternative in alternatives))

    def _collect(self, path_id: int, alternative: Alternative) -> Condition:
        table = attributes.alias()
        of_path = (table.c.project_id == self._scope.project_id, table.c.path_id == path_id)
        return runs.c.id.in_(sa.select(table.c.run_id).where(*of_path, alternative.condition(table)))

    def _probe(self, path_id: int, alternative: Alternative) -> Condition:
        table = attributes.alias()
        return _exists_row(table, table.c.run_id == runs.c.id, table.c.path_id == path_id, alternative.condition(table))


def _exists_row(table: sa.FromClause, *conditions: Condition) -> Condition:
    return sa.exists(sa.select(sa.literal(1)).select_from(table).where(*conditions).correlate(runs))
