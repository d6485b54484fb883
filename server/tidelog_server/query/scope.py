"""The scope of a query: what must be read from the database before its SQL can be written.

That is the numbers of the paths that it names, and for each regular expression the runs whose text it matches. So
conditions compare numbers that the planner knows, and a path that the project lacks costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from tidelog_server.clock import now_ms
from tidelog_server.query import syntax
from tidelog_server.query.patterns import SEARCHED_CHARACTERS, matcher
from tidelog_server.query.run_columns import column_of_run
from tidelog_server.query.syntax import Attribute, Comparison, subject_attribute
from tidelog_server.query.value_types import STORED, VIRTUAL
from tidelog_server.runs.paths import path_ids as find_path_ids
from tidelog_server.tables import attributes, runs

ROWS_AT_ONCE = 1_000
TAGS = "sys/tags"  # a query of plain words looks into them


@dataclass(frozen=True)
class Scope:
    """A project, the numbers of its paths, the moment of the query, and what runs each regular expression matches.

    `kind` is what is looked for; `trashed` whether that is looked for in the trash, and nowhere else.
    """

    project_id: int
    path_ids: Mapping[str, int]
    now_ms: int
    matches: Mapping[Comparison, list[int]] = field(default_factory=dict)
    kind: str = "run"
    trashed: bool = False

    def holds(self, run: sa.FromClause) -> tuple[sa.ColumnElement[bool], ...]:
        """Whether a row of `runs` belongs to the scope."""
        of_kind = (run.c.project_id == self.project_id, run.c.kind == self.kind)
        if self.trashed:
            return (*of_kind, run.c.trashed_ms.is_not(None), run.c.purge_ms.is_(None))
        return (*of_kind, run.c.trashed_ms.is_(None))


def scope_of(
    connection: sa.Connection,
    project_id: int,
    query: syntax.Query,
    *,
    more: Iterable[str] = (),
    moment_ms: int | None = None,
    kind: str = "run",
    trashed: bool = False,
) -> Scope:
    """Read what `query` needs, and the numbers of `more` paths. One statement, and one for each regular expression."""
    path_ids = find_path_ids(connection, project_id, {*map(_path_of, leaves(query)), TAGS, *more})
    moment_ms = now_ms() if moment_ms is None else moment_ms
    scope = Scope(project_id, path_ids, moment_ms, kind=kind, trashed=trashed)
    expressions = {leaf for leaf in leaves(query) if isinstance(leaf, Comparison) and leaf.operator.endswith("MATCHES")}
    matches = {expression: list(_matching_runs(connection, scope, expression)) for expression in expressions}
    return replace(scope, matches=matches)


def leaves(query: syntax.Query) -> Iterator[Comparison | syntax.Exists]:
    """The comparisons and existence tests in a tree."""
    if isinstance(query, Comparison | syntax.Exists):
        yield query
    elif isinstance(query, syntax.Not):
        yield from leaves(query.operand)
    elif isinstance(query, syntax.And | syntax.Or):
        for operand in query.operands:
            yield from leaves(operand)


def _path_of(leaf: Comparison | syntax.Exists) -> str:
    return subject_attribute(leaf.subject).path if isinstance(leaf, Comparison) else leaf.attribute.path


def _matching_runs(connection: sa.Connection, scope: Scope, expression: Comparison) -> Iterator[int]:
    assert isinstance(expression.subject, Attribute)
    texts = _texts(scope, expression.subject)
    if texts is None:
        return
    matches = matcher(str(expression.value))
    wanted = expression.operator == "MATCHES"
    rows = connection.execute(texts, execution_options={"yield_per": ROWS_AT_ONCE})
    for run_id, text in rows:
        if matches(text) == wanted:
            yield run_id


def _texts(scope: Scope, subject: Attribute) -> sa.Select[int, str] | None:
    path = subject.path
    if VIRTUAL.get(path) == "string":
        return sa.select(runs.c.id, column_of_run(path, runs, scope.now_ms)).where(
            runs.c.project_id == scope.project_id
        )
    if path not in scope.path_ids:
        return None
    text = sa.func.substr(attributes.c.text, 1, SEARCHED_CHARACTERS)
    return sa.select(attributes.c.run_id, text).where(
        attributes.c.project_id == scope.project_id,
        attributes.c.path_id == scope.path_ids[path],
        attributes.c.number.is_(None),
        attributes.c.text.is_not(None),
        attributes.c.type.in_(STORED[subject.type or "string"]),
    )
