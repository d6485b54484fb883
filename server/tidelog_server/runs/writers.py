"""Writers: the processes that log to a run, how far each one's journal has come home, and the state they give the run.

A run is running while one of its writers is; then it is failed if one failed, crashed if one vanished, else finished.
Writers that ended before the newest one began are the past of a resumed run and do not count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tidelog_server.clock import now_ms
from tidelog_server.errors import RunDeletedError, WriterNotFoundError
from tidelog_server.runs import kinds
from tidelog_server.runs.attempt_order import attempt_of
from tidelog_server.runs.runs import is_there
from tidelog_server.tables import purged_writers, runs, writers

HEARTBEAT_LOST_AFTER_MS = 60_000
PAGE = 1_000  # writers of a run that are listed at once
REPLACED = ""  # the origin of a writer that was imported again, from a newer export


@dataclass(frozen=True)
class Registration:
    """What a client says of a writer when it first speaks to the server."""

    project: str
    run_key: str | None
    with_id: str | None
    writer: str
    created_ms: int
    host: str | None = None
    pid: int | None = None
    name: str | None = None
    kind: str = "run"
    model: str | None = None  # of a model version: the model's label
    fork_run: str | None = None  # of a fork: the label of the run whose history it inherits
    fork_step: float | None = None  # up to this step
    ended_ms: int | None = None  # of a process that was over before its journal was sent
    origin: str | None = None  # of an import: the writer's name where it was exported; the rest is as it was there
    attempt: int | None = None
    number: int | None = None
    project_key: str | None = None
    requested: str | None = None


@dataclass(frozen=True)
class Writer:
    """Where the server's copy of a writer's journal ends, and what a person asks of its run."""

    id: int
    name: str
    run_id: int
    project_id: int
    position: int
    defined_paths: int
    request: str | None = None
    origin: str | None = None


def register(connection: sa.Connection, registration: Registration) -> Writer:
    """The writer of this name, registered now if it is new. Its run counts as running again.

    Whoever goes on with a run at rest takes it out of the trash, and asks it anew to run: an old request to stop is
    void. A process that joins a running one changes neither. Raises `RunDeletedError` for the writer of a purged run.
    """
    known = _find(connection, registration.writer)
    if known is not None:
        return known
    _refuse_deleted(connection, purged_writers.c.name == registration.writer)
    run_id = kinds.ensure(connection, registration)
    at_rest = runs.c.running_since_ms.is_(None)
    asked_ms = None if registration.requested is None else registration.created_ms
    fresh = {"trashed_ms": None, "requested": registration.requested, "requested_ms": asked_ms}
    connection.execute(sa.update(runs).where(runs.c.id == run_id, at_rest).values(fresh))
    later = runs.c.created_ms > registration.created_ms  # journals come home in any order
    connection.execute(sa.update(runs).where(runs.c.id == run_id, later).values(created_ms=registration.created_ms))
    moment = now_ms()
    values = {
        "run_id": run_id,
        "name": registration.writer,
        "host": registration.host,
        "pid": registration.pid,
        "created_ms": registration.created_ms,
        "seen_ms": moment,
        "over_ms": registration.ended_ms,
        "state": "running",
        "attempt": _attempt_of(connection, run_id, registration),
        "origin": registration.origin,
    }
    _replace_import(connection, run_id, registration.origin)
    connection.execute(sa.insert(writers).values(values))
    _set_run_state(connection, run_id)
    return find_writer(connection, registration.writer)


def find_writer(connection: sa.Connection, name: str) -> Writer:
    """The writer of this name; raises `WriterNotFoundError`, or `RunDeletedError` if its run was purged."""
    found = _find(connection, name)
    if found is None:
        _refuse_deleted(connection, purged_writers.c.name == name)
        raise WriterNotFoundError(
            f"The writer {name[:80]!r} is not registered here. Nothing was stored. Register it, then send again."
        )
    return found


def advance(connection: sa.Connection, writer: Writer, *, by: int, defined_paths: int, records: int) -> bool:
    """Move the end of the server's copy forward; False if another request has moved it in the meantime."""
    moved = connection.execute(
        sa.update(writers)
        .where(writers.c.id == writer.id, writers.c.position == writer.position, _run_is_there(writer.run_id))
        .values(
            position=writer.position + by,
            defined_paths=defined_paths,
            records=writers.c.records + records,
            seen_ms=now_ms(),
        )
    )
    return moved.rowcount == 1


@dataclass(frozen=True)
class WriterState:
    """What a writer sent, and what became of it. `records` are points and values; `dropped` a full disk refused."""

    number: int
    writer: str
    run_id: int
    run: str
    host: str | None
    pid: int | None
    state: str
    attempt: int
    position: int
    records: int
    dropped: int
    created_ms: int
    ended_ms: int | None
    seen_ms: int
    origin: str | None


Place = tuple[int, int]  # of a writer among those of its run: when it was created, and its number


def writers_of(
    connection: sa.Connection, run_id: int, *, after: Place | None = None, limit: int = PAGE
) -> list[WriterState]:
    """The writers of a run behind one of them, the oldest first."""
    place = sa.tuple_(writers.c.created_ms, writers.c.id)
    query = _select_states().where(_is_of(run_id)).order_by(writers.c.created_ms, writers.c.id).limit(limit)
    if after is not None:
        query = query.where(place > sa.tuple_(*map(sa.literal, after)))
    return [WriterState(*row) for row in connection.execute(query)]


@dataclass(frozen=True)
class Received:
    """How many records came from all writers, and how many they wrote: None while one may still hold some."""

    records: int
    written: int | None


def received_of(connection: sa.Connection, run_id: int) -> Received:
    """What the writers of a run sent. One that ended properly has said so behind everything that it wrote."""
    open_ones = sa.case((writers.c.state.in_(("finished", "failed")), 0), else_=1)
    sums = sa.select(
        *(sa.func.coalesce(sa.func.sum(one), 0) for one in (writers.c.records, writers.c.dropped, open_ones))
    )
    records, dropped, unsure = map(int, connection.execute(sums.where(_is_of(run_id))).one())
    return Received(records, None if unsure else records + dropped)


def was_imported(connection: sa.Connection, run_id: int) -> bool:
    """Whether all that a run holds came from an export, and nothing from a job of this server."""
    written_here = sa.select(writers.c.id).where(writers.c.run_id == run_id, writers.c.origin.is_(None))
    return connection.scalar(written_here.limit(1)) is None


def find_state(connection: sa.Connection, name: str) -> WriterState:
    """The writer of this name; raises `WriterNotFoundError`."""
    row = connection.execute(_select_states().where(writers.c.name == name)).one_or_none()
    if row is None:
        raise WriterNotFoundError(f"The writer {name[:80]!r} is not registered here.")
    return WriterState(*row)


def _is_of(run_id: int) -> sa.ColumnElement[bool]:
    """Whether a writer is one of the run, and not one of an import that a later one replaced."""
    return (writers.c.run_id == run_id) & writers.c.origin.is_distinct_from(REPLACED)


def _select_states() -> sa.Select[Any]:
    given = ("number", "writer", "run_id", "run")
    names = (name for name in WriterState.__dataclass_fields__ if name not in given)
    columns = (writers.c.id, writers.c.name, writers.c.run_id, runs.c.label, *(writers.c[name] for name in names))
    return sa.select(*columns).join(runs, runs.c.id == writers.c.run_id)


def hear(connection: sa.Connection, writer: Writer) -> None:
    """Note that the writer is alive, and revive its run if it was taken for crashed."""
    connection.execute(sa.update(writers).where(writers.c.id == writer.id).values(seen_ms=now_ms()))
    revive(connection, writer)


def revive(connection: sa.Connection, writer: Writer) -> None:
    """Take a writer that was given up for crashed as running again."""
    revived = connection.execute(
        sa.update(writers)
        .where(writers.c.id == writer.id, writers.c.state == "crashed")
        .values(state="running", ended_ms=None)
    )
    if revived.rowcount:
        _set_run_state(connection, writer.run_id)


def end(
    connection: sa.Connection,
    writer: Writer,
    *,
    state: str,
    ended_ms: int | None = None,
    error: str | None = None,
    dropped: int = 0,
) -> None:
    """Record how a writer ended, and what that makes of its run."""
    moment = now_ms()
    values = {"state": state, "dropped": dropped, "seen_ms": moment, "ended_ms": ended_ms or moment}
    connection.execute(sa.update(writers).where(writers.c.id == writer.id).values(values))
    if error is not None:
        connection.execute(sa.update(runs).where(runs.c.id == writer.run_id).values(error=error))
    _set_run_state(connection, writer.run_id)


def close_silent(connection: sa.Connection, writer: Writer, *, ended_ms: int | None) -> None:
    """Record that a writer died without a word; nothing changes if it did say how it ended."""
    state = connection.scalar(sa.select(writers.c.state).where(writers.c.id == writer.id))
    if state in ("running", "crashed"):
        end(connection, writer, state="crashed", ended_ms=ended_ms)


def mark_crashed(connection: sa.Connection, *, lost_after_ms: int = HEARTBEAT_LOST_AFTER_MS) -> list[int]:
    """Give up the writers that have been silent for too long; the ids of the runs that this touches."""
    deadline = now_ms() - lost_after_ms
    lost = connection.execute(
        sa.update(writers)
        .where(writers.c.state == "running", writers.c.seen_ms < deadline)
        .values(state="crashed", ended_ms=writers.c.seen_ms)
        .returning(writers.c.run_id)
    )
    touched = sorted(set(lost.scalars()))
    for run_id in touched:
        _set_run_state(connection, run_id)
    return touched


def versions(connection: sa.Connection, run_ids: Iterable[int]) -> dict[int, tuple[int, str, int]]:
    """For each run, the bytes received from all its writers, its state, and how many paths these have defined: the
    first two equal means that nothing changed, the last that there is no new series.
    """
    query = (
        sa.select(
            runs.c.id,
            sa.func.coalesce(sa.func.sum(writers.c.position), 0),
            runs.c.state,
            sa.func.coalesce(sa.func.sum(writers.c.defined_paths), 0),
        )
        .join(writers, writers.c.run_id == runs.c.id)
        .where(runs.c.id.in_(list(run_ids)))
        .group_by(runs.c.id, runs.c.state)
    )
    found = connection.execute(query)
    return {run_id: (int(received), state, int(defined)) for run_id, received, state, defined in found}


def _find(connection: sa.Connection, name: str) -> Writer | None:
    columns = (
        writers.c.id,
        writers.c.name,
        writers.c.run_id,
        runs.c.project_id,
        writers.c.position,
        writers.c.defined_paths,
        runs.c.requested,
        writers.c.origin,
    )
    query = sa.select(*columns).join(runs, runs.c.id == writers.c.run_id).where(writers.c.name == name, is_there())
    row = connection.execute(query).one_or_none()
    return None if row is None else Writer(*row)


def _run_is_there(run_id: int) -> sa.ColumnElement[bool]:
    return sa.exists().where(runs.c.id == run_id, is_there())


def _refuse_deleted(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> None:
    label = connection.scalar(sa.select(purged_writers.c.label).where(*conditions).limit(1))
    if label is not None:
        raise RunDeletedError(f"The run {label} was deleted on the server, with all that it held. Nothing was stored.")


def replaces_import(connection: sa.Connection, writer: Writer) -> bool:
    """Whether this writer's import brought a newer state of a run that was imported before."""
    replaced = sa.exists().where(writers.c.run_id == writer.run_id, writers.c.origin == REPLACED)
    return writer.origin is not None and bool(connection.scalar(sa.select(replaced)))


def _replace_import(connection: sa.Connection, run_id: int, origin: str | None) -> None:
    """Let what an earlier import said of the life of this writer count no more."""
    if origin is None:
        return
    before = (writers.c.run_id == run_id, writers.c.origin == origin)
    void = {"origin": REPLACED, "state": "finished", "ended_ms": writers.c.created_ms, "dropped": 0}
    connection.execute(sa.update(writers).where(*before).values(void))


def _attempt_of(connection: sa.Connection, run_id: int, registration: Registration) -> int:
    """The attempt that a writer which is registered now belongs to. An import says which."""
    if registration.attempt is None:
        return attempt_of(connection, run_id, registration.created_ms, registration.ended_ms)
    newer = (runs.c.id == run_id, runs.c.attempt < registration.attempt)
    connection.execute(sa.update(runs).where(*newer).values(attempt=registration.attempt))
    return registration.attempt


def _set_run_state(connection: sa.Connection, run_id: int) -> None:
    columns = (writers.c.state, writers.c.created_ms, writers.c.ended_ms)
    rows = connection.execute(sa.select(*columns).where(writers.c.run_id == run_id)).all()
    lives = [(state, created_ms, ended_ms) for state, created_ms, ended_ms in rows]
    state, ended_ms = _state_of_run(lives)
    ran_ms, since_ms = _lived([(created_ms, ended_ms) for _, created_ms, ended_ms in lives])
    values = {"state": state, "ended_ms": ended_ms, "ran_ms": ran_ms, "running_since_ms": since_ms}
    changed = sa.or_(runs.c.state != state, runs.c.ran_ms != ran_ms, runs.c.running_since_ms.is_distinct_from(since_ms))
    connection.execute(sa.update(runs).where(runs.c.id == run_id, changed).values(modified_ms=now_ms(), **values))


def _lived(lives: Iterable[tuple[int, int | None]]) -> tuple[int, int | None]:
    """How long at least one of these writers lived before the present life, and when that began (None: all are dead).

    The lives of processes side by side count once. Clocks differ between machines: who ends before it begins counts
    nothing.
    """
    total, start, end = 0, None, None
    for created_ms, ended_ms in sorted(lives, key=lambda life: life[0]):
        if start is None or (end is not None and created_ms > end):
            total += 0 if start is None or end is None else end - start
            start, end = created_ms, created_ms
        end = None if end is None or ended_ms is None else max(end, ended_ms)
    if start is not None and end is not None:
        return total + end - start, None
    return total, start


def _state_of_run(lives: list[tuple[str, int, int | None]]) -> tuple[str, int | None]:
    """State and end of a run from (state, created_ms, ended_ms) of its writers.

    A writer that ended before another began does not count: that one resumed the run, and its end is the run's.
    """
    last = [
        (state, ended_ms)
        for index, (state, _, ended_ms) in enumerate(lives)
        if ended_ms is None or not any(created_ms > ended_ms for _, created_ms, _ in lives[:index] + lives[index + 1 :])
    ]
    states = {state for state, _ in last} or {"finished"}
    state = next(state for state in ("running", "failed", "crashed", "finished") if state in states)
    return state, None if state == "running" else max((ended_ms or 0 for _, ended_ms in last), default=0)
