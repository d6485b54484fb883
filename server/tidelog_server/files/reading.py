"""Find the files of a run: what a path, a name in a set or a step of a series refers to, and whether it has arrived."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tidelog_server.errors import FileNotHereError
from tidelog_server.files.media_types import extension_of, media_type_of
from tidelog_server.runs.paths import path_ids
from tidelog_server.series.objects.lookup import FoundObjects, find_objects
from tidelog_server.series.objects.reading import page_of
from tidelog_server.series.points import STEP_UNITS
from tidelog_server.series.tails import Tails
from tidelog_server.tables import attributes, blobs, file_set_entries, files, writers

PAGE_FILES = 1_000
FILES_PER_STATEMENT = 5_000
FILE_TYPES = ("file", "file_set", "file_series", "artifact")


@dataclass(frozen=True)
class RunFile:
    """A file that a run refers to. `state` is expected (not arrived yet), received or lost; `key` is where it lies."""

    name: str
    extension: str
    media_type: str
    description: str | None
    size: int
    state: str
    problem: str | None
    sha256: str | None
    key: str | None
    created_ms: int | None
    modified_ms: int | None = None
    step: float | None = None
    writer: int | None = None  # the number of the writer here, and the number that it gave the file
    number: int | None = None


@dataclass(frozen=True)
class FilePage:
    """What is at a path: its type, and files in order; `next` goes on behind the last. An artifact has none here."""

    type: str
    files: tuple[RunFile, ...]
    next: str | None = None
    artifact: dict[str, Any] | None = None


@dataclass(frozen=True)
class _Reference:
    writer_id: int
    number: int
    name: str
    extension: str
    media_type: str
    description: str | None
    size: int
    modified_ms: int | None = None
    step: float | None = None


def files_at(
    connection: sa.Connection,
    tails: Tails,
    project_id: int,
    run_id: int,
    path: str,
    *,
    name: str | None = None,
    step: int | None = None,
    abandoned_by: int = 0,
    after: str | None = None,
    limit: int = PAGE_FILES,
) -> FilePage:
    """The files at a path: the one with this `name` in a set, or at this `step` of a series (else its last), or of what
    an attempt left behind of it, or a page.

    Raises `FileNotHereError` if there is none.
    """
    path_id = path_ids(connection, project_id, [path]).get(path)
    row = None
    if path_id is not None:
        query = sa.select(attributes.c.type, attributes.c.text)
        row = connection.execute(
            query.where(attributes.c.run_id == run_id, attributes.c.path_id == path_id)
        ).one_or_none()
    if path_id is None or row is None or row.type not in FILE_TYPES:
        raise FileNotHereError(f"The run has no file at {path[:200]!r}.")
    if row.type == "artifact":
        return FilePage("artifact", (), artifact=json.loads(row.text))
    if row.type == "file":
        return FilePage("file", tuple(_resolved(connection, [_reference(json.loads(row.text))])))
    if row.type == "file_series":
        found = find_objects(connection, tails, project_id, run_id, path, abandoned_by=abandoned_by)
        return _of_series(connection, found, path, step)
    return _of_set(connection, run_id, path_id, name, after, limit)


def resolved(
    connection: sa.Connection, references: Iterable[dict[str, Any]], steps: Iterable[float] = ()
) -> list[RunFile]:
    """The files behind references of a journal, in their order; of a series with the step of each."""
    at = iter(steps)
    return _resolved(connection, [_reference(reference, next(at, None)) for reference in references])


def by_number(connection: sa.Connection, run_id: int, numbers: Iterable[tuple[int, int]]) -> list[RunFile]:
    """The files of a run with these (writer, number), in this order, whatever refers to them."""
    own = set(connection.scalars(sa.select(writers.c.id).where(writers.c.run_id == run_id)))
    references = []
    for writer_id, number in numbers:
        if writer_id not in own:
            raise FileNotHereError(f"The run has no writer with the number {writer_id}.")
        references.append(_Reference(writer_id, number, str(number), "", media_type_of(""), None, 0))
    return _resolved(connection, references)


def totals(connection: sa.Connection, project_id: int, run_id: int, path: str) -> tuple[int, int]:
    """How many files a file set has, and how many bytes."""
    path_id = path_ids(connection, project_id, [path]).get(path)
    entries = file_set_entries.c
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(entries.bytes), 0))
    count, size = connection.execute(query.where(entries.run_id == run_id, entries.path_id == path_id)).one()
    return int(count), int(size)


def _of_series(connection: sa.Connection, found: FoundObjects | None, path: str, step: int | None) -> FilePage:
    page = None if found is None else page_of(connection, found, start=step, stop=step, limit=1, newest_first=True)
    if page is None or not len(page.points):
        raise FileNotHereError(f"The series {path[:200]!r} has no file at step {(step or 0) / STEP_UNITS}.")
    reference = _reference(json.loads(page.points.values[-1]), int(page.points.steps[-1]) / STEP_UNITS)
    return FilePage("file_series", tuple(_resolved(connection, [reference])))


def _of_set(
    connection: sa.Connection, run_id: int, path_id: int, name: str | None, after: str | None, limit: int
) -> FilePage:
    entries = file_set_entries.c
    query = sa.select(entries.name, entries.writer_id, entries.number, entries.bytes, entries.modified_ms)
    query = query.where(entries.run_id == run_id, entries.path_id == path_id).order_by(entries.name).limit(limit + 1)
    if name is not None:
        query = query.where(entries.name == name)
    if after is not None:
        query = query.where(entries.name > after)
    rows = connection.execute(query).all()
    if name is not None and not rows:
        raise FileNotHereError(f"The file set has no file {name[:200]!r}.")
    references = [_of_entry(*row) for row in rows[:limit]]
    more = references[-1].name if len(rows) > limit else None
    return FilePage("file_set", tuple(_resolved(connection, references)), more)


def _of_entry(name: str, writer_id: int, number: int, size: int, modified_ms: int) -> _Reference:
    extension = extension_of(name)
    return _Reference(writer_id, number, name, extension, media_type_of(extension), None, size, modified_ms)


def _reference(said: dict[str, Any], step: float | None = None) -> _Reference:
    return _Reference(
        writer_id=said["writer"],
        number=said["file"],
        name=said["name"],
        extension=said["extension"],
        media_type=said["media_type"],
        description=said.get("description"),
        size=said["size"],
        step=step,
    )


def _resolved(connection: sa.Connection, references: Sequence[_Reference]) -> list[RunFile]:
    """Look up which of them have arrived."""
    rows: dict[tuple[int, int], Any] = {}
    wanted = sorted({(reference.writer_id, reference.number) for reference in references})
    columns = (files.c.writer_id, files.c.number, files.c.state, files.c.problem, files.c.bytes, files.c.created_ms)
    for start in range(0, len(wanted), FILES_PER_STATEMENT):
        query = (
            sa.select(*columns, blobs.c.sha256, blobs.c.key)
            .select_from(files.outerjoin(blobs, blobs.c.id == files.c.blob_id))
            .where(sa.tuple_(files.c.writer_id, files.c.number).in_(wanted[start : start + FILES_PER_STATEMENT]))
        )
        rows.update({(row.writer_id, row.number): row for row in connection.execute(query)})
    return [_file(reference, rows.get((reference.writer_id, reference.number))) for reference in references]


def _file(reference: _Reference, row: Any) -> RunFile:
    return RunFile(
        name=reference.name,
        extension=reference.extension,
        media_type=reference.media_type,
        description=reference.description,
        size=reference.size if row is None or row.key is None else row.bytes,
        state="expected" if row is None else row.state,
        problem=None if row is None else row.problem,
        sha256=None if row is None else row.sha256,
        key=None if row is None else row.key,
        created_ms=None if row is None else row.created_ms,
        modified_ms=reference.modified_ms,
        step=reference.step,
        writer=reference.writer_id,
        number=reference.number,
    )
