"""Which runs something is to be done to: those named, or those of a project that a query matches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.errors import InvalidRequestError, RunNotFoundError
from tidelog_server.query.parser import parse
from tidelog_server.query.scope import scope_of
from tidelog_server.runs.projects import find_project
from tidelog_server.runs.runs import is_there
from tidelog_server.runs.table import ids_of
from tidelog_server.tables import runs

RUNS_LIMIT = 10_000  # in one request; a query that matches more is repeated until nothing is left
LABELS_PER_STATEMENT = 5_000


@dataclass(frozen=True)
class Selection:
    """Either `labels`, or `query` in `project` (all of it where the query is empty)."""

    labels: Sequence[str] | None = None
    project: str | None = None
    query: str | None = None
    kind: str = "run"


def selected(connection: sa.Connection, selection: Selection, *, trashed: bool) -> list[int]:
    """The ids of the runs that are meant: by query those in the trash or those outside of it, by label both.

    At most `RUNS_LIMIT` by query. Raises `RunNotFoundError` for the first label that no run has, `QueryError`, and
    `InvalidRequestError` where it is not said which runs are meant.
    """
    if (selection.labels is None) == (selection.query is None):
        raise InvalidRequestError("Say which runs are meant by exactly one of labels and query. Nothing was changed.")
    if selection.labels is not None:
        return _by_label(connection, selection.labels)
    if not selection.project:
        raise InvalidRequestError("A query needs the project that it is about. Nothing was changed.", field="project")
    project = find_project(connection, selection.project)
    tree = parse(selection.query or "")
    scope = scope_of(connection, project.id, tree, kind=selection.kind, trashed=trashed)
    return sorted(ids_of(connection, tree, scope, RUNS_LIMIT))


def _by_label(connection: sa.Connection, labels: Sequence[str]) -> list[int]:
    if len(labels) > RUNS_LIMIT:
        raise InvalidRequestError(f"At most {RUNS_LIMIT:,} labels at a time, not {len(labels):,}.", field="labels")
    wanted = list(dict.fromkeys(label for label in labels if "\x00" not in label))
    found: dict[str, int] = {}
    for start in range(0, len(wanted), LABELS_PER_STATEMENT):
        part = wanted[start : start + LABELS_PER_STATEMENT]
        query = sa.select(runs.c.label, runs.c.id).where(runs.c.label.in_(part), is_there())
        found.update((label, run_id) for label, run_id in connection.execute(query))
    for label in labels:
        if label not in found:
            raise RunNotFoundError(f"There is no run {label[:80]!r}. Nothing was changed.")
    return [found[label] for label in wanted]
