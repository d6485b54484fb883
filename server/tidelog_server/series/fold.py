"""Fold: turn the batches of a run's ingest log into chunks, heads and attributes.

All of one fold becomes visible in one transaction, together with the disappearance of the batches: at any moment each
acknowledged point is either in the log or in a chunk. The epoch of the run makes sure that two folds of one run, in
whatever processes, never both take effect.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import sqlalchemy as sa

from tidelog_server import bulk
from tidelog_server.clock import now_ms
from tidelog_server.database import Database
from tidelog_server.ingest import log
from tidelog_server.ingest.batches import BatchCache
from tidelog_server.ingest.payloads import Event
from tidelog_server.runs import events, file_sets
from tidelog_server.runs.attributes import delete_attributes, write_attributes, write_series_values
from tidelog_server.runs.paths import path_names
from tidelog_server.runs.runs import NAME_CHARACTERS
from tidelog_server.runs.values import FileSetChanges
from tidelog_server.series import chunks, inheritance, past_attempts
from tidelog_server.series.attempts import Sorting, is_sorted, sort
from tidelog_server.series.changes import changes_in
from tidelog_server.series.chunks import OPEN_POINTS
from tidelog_server.series.growth import Growth, grown
from tidelog_server.series.heads import (
    OWN,
    Heads,
    SeriesHead,
    as_many,
    delete_heads,
    heads_at,
    hide_curves,
    insert_many,
    load_abandoned,
    one_of,
    update_many,
)
from tidelog_server.series.history import ANY_STEP, NO_STEP, NO_STEPS, Attempt, Stretch
from tidelog_server.series.lineage import with_ancestors
from tidelog_server.series.objects import chunks as object_chunks
from tidelog_server.series.objects import folding
from tidelog_server.series.objects.growth import ObjectGrowth
from tidelog_server.series.objects.inheritance import Whole, grown_wholes
from tidelog_server.series.objects.inheritance import show as show_wholes
from tidelog_server.series.parts import SeriesParts
from tidelog_server.series.points import Int64s, PointsByPath
from tidelog_server.series.stored import Stored, StoredValue
from tidelog_server.series.stubs import StubGrowth, fitting, grown_stubs, write_chunks
from tidelog_server.series.types import Settled, notices, settle
from tidelog_server.tables import paths, runs, series

BATCHES_PER_FOLD = 256
POINTS_PER_FOLD = 2_000_000  # bounds the memory of a fold to about 200 MB
NAME_PATH = "sys/name"
LOCKS = 64


@dataclass(frozen=True)
class Plan:
    """Everything that one fold writes, worked out beforehand."""

    run_id: int
    project_id: int
    epoch: int
    log_ids: list[int]
    points: int
    stubs: StubGrowth | None
    growths: list[Growth]
    object_growths: list[ObjectGrowth]
    emptied_series: list[int]  # of what attempts had left behind
    noted: list[tuple[int, int, Attempt]]  # with path and number
    object_wholes: list[Whole]  # of a fork: its curves of objects, over the whole lineage
    values: dict[int, StoredValue]
    file_sets: dict[int, FileSetChanges]
    emptied_file_sets: list[int]
    notices: list[Event]
    told: Event | None  # a notice that is not left out because there was one like it
    deleted_paths: list[int]
    deleted_series: list[int]
    name: str | None
    least_step: int  # that changes
    inherited: Heads | None  # of a fork
    takes_over: bool  # of a fork: whether it gets points at steps that it inherited, or loses some of its own


@dataclass(frozen=True)
class _Deletion:
    """What a person deletes, behind everything in the log: these paths, and what is noted on the run about it."""

    path_ids: Sequence[int]
    told: Event | None


class Folder:
    """Folds runs. Thread-safe; a run is folded by one thread at a time."""

    def __init__(self, database: Database, cache: BatchCache) -> None:
        self._database = database
        self._cache = cache
        self._locks = [threading.Lock() for _ in range(LOCKS)]

    @property
    def database(self) -> Database:
        """Where the runs are."""
        return self._database

    def fold(self, run_id: int) -> int:
        """Fold all that waits in the log of this run, and if it is a fork, work out what it inherits of its ancestors
        as far as these are folded; the number of batches that were folded.
        """
        total = 0
        with self._locks[run_id % LOCKS]:
            while done := self._fold_some(run_id):
                total += done
            self._settle(run_id)
        return total

    def delete(self, run_id: int, path_ids: Sequence[int], told: Event | None) -> None:
        """Delete what the run has at these paths, behind all that was acknowledged before.

        `told`, if any, is noted on the run. What its processes log there afterwards makes new attributes. Fold the run
        first: a few batches are folded together with the deletion, and no more.
        """
        with self._locks[run_id % LOCKS]:
            self._fold_some(run_id, _Deletion(path_ids, told))
            self._settle(run_id)

    def fold_lineage(self, run_id: int) -> None:
        """Fold a run, after those that it inherits from."""
        with self._database.read() as connection:
            line = with_ancestors(connection, [run_id])
        for each in reversed(line):
            self.fold(each)

    def _settle(self, run_id: int) -> None:
        while True:
            if self._database.is_sqlite:
                with self._database.read() as connection:
                    found = inheritance.settlement(connection, run_id)
                if found is None:
                    return
                with self._database.write() as connection:
                    inheritance.apply(connection, found)
            else:
                with self._database.read() as connection:
                    if not inheritance.is_stale(connection, run_id):
                        return
                with self._database.write() as connection:
                    _claim(connection, run_id)
                    found = inheritance.settlement(connection, run_id)
                    if found is None or inheritance.apply(connection, found):
                        return

    def _fold_some(self, run_id: int, deletion: _Deletion | None = None) -> int:
        if self._database.is_sqlite:
            plan = self._plan_and_apply_sqlite(run_id, deletion)
        else:
            plan = self._plan_and_apply(run_id, deletion)
        if plan is None:
            return 0
        self._cache.drop(plan.log_ids)
        return len(plan.log_ids)

    def _plan_and_apply_sqlite(self, run_id: int, deletion: _Deletion | None) -> Plan | None:
        """Work the fold out beside other writers, then hold them up only while it is written."""
        while True:
            with self._database.read() as connection:
                plan = self._plan(connection, run_id, deletion)
            if plan is None:
                return None
            with self._database.write() as connection:
                if apply(connection, plan):
                    return plan

    def _plan_and_apply(self, run_id: int, deletion: _Deletion | None) -> Plan | None:
        """Claim the run by a lock on its row, so that no other process works the same fold out."""
        with self._database.write() as connection:
            _claim(connection, run_id)
            plan = self._plan(connection, run_id, deletion)
            if plan is not None:
                apply(connection, plan)
        return plan

    def _plan(self, connection: sa.Connection, run_id: int, deletion: _Deletion | None) -> Plan | None:
        log_ids = log.oldest(connection, run_id, batches=BATCHES_PER_FOLD, points=POINTS_PER_FOLD)
        if not log_ids and deletion is None:
            return None
        epoch, project_id, fork_step = connection.execute(
            sa.select(runs.c.fold_epoch, runs.c.project_id, runs.c.fork_step).where(runs.c.id == run_id)
        ).one()
        entries = log.entries(connection, log_ids, self._cache)
        batches, attempts = [entry.batch for entry in entries], [entry.attempt for entry in entries]
        doomed = () if deletion is None else deletion.path_ids
        changes = changes_in(batches, attempts, partial(_with_descendants, connection, project_id), doomed)
        stored = Stored.load(connection, run_id, changes)
        settled = settle(changes, stored)
        points, heads = settled.points, heads_at(stored.heads, settled.points.path_ids)
        inherited = None if fork_step is None else inheritance.load_inherited(connection, run_id)
        if inherited is not None:
            heads["abandoned_by"] = OWN
        stubs, numbers = _grown(connection, run_id, points, heads, fork_step)
        least = _least_steps(points, heads, numbers.growths, fork_step)
        takes_over = False
        if inherited is not None:
            before = heads_at(inherited, heads["path_id"])
            takes_over = bool(changes.deleted) or bool(((before["id"] != 0) & (least <= before["step_last"])).any())
        objects = folding.plan(connection, run_id, fork_step, stored.object_heads, settled.objects)
        curves = list(folding.curves_in(objects.growths))
        wholes: list[Whole] = []
        if fork_step is not None:
            wholes, in_objects = grown_wholes(connection, run_id, stored.object_heads, curves)
            takes_over |= in_objects
        return Plan(
            run_id=run_id,
            project_id=project_id,
            epoch=epoch,
            log_ids=log_ids,
            points=sum(len(batch.points) + len(batch.objects) for batch in batches),
            stubs=stubs,
            growths=numbers.growths,
            object_growths=objects.growths,
            emptied_series=[*numbers.emptied, *objects.emptied],
            noted=[*numbers.noted, *objects.noted],
            object_wholes=wholes,
            values=settled.values,
            file_sets=settled.file_sets,
            emptied_file_sets=settled.emptied,
            notices=_notices(connection, settled),
            told=None if deletion is None else deletion.told,
            deleted_paths=sorted(changes.deleted),
            deleted_series=stored.deleted_series,
            name=_new_name(connection, settled.values),
            least_step=ANY_STEP if changes.deleted else _least_step(least, curves),
            inherited=inherited,
            takes_over=takes_over,
        )


def _least_step(of_numbers: Int64s, of_objects: Sequence[ObjectGrowth]) -> int:
    return min([int(of_numbers.min(initial=NO_STEP)), *(growth.least_step for growth in of_objects)])


def _least_steps(new: PointsByPath, heads: Heads, growths: Sequence[Growth], fork_step: int | None) -> Int64s:
    """The least step that changes in each series; there is a head for each path of `new`."""
    if not len(new):
        return NO_STEPS
    least = inheritance.least_steps(new, heads, fork_step)
    for growth in growths:
        if growth.least_step < NO_STEP:
            place = np.searchsorted(new.path_ids, growth.head.path_id)
            least[place] = min(least[place], growth.least_step)
    return least


def _grown(
    connection: sa.Connection, run_id: int, new: PointsByPath, heads: Heads, fork_step: int | None
) -> tuple[StubGrowth | None, Sorting[Growth]]:
    """How the series grow: all that can be at once, the others one by one. There is a head for each path of `new`."""
    if not len(new):
        return None, Sorting()
    fitted, fits = fitting(new, heads, fork_step)
    stubs = grown_stubs(connection, run_id, fitted, heads[fits]) if len(fitted.points) else None
    return stubs, _grown_one_by_one(connection, run_id, new.where(~fits), heads[~fits], fork_step)


def _grown_one_by_one(
    connection: sa.Connection, run_id: int, new: PointsByPath, heads: Heads, fork_step: int | None
) -> Sorting[Growth]:
    ones = [one_of(head, run_id) for head in heads]
    unfilled = [(head.id, head.open_step) for head in ones if head is not None and head.open_points < OPEN_POINTS]
    opened = chunks.load_keys(connection, unfilled)
    stretches = _sorted_stretches(new, ones) if new.attempts.any() or heads["attempt"].any() else {}
    path_ids = new.path_ids[list(stretches)]
    abandoned = load_abandoned(connection, run_id, path_ids)
    past = past_attempts.load(connection, run_id, path_ids)
    result: Sorting[Growth] = Sorting()
    for index, head in enumerate(ones):
        path_id = int(new.path_ids[index])
        if index in stretches:
            before = (abandoned.get(path_id, {}), past.get(path_id, {})) if head else ({}, {})
            result.add(sort(SeriesParts(connection, run_id, path_id, head, *before), stretches[index], fork_step))
        else:
            points_opened = None if head is None else opened.get((head.id, head.open_step))
            result.growths.append(grown(connection, run_id, path_id, head, points_opened, new.of(index), fork_step))
    return result


def _sorted_stretches(new: PointsByPath, heads: Sequence[SeriesHead | None]) -> dict[int, list[Stretch]]:
    """The points of those series into which they have to be sorted, by index."""
    each = ((index, head, new.stretches_of(index)) for index, head in enumerate(heads))
    return {index: stretches for index, head, stretches in each if is_sorted(head, stretches)}


def _claim(connection: sa.Connection, run_id: int) -> None:
    """On PostgreSQL: keep other processes from working the same out."""
    connection.execute(sa.select(runs.c.id).where(runs.c.id == run_id).with_for_update(key_share=True))


def _notices(connection: sa.Connection, settled: Settled) -> list[Event]:
    if not settled.conflicts:
        return []
    names = path_names(connection, {conflict.path_id for conflict in settled.conflicts})
    return notices(settled, names, now_ms())


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
        object_chunks.delete_series(connection, plan.deleted_series)
        file_sets.delete(connection, plan.run_id, plan.deleted_paths)
        delete_heads(connection, plan.deleted_series)
        past_attempts.delete(connection, plan.run_id, plan.deleted_paths)
        delete_attributes(connection, plan.run_id, plan.deleted_paths)
    if plan.inherited is not None:
        of_objects = (growth.head.path_id for growth in folding.curves_in(plan.object_growths))
        hide_curves(connection, plan.run_id, [*plan.values, *of_objects])
    _write_series(connection, plan)
    folding.write(connection, plan.object_growths)
    _write_attempts(connection, plan)
    show_wholes(connection, plan.run_id, plan.object_wholes)
    file_sets.delete(connection, plan.run_id, plan.emptied_file_sets)
    sets = file_sets.change(connection, plan.run_id, plan.file_sets)
    objects = folding.last_values(plan.object_growths)
    single_values = ((path_id, kind, value) for path_id, (kind, value) in plan.values.items())
    write_attributes(connection, plan.project_id, plan.run_id, [*single_values, *objects, *sets])
    events.add_notices(connection, plan.run_id, plan.notices)
    if plan.told is not None:
        events.add(connection, plan.run_id, [plan.told])
    if plan.name is not None:
        connection.execute(sa.update(runs).where(runs.c.id == plan.run_id).values(name=plan.name))
    inheritance.mark(connection, plan.run_id, plan.least_step)
    if plan.takes_over:
        inheritance.mark_these(connection, [plan.run_id])
    log.remove(connection, plan.log_ids)
    return True


def _write_series(connection: sa.Connection, plan: Plan) -> None:
    parts = [as_many([growth.head for growth in plan.growths])]
    if plan.stubs is not None:
        parts.append(plan.stubs.heads)
    heads = np.concatenate(parts)
    is_curve = heads["abandoned_by"] <= 0
    if plan.inherited is not None:
        heads["abandoned_by"][is_curve] = OWN
    is_new = heads["id"] == 0
    heads["id"][is_new] = bulk.new_ids(connection, series, int(np.count_nonzero(is_new)))
    insert_many(connection, plan.run_id, heads[is_new])
    update_many(connection, heads[~is_new])
    ids = heads["id"].tolist()
    chunks.delete(connection, [(growth.head.id, step_min) for growth in plan.growths for step_min in growth.replaced])
    grown_ids, stub_ids = ids[: len(plan.growths)], ids[len(plan.growths) :]
    chunks.insert(
        connection,
        [
            {**row, "series_id": series_id}
            for series_id, growth in zip(grown_ids, plan.growths, strict=True)
            for row in growth.rows
        ],
    )
    if plan.stubs is not None:
        write_chunks(connection, plan.stubs, stub_ids)
    curves = heads[is_curve]
    if plan.inherited is not None:
        lineage = inheritance.lineage_of(plan.inherited, curves)
        inheritance.show(connection, plan.project_id, plan.run_id, lineage)
        return
    write_series_values(connection, plan.project_id, plan.run_id, curves["path_id"], curves["last"], is_new[is_curve])


def _write_attempts(connection: sa.Connection, plan: Plan) -> None:
    if plan.emptied_series:
        chunks.delete_series(connection, plan.emptied_series)
        object_chunks.delete_series(connection, plan.emptied_series)
        delete_heads(connection, plan.emptied_series)
    past_attempts.note(connection, plan.run_id, plan.noted)


def _with_descendants(connection: sa.Connection, project_id: int, path_id: int) -> list[int]:
    """The path itself and every path of the project below it."""
    name = path_names(connection, [path_id])[path_id]
    below = sa.select(paths.c.id).where(
        paths.c.project_id == project_id, paths.c.path.startswith(name + "/", autoescape=True)
    )
    return [path_id, *connection.scalars(below)]


def _new_name(connection: sa.Connection, values: dict[int, StoredValue]) -> str | None:
    """The text assigned to sys/name, if it is among the values."""
    texts = {path_id: value for path_id, (kind, value) in values.items() if kind == "string"}
    names = path_names(connection, texts) if texts else {}
    return next((str(texts[path_id])[:NAME_CHARACTERS] for path_id, path in names.items() if path == NAME_PATH), None)
