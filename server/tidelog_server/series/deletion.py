"""Deletion of what a run holds: by people, at a path and below it, and all of it before a newer import of the run.

It takes its place in the order of the run's log: all that was acknowledged before the request goes, and what its
processes log afterwards begins anew. Files that nothing refers to any more follow once the processes have ended.
"""

from __future__ import annotations

import sqlalchemy as sa

from tidelog_server.clock import now_ms
from tidelog_server.errors import AttributeNotFoundError, InvalidRequestError
from tidelog_server.ingest.payloads import Event
from tidelog_server.query.value_types import VIRTUAL
from tidelog_server.runs.runs import Run
from tidelog_server.runs.writers import was_imported
from tidelog_server.series.fold import Folder
from tidelog_server.series.heads import has_chunks
from tidelog_server.tables import SERIES_TYPES, attributes, paths, series

PATHS_PER_SLICE = 500  # deleted in one transaction, so that a namespace of 100,000 holds nobody up


def path_of(text: str) -> str:
    """The path that a request names; raises `InvalidRequestError` for what cannot be deleted."""
    path = text.strip("/")
    if not path:
        raise InvalidRequestError("No path: say what to delete, such as metrics/loss. To delete a run, use the trash.")
    if path == "sys" or path in VIRTUAL:
        raise InvalidRequestError(
            f"{path} belongs to every run and stays as long as the run does. Nothing was deleted."
        )
    return path


def delete_at(folder: Folder, run: Run, path: str) -> int:
    """Delete the attributes of a run at `path` and below it; how many there were.

    Raises `AttributeNotFoundError` if it has none there, of its own. A server that is killed meanwhile has deleted some
    of them, and the same request deletes the rest.
    """
    folder.fold(run.id)
    ids = _ids_at(folder, run, path)
    if not ids:
        raise AttributeNotFoundError(
            f"The run {run.label} has nothing of its own at {path!r} or below it. Nothing was deleted."
        )
    told: Event | None = _notice(path, len(ids))
    for start in range(0, len(ids), PATHS_PER_SLICE):
        folder.delete(run.id, ids[start : start + PATHS_PER_SLICE], told)
        told = None
    return len(ids)


def empty(folder: Folder, run: Run) -> int:
    """Delete all attributes that imports brought to a run, in silence; how many. Its events and its name stay.

    Raises `InvalidRequestError` for a run that a job of this server wrote to. Repeating it does no harm.
    """
    with folder.database.read() as connection:
        if not was_imported(connection, run.id):
            raise InvalidRequestError(f"{run.label} was not imported, so nothing of it was deleted.")
    folder.fold(run.id)
    ids = _ids_at(folder, run, None)
    for start in range(0, len(ids), PATHS_PER_SLICE):
        folder.delete(run.id, ids[start : start + PATHS_PER_SLICE], None)
    return len(ids)


def _ids_at(folder: Folder, run: Run, path: str | None) -> list[int]:
    """The paths of a run's own attributes, at `path` and below it or anywhere."""
    logged = sa.exists().where(
        series.c.run_id == attributes.c.run_id, series.c.path_id == attributes.c.path_id, has_chunks()
    )
    is_own = attributes.c.type.not_in(SERIES_TYPES) | logged  # and not what a fork inherits
    query = (
        sa.select(attributes.c.path_id)
        .join(paths, paths.c.id == attributes.c.path_id)
        .where(attributes.c.run_id == run.id, is_own)
        .order_by(attributes.c.path_id)
    )
    if path is not None:
        query = query.where((paths.c.path == path) | paths.c.path.startswith(f"{path}/", autoescape=True))
    with folder.database.read() as connection:
        return list(connection.scalars(query))


def _notice(path: str, count: int) -> Event:
    what = "1 attribute" if count == 1 else f"{count:,} attributes"
    return Event(
        kind="notice",
        level="info",
        time_ms=now_ms(),
        step=None,
        title=f"{path} was deleted",
        text=f"{what} deleted at this path and below it, as somebody asked. What is logged there later begins anew.",
    )
