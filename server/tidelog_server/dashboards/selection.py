"""What a dashboard is about just now: the runs that its selection finds, and the metrics that a widget names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from tidelog_server.dashboards.content import Selection
from tidelog_server.query.globs import glob_matcher
from tidelog_server.runs.runs import Run, as_run, select_runs
from tidelog_server.runs.table import TablePage, runs_table
from tidelog_server.tables import attributes, paths, runs


def selected_runs(connection: sa.Connection, project_id: int, selection: Selection) -> list[Run]:
    """The runs, in the selection's order; labels of runs that are gone are left out."""
    if selection.labels:
        return runs_with_labels(connection, project_id, selection.labels)
    return [row.run for row in selected_table(connection, project_id, selection).rows]


def runs_with_labels(connection: sa.Connection, project_id: int, labels: Sequence[str]) -> list[Run]:
    """Those of these runs that the project has, in the order of the labels."""
    rows = connection.execute(select_runs().where(runs.c.project_id == project_id, runs.c.label.in_(labels)))
    found = {run.label: run for run in map(as_run, rows)}
    return [found[label] for label in dict.fromkeys(labels) if label in found]


def selected_table(
    connection: sa.Connection,
    project_id: int,
    selection: Selection,
    columns: Sequence[str] = (),
    rows: int | None = None,
) -> TablePage:
    """The runs of the selection, with columns. Runs that are named by label come in an order of the table's."""
    named = " OR ".join(f"`sys/id`:string = {_quoted(label)}" for label in selection.labels)
    return runs_table(
        connection,
        project_id,
        query=named or selection.query,
        columns=columns,
        sort=selection.sort,
        descending=selection.descending,
        limit=min(rows or selection.limit, selection.limit),
    )


def metrics_of(connection: sa.Connection, run_ids: Iterable[int], globs: Iterable[str]) -> list[str]:
    """The paths of float series that any of these runs has and that match the patterns, sorted."""
    query = (
        sa.select(paths.c.path)
        .join(attributes, attributes.c.path_id == paths.c.id)
        .where(attributes.c.run_id.in_(list(run_ids)), attributes.c.type == "float_series")
        .distinct()
    )
    matches = glob_matcher(globs)
    return sorted(path for path in connection.scalars(query) if matches(path))


def as_selection_of(runs_chosen: Sequence[Run]) -> Selection:
    """A selection of exactly these runs."""
    return Selection(labels=tuple(run.label for run in runs_chosen), limit=max(len(runs_chosen), 1))


def _quoted(text: str) -> str:
    """The text as the query language writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
