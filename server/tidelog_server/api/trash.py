"""The trash as JSON: put runs there, take them out, give them up for good, one or many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field

from tidelog_server.api.table import ProjectName
from tidelog_server.database import Database
from tidelog_server.runs import projects, trash
from tidelog_server.runs.runs import Run
from tidelog_server.runs.selection import RUNS_LIMIT, Selection, selected
from tidelog_server.runs.trash import LISTED

router = APIRouter(tags=["trash"])

Kind = Literal["run", "model", "model_version"]
Result = TypeVar("Result")


class RunSelection(BaseModel):
    """Which runs are meant: either `labels`, or all of a project that `query` matches (an empty one matches all).

    By query at most 10,000 at a time, of one `kind`; repeat the request until it changes nothing.
    """

    labels: list[Annotated[str, Field(max_length=100)]] | None = Field(
        None, max_length=RUNS_LIMIT, examples=[["MNIST-3", "MNIST-4"]]
    )
    project: ProjectName | None = None
    query: str | None = Field(None, examples=['`sys/state` = "failed"'])
    kind: Kind = "run"


class Changed(BaseModel):
    """How many runs were put in the trash, or taken out of it. Those that were there already do not count."""

    runs: int


class Purged(BaseModel):
    """How many runs are gone, and the labels of those that stay in the trash, as forks need their history."""

    runs: int
    kept: list[str]


class TrashedRun(BaseModel):
    """A run in the trash."""

    run_id: int
    label: str
    kind: str
    name: str
    state: str
    created_ms: int
    trashed_ms: int
    bytes: int


class TrashList(BaseModel):
    """What is in the trash of a project, the latest first; `purged_after_days` is null where nothing goes by itself."""

    runs: list[TrashedRun]
    purged_after_days: float | None


@router.post("/runs/trash")
def trash_runs(request: Request, wanted: RunSelection) -> Changed:
    """Put runs in the trash: in no list, query or comparison any more, but whole."""
    return Changed(runs=_change(request.app.state.database, wanted, trash.trash, trashed=False))


@router.post("/runs/restore")
def restore_runs(request: Request, wanted: RunSelection) -> Changed:
    """Take runs out of the trash."""
    return Changed(runs=_change(request.app.state.database, wanted, trash.restore, trashed=True))


@router.post("/runs/purge")
def purge_runs(request: Request, wanted: RunSelection) -> Purged:
    """Delete for good what of these runs is in the trash. The disk is free some time later."""
    marked = _change(request.app.state.database, wanted, trash.purge, trashed=True)
    return Purged(runs=marked.purged, kept=list(marked.kept))


@router.get("/projects/{name:path}/trash")
def list_trash(
    request: Request, name: Annotated[ProjectName, Path()], limit: Annotated[int, Query(ge=1, le=LISTED)] = LISTED
) -> TrashList:
    """What is in the trash of a project."""
    with request.app.state.database.read() as connection:
        project = projects.find_project(connection, name)
        found = trash.trashed_runs(connection, project.id, limit)
    listed = [TrashedRun(run_id=run.id, bytes=run.bytes, **_fields(run)) for run in found]
    return TrashList(runs=listed, purged_after_days=request.app.state.settings.trash_days or None)


def _fields(run: Run) -> dict[str, Any]:
    names = set(TrashedRun.model_fields) - {"run_id", "bytes"}
    return {name: getattr(run, name) for name in names}


def _change(
    database: Database, wanted: RunSelection, change: Callable[[sa.Connection, list[int]], Result], *, trashed: bool
) -> Result:
    with database.read() as connection:
        ids = selected(connection, Selection(**wanted.model_dump()), trashed=trashed)
    with database.write() as connection:
        return change(connection, ids)
