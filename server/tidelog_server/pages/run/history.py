"""The tab of where a run comes from and what came of it: its attempts, what it was forked from, its forks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tidelog_server.pages.run.tab import Shown, Tab
from tidelog_server.runs.attempts import FORKS, Attempt, attempts_of, forks_of, has_forks
from tidelog_server.series.lineage import lineages
from tidelog_server.tables import runs


@dataclass(frozen=True)
class Relative:
    """A run that this one inherits from, up to `step`, or that was forked from this one there; steps in millionths."""

    label: str
    name: str
    number: int
    step: int


@dataclass(frozen=True)
class HistoryView:
    """The attempts, the first one first; the ancestors, the nearest first; the forks, the oldest first. Of attempts the
    newest and of forks the oldest, at the most `most`; `hidden` attempts came before these.
    """

    attempts: tuple[Attempt, ...]
    ancestors: tuple[Relative, ...]
    forks: tuple[Relative, ...]
    hidden: int
    most: int = FORKS


def _view(shown: Shown) -> HistoryView:
    connection, run = shown.connection, shown.run
    hidden = max(run.attempt + 1 - FORKS, 0)
    line = lineages(connection, [run.id]).get(run.id)
    up = [(ancestor.run_id, ancestor.last_step) for ancestor in (line.ancestors if line is not None else ())]
    down = forks_of(connection, run.id)
    names = _names(connection, [run_id for run_id, _ in up], [label for label, _ in down])
    by_label = {found.label: found for found in names.values()}
    return HistoryView(
        attempts=tuple(attempts_of(connection, run, after=hidden - 1)),
        hidden=hidden,
        ancestors=tuple(
            Relative(names[run_id].label, names[run_id].name, names[run_id].number, step)
            for run_id, step in up
            if run_id in names
        ),
        forks=tuple(
            Relative(label, by_label[label].name, by_label[label].number, step)
            for label, step in down
            if label in by_label
        ),
    )


def _names(connection: sa.Connection, ids: list[int], labels: list[str]) -> dict[int, Any]:
    """Label, name and number of these runs, by id."""
    if not ids and not labels:
        return {}
    query = sa.select(runs.c.id, runs.c.label, runs.c.name, runs.c.number)
    rows = connection.execute(query.where(runs.c.id.in_(ids) | runs.c.label.in_(labels)))
    return {row.id: row for row in rows}


def _count(shown: Shown) -> int | None:
    """Offered where there is more to tell than one attempt."""
    run = shown.run
    return None if run.attempt or run.fork_label or has_forks(shown.connection, run.id) else 0


TAB = Tab(
    name="history",
    text="History",
    template="partials/run/history.html",
    count=_count,
    view=_view,
    finds=False,
)
