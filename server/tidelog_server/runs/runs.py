"""Runs: one row for each, found by label (MNIST-3), by key (the client's own id) or by number."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa

from tidelog_server.clock import now_ms
from tidelog_server.errors import InvalidRequestError, RunNotFoundError
from tidelog_server.tables import projects, purged_writers, runs, writers

KEY_CHARACTERS = 255
NAME_CHARACTERS = 1000


@dataclass(frozen=True)
class Run:
    """A run as pages and the API show it. Times are milliseconds since 1970 UTC."""

    id: int
    project_id: int
    project: str
    number: int
    label: str
    key: str
    name: str
    state: str
    error: str | None
    created_ms: int
    ended_ms: int | None
    seen_ms: int
    points: int
    dropped: int
    kind: str = "run"
    parent_id: int | None = None
    modified_ms: int | None = None
    trashed_ms: int | None = None
    requested: str | None = None
    requested_ms: int | None = None
    ran_ms: int = 0
    running_since_ms: int | None = None
    series_bytes: int = 0
    attribute_bytes: int = 0
    file_bytes: int = 0
    fork_label: str | None = None
    model_label: str | None = None  # of a model version
    fork_step: int | None = None
    attempt: int = 0

    @property
    def fork_at(self) -> float | None:
        """The step of the fork, as people count steps."""
        return None if self.fork_step is None else self.fork_step / 1_000_000

    @property
    def bytes(self) -> int:
        """What it takes in storage, as last counted."""
        return self.series_bytes + self.attribute_bytes + self.file_bytes

    @property
    def outcome(self) -> str:
        """The state as people say it: stopped and aborted are how a run ends that somebody asked to."""
        if self.requested == "stop" and self.state == "finished":
            return "stopped"
        if self.requested == "abort" and self.state in ("finished", "failed"):
            return "aborted"
        if self.requested is not None and self.state == "running":
            return "stopping" if self.requested == "stop" else "aborting"
        return self.state

    def running_ms(self, now: int) -> int:
        """How long its processes lived: the time in which at least one of them did, gaps between them left out."""
        return self.ran_ms + (0 if self.running_since_ms is None else max(0, now - self.running_since_ms))


@cache
def select_runs() -> sa.Select[tuple[object, ...]]:
    """Every column of `Run`; callers add their own conditions and order. Put together once: that takes milliseconds."""
    seen = sa.select(sa.func.max(writers.c.seen_ms)).where(writers.c.run_id == runs.c.id).scalar_subquery()
    dropped = sa.select(sa.func.sum(writers.c.dropped)).where(writers.c.run_id == runs.c.id).scalar_subquery()
    origin = runs.alias("origin")
    fork_label = sa.select(origin.c.label).where(origin.c.id == runs.c.fork_run_id).scalar_subquery()
    model = runs.alias("model")
    model_label = sa.select(model.c.label).where(model.c.id == runs.c.parent_id).scalar_subquery()
    return sa.select(
        fork_label.label("fork_label"),
        model_label.label("model_label"),
        runs.c.fork_step,
        runs.c.attempt,
        runs.c.id,
        runs.c.project_id,
        projects.c.name.label("project"),
        runs.c.number,
        runs.c.label,
        runs.c.key,
        runs.c.name,
        runs.c.state,
        runs.c.error,
        runs.c.created_ms,
        runs.c.ended_ms,
        sa.func.coalesce(seen, runs.c.created_ms).label("seen_ms"),
        runs.c.points,
        sa.func.coalesce(dropped, 0).label("dropped"),
        runs.c.kind,
        runs.c.parent_id,
        runs.c.modified_ms,
        runs.c.trashed_ms,
        runs.c.requested,
        runs.c.requested_ms,
        runs.c.ran_ms,
        runs.c.running_since_ms,
        runs.c.series_bytes,
        runs.c.attribute_bytes,
        runs.c.file_bytes,
    ).join(projects, projects.c.id == runs.c.project_id)


def is_there() -> sa.ColumnElement[bool]:
    """Whether a run was not purged; the rows of one that was go bit by bit, and nobody may see them meanwhile."""
    return runs.c.purge_ms.is_(None)


def as_run(row: sa.Row[tuple[object, ...]]) -> Run:
    """The row of `select_runs` as a `Run`."""
    values = dict(row._mapping)
    values["dropped"] = int(values["dropped"])
    return Run(**values)


def find_run(connection: sa.Connection, label: str) -> Run:
    """The run of this label, such as MNIST-3; raises `RunNotFoundError`."""
    row = None
    if "\x00" not in label:  # PostgreSQL takes no such text
        row = connection.execute(select_runs().where(runs.c.label == label, is_there())).one_or_none()
    if row is None:
        raise _no_label(label)
    return as_run(row)


def find_run_of(connection: sa.Connection, project: str, label: str) -> Run:
    """The run of this label in this project; raises `RunNotFoundError`."""
    run = find_run(connection, label)
    if run.project != project:
        raise RunNotFoundError(f"There is no run {label[:80]!r} in the project {project[:80]!r}; it may have moved.")
    return run


def runs_by_label(connection: sa.Connection, labels: Iterable[str]) -> list[Run]:
    """The runs with these labels, in their order; raises `RunNotFoundError` for the first that is missing."""
    wanted = list(dict.fromkeys(labels))
    askable = [label for label in wanted if "\x00" not in label]  # PostgreSQL takes no such text
    rows = connection.execute(select_runs().where(runs.c.label.in_(askable), is_there()))
    found = {run.label: run for run in map(as_run, rows)}
    for label in wanted:
        if label not in found:
            raise _no_label(label)
    return [found[label] for label in wanted]


def find_run_by_key(connection: sa.Connection, project: str, key: str, kind: str = "run") -> Run:
    """The run with this custom_run_id in this project; raises `RunNotFoundError`."""
    row = connection.execute(
        select_runs().where(projects.c.name == project, runs.c.kind == kind, runs.c.key == key, is_there())
    ).one_or_none()
    if row is None:
        raise RunNotFoundError(f"There is no run with the id {key[:80]!r} in the project {project[:80]!r}.")
    return as_run(row)


def runs_by_id(connection: sa.Connection, ids: Iterable[int]) -> list[Run]:
    """The runs with these ids, in the order of the ids; raises `RunNotFoundError` for the first that is missing."""
    wanted = list(ids)
    rows = connection.execute(select_runs().where(runs.c.id.in_(wanted), is_there()))
    found = {run.id: run for run in map(as_run, rows)}
    for run_id in wanted:
        if run_id not in found:
            raise _no_run(run_id)
    return [found[run_id] for run_id in wanted]


def labels_of(connection: sa.Connection, ids: Collection[int]) -> dict[int, str]:
    """What the runs with these ids are called, wherever they are, by id."""
    rows = connection.execute(sa.select(runs.c.id, runs.c.label).where(runs.c.id.in_(ids)))
    return {row.id: row.label for row in rows}


@dataclass(frozen=True)
class Origin:
    """Where a run belongs and when it began: what charts need of it."""

    run_id: int
    project_id: int
    created_ms: int


def origins(connection: sa.Connection, ids: Sequence[int]) -> dict[int, Origin]:
    """The origins of these runs by id; raises `RunNotFoundError` for the first that is missing."""
    rows = connection.execute(
        sa.select(runs.c.id, runs.c.project_id, runs.c.created_ms).where(runs.c.id.in_(ids), is_there())
    )
    found = {row.id: Origin(row.id, row.project_id, row.created_ms) for row in rows}
    for run_id in ids:
        if run_id not in found:
            raise _no_run(run_id)
    return found


def ensure_run(
    connection: sa.Connection,
    *,
    project_id: int,
    key: str,
    name: str | None,
    created_ms: int,
    number: int | None = None,
    **columns: object,
) -> int:
    """The id of the run with this key in this project; it is made where it is new, with these columns.

    It gets the number that is wished, unless another run has or had that, and else the next one.
    """
    if not 1 <= len(key) <= KEY_CHARACTERS or not key.isprintable():
        raise InvalidRequestError(
            f"{key[:80]!r} cannot be the id of a run: 1 to {KEY_CHARACTERS} printable characters."
        )
    found = find_id(connection, project_id, "run", key)
    if found is not None:
        return found
    prefix = connection.scalar(sa.select(projects.c.key).where(projects.c.id == project_id))
    taken = take_number(connection, projects, project_id, str(prefix), number)
    return insert_run(
        connection,
        project_id=project_id,
        number=taken,
        label=f"{prefix}-{taken}",
        key=key,
        name=name or key,
        created_ms=created_ms,
        **columns,
    )


def take_number(connection: sa.Connection, counter: sa.Table, counter_id: int, prefix: str, wished: int | None) -> int:
    """The number of a new run of a project, or of a new version of a model: the one wished if its label is free."""
    last = counter.c.last_number
    row = counter.c.id == counter_id
    if wished is not None and _is_free(connection, f"{prefix}-{wished}"):
        highest = sa.case((last < wished, wished), else_=last)
        connection.execute(sa.update(counter).where(row).values(last_number=highest))
        return wished
    taken = connection.scalar(sa.update(counter).where(row).values(last_number=last + 1).returning(last))
    return int(taken or 0)


def _is_free(connection: sa.Connection, label: str) -> bool:
    """Whether no run has this label, or had it before it was purged."""
    has = sa.exists().where(runs.c.label == label)
    had = sa.exists().where(purged_writers.c.label == label)
    return not connection.scalar(sa.select(sa.or_(has, had)))


def find_id(connection: sa.Connection, project_id: int, kind: str, key: str) -> int | None:
    """The id of what has this kind and key in a project."""
    same = (runs.c.project_id == project_id, runs.c.kind == kind, runs.c.key == key)
    found = connection.scalar(sa.select(runs.c.id).where(*same))
    return None if found is None else int(found)


def insert_run(connection: sa.Connection, *, name: str, created_ms: int, **columns: object) -> int:
    """Make a run, or what else is logged to; its id."""
    moment = now_ms()
    values = {
        "name": name[:NAME_CHARACTERS],
        "state": "running",
        "created_ms": created_ms or moment,
        "modified_ms": moment,
        **columns,
    }
    return int(connection.scalar(sa.insert(runs).values(values).returning(runs.c.id)) or 0)


def _no_label(label: str) -> RunNotFoundError:
    return RunNotFoundError(
        f"There is no run {label[:80]!r}. Labels look like MNIST-3; the runs table of a project lists them."
    )


def _no_run(run_id: int) -> RunNotFoundError:
    return RunNotFoundError(f"There is no run with the number {run_id}.")
