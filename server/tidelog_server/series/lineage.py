"""Lineage: a fork shows the history of the run that it was forked from, up to the step of the fork; nothing is copied.

Of a series, the run's own points are the end of the curve. Before them come those of the run that it was forked from,
at steps up to the fork and before the first that the fork logged itself; before these, in the same way, its own
origin's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.tables import runs

DEPTH = 100  # generations that are followed; a chain of forks that is longer shows the last hundred


@dataclass(frozen=True)
class Ancestor:
    """A run whose history another one inherits, up to `last_step`, included, in millionths; itself perhaps a fork."""

    run_id: int
    last_step: int
    fork_step: int | None = None


@dataclass(frozen=True)
class Lineage:
    """What a run inherits: its ancestors, the nearest first. `fork_step` is that of the run itself; None: no fork."""

    fork_step: int | None = None
    ancestors: tuple[Ancestor, ...] = ()


def lineages(connection: sa.Connection, run_ids: Iterable[int]) -> dict[int, Lineage]:
    """The lineages of those of these runs that are forks. One statement for each generation."""
    origins: dict[int, tuple[int | None, int | None]] = {}
    wanted = set(run_ids)
    asked = sorted(wanted)
    for _ in range(DEPTH):
        if not asked:
            break
        query = sa.select(runs.c.id, runs.c.fork_run_id, runs.c.fork_step).where(runs.c.id.in_(asked))
        origins.update((run_id, (origin, step)) for run_id, origin, step in connection.execute(query))
        parents = {origins[run_id][0] for run_id in asked if run_id in origins}
        asked = sorted(parent for parent in parents if parent is not None and parent not in origins)
    return {run_id: _lineage(run_id, origins) for run_id in wanted if origins.get(run_id, (None, None))[0] is not None}


def with_ancestors(connection: sa.Connection, run_ids: Iterable[int]) -> list[int]:
    """These runs and all that they inherit from."""
    ids = list(dict.fromkeys(run_ids))
    found = lineages(connection, ids)
    return list(dict.fromkeys([*ids, *(ancestor.run_id for each in found.values() for ancestor in each.ancestors)]))


def _lineage(run_id: int, origins: dict[int, tuple[int | None, int | None]]) -> Lineage:
    fork_step = origins[run_id][1]
    ancestors: list[Ancestor] = []
    parent, step = origins[run_id]
    last_step = step
    while parent is not None and step is not None and len(ancestors) < DEPTH:
        last_step = step if last_step is None else min(last_step, step)
        run_id, (parent, step) = parent, origins.get(parent, (None, None))
        ancestors.append(Ancestor(run_id, last_step, step))
    return Lineage(fork_step, tuple(ancestors))
