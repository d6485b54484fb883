"""Fold: turn the batches of a run's ingest log into chunks, heads and attributes.

All of one fold becomes visible in one transaction, together with the disappearance of the batches: at any moment each
acknowledged point is either in the log or in a chunk. The epoch of the run makes sure that two folds of one run, in
whatever processes, never both take effect.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import sqlalchemy as sa

from tidelog_server.clock import now_ms
from tidelog_server.database import Database
from tidelog_server.ingest import log
from tidelog_server.ingest.batches import BatchCache
from tidelog_server.runs.attributes import SERIES, delete_attributes, write_attributes
from tidelog_server.runs.paths import path_names
from tidelog_server.runs.runs import NAME_CHARACTERS
from tidelog_server.series import chunks
from tidelog_server.series.changes import changes_in
from tidelog_server.series.chunks import OPEN_POINTS
from tidelog_server.series.growth import Growth, grown
from tidelog_server.series.heads import SeriesHead, delete_heads, insert_heads, load_heads, update_heads
from tidelog_server.tables import paths, runs

BATCHES_PER_FOLD = 256
POINTS_PER_FOLD = 2_000_000  # bounds the memory of a fold to about 200 MB
NAME_PATH = "sys/name"
LOCKS = 64

logger = logging.getLogger("tidelog.server")


@dataclass(frozen=True)
class Plan:
    """Everything that one fold writes, worked out beforehand."""

    run_id: int
    project_id: int
    epoch: int
    log_ids: list[int]
    points: int
    growths: list[Growth]
    values: dict[int, tuple[str, Any]]
    deleted_paths: list[int]
    deleted_series: list[int]
    name: str | None


class Folder:
    """Folds runs. Thread-safe; a run is folded by one thread at a time."""

    def __init__(self, database: Database, cache: BatchCache) -> None:
        self._database = database
        self._cache = cache
        self._locks = [threading.Lock() for _ in range(LOCKS)]

    def fold(self, run_id: int) -> int:
        """Fold all that waits in the log of this run; the number of batches that were folded."""
        total = 0
        with self._locks[run_id % LOCKS]:
            while done := self._fold_some(run_id):
                total += done
        return total

    def _fold_some(self, run_id: int) -> int:
        plan = self._plan_and_apply_sqlite(run_id) if self._database.is_sqlite else self._plan_and_apply(run_id)
        if plan is None:
            return 0
        self._cache.drop(plan.log_ids)
        return len(plan.log_ids)

    def _plan_and_apply_sqlite(self, run_id: int) -> Plan | None:
        """Work the fold out beside other writers, then hold them up only while it is written."""
        while True:
            with self._database.read() as connection:
                plan = self._plan(connection, run_id)
            if plan is None:
                return None
            with self._database.write() as connection:
                if apply(connection, plan):
                    return plan

    def _plan_and_apply(self, run_id: int) -> Plan | None:
        """Claim the run by a lock on its row, so that no other process works the same fold out."""
        with self._database.write() as connection:
            connection.execute(sa.select(runs.c.id).where(runs.c.id == run_id).with_for_update(key_share=True))
            plan = self._plan(connection, run_id)
            if plan is not None:
                apply(connection, plan)
        return plan

    def _plan(self, connection: sa.Connection, run_id: int) -> Plan | None:
        log_ids = log.oldest(connection, run_id, batches=BATCHES_PER_FOLD, points=POINTS_PER_FOLD)
        if not log_ids:
            return None
        epoch, project_id = connection.execute(
            sa.select(runs.c.fold_epoch, runs.c.project_id).where(runs.c.id == run_id)
        ).one()
        batches = [entry.batch for entry in log.entries(connection, log_ids, self._cache)]
        changes = changes_in(batches, partial(_with_descendants, connection, project_id))
        heads = _heads_by_path(connection, run_id, [*changes.points, *changes.values, *changes.deleted])
        alive = {path_id: head for path_id, head in heads.items() if path_id not in changes.deleted}
        touched = [head for path_id in changes.points if (head := alive.get(path_id)) is not None]
        unfilled = [(head.id, head.open_step) for head in touched if head.open_points < OPEN_POINTS]
        opened = chunks.load_open(connection, unfilled)
        growths = []
        for path_id, points in changes.points.items():
            head = alive.get(path_id)
            growths.append(grown(connection, run_id, path_id, head, opened.get(head.id) if head else None, points))
        values = {path_id: value for path_id, value in changes.values.items() if path_id not in alive}
        if len(values) < len(changes.values):
            lost = len(changes.values) - len(values)
            logger.warning("Run %d: %d values were assigned to paths that are series, and are not kept.", run_id, lost)
        return Plan(
            run_id=run_id,
            project_id=project_id,
            epoch=epoch,
            log_ids=log_ids,
            points=sum(len(batch.points) for batch in batches),
            growths=growths,
            values=values,
            deleted_paths=sorted(changes.deleted),
            deleted_series=[heads[path_id].id for path_id in changes.deleted if path_id in heads],
            name=_new_name(connection, values),
        )


def apply(connection: sa.Connection, plan: Plan) -> bool:
    """Write a fold; False, and nothing is written, if the run was folded in the meantime."""
    won = connection.execute(
        sa.update(runs)
        .where(runs.c.id == plan.run_id, runs.c.fold_epoch == plan.epoch)
        .values(fold_epoch=plan.epoch + 1, points=runs.c.points + plan.points, modified_ms=now_ms())
    )
    if won.rowcount != 1:
        return False
    if plan.deleted_paths:
        chunks.delete_series(connection, plan.deleted_series)
        delete_heads(connection, plan.deleted_series)
        delete_attributes(connection, plan.run_id, plan.deleted_paths)
    _write_series(connection, plan.growths)
    last_values = ((growth.head.path_id, SERIES, growth.head.last) for growth in plan.growths)
    single_values = ((path_id, kind, value) for path_id, (kind, value) in plan.values.items())
    write_attributes(connection, plan.project_id, plan.run_id, [*last_values, *single_values])
    if plan.name is not None:
        connection.execute(sa.update(runs).where(runs.c.id == plan.run_id).values(name=plan.name))
    log.remove(connection, plan.log_ids)
    return True


def _write_series(connection: sa.Connection, growths: list[Growth]) -> None:
    ids = insert_heads(connection, [growth.head for growth in growths if not growth.head.id])
    update_heads(connection, [growth.head for growth in growths if growth.head.id])
    chunks.delete(
        connection, [(growth.head.id, step_min) for growth in growths if growth.head.id for step_min in growth.replaced]
    )
    rows: list[chunks.Row] = []
    for growth in growths:
        head = growth.head if growth.head.id else replace(growth.head, id=ids[growth.head.path_id])
        rows.extend({**row, "series_id": head.id} for row in growth.rows)
    chunks.insert(connection, rows)


def _heads_by_path(connection: sa.Connection, run_id: int, path_ids: Iterable[int]) -> dict[int, SeriesHead]:
    return {head.path_id: head for head in load_heads(connection, [run_id], path_ids)}


def _with_descendants(connection: sa.Connection, project_id: int, path_id: int) -> list[int]:
    """The path itself and every path of the project below it."""
    name = path_names(connection, [path_id])[path_id]
    below = sa.select(paths.c.id).where(
        paths.c.project_id == project_id, paths.c.path.startswith(name + "/", autoescape=True)
    )
    return [path_id, *connection.scalars(below)]


def _new_name(connection: sa.Connection, values: dict[int, tuple[str, Any]]) -> str | None:
    """The text assigned to sys/name, if it is among the values."""
    texts = {path_id: value for path_id, (kind, value) in values.items() if kind == "string"}
    names = path_names(connection, texts) if texts else {}
    return next((str(texts[path_id])[:NAME_CHARACTERS] for path_id, path in names.items() if path == NAME_PATH), None)
