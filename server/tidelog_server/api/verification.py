"""What became of what a job sent: counts by writer, and whether what is stored agrees with itself."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field

from tidelog_server.api.positions import Position, place_of, position_of
from tidelog_server.files import inspection
from tidelog_server.runs import runs, writers
from tidelog_server.runs.paths import load_writer_paths, path_names
from tidelog_server.series import consistency
from tidelog_server.services import Services

router = APIRouter(tags=["verification"])

WriterName = Annotated[str, Path(pattern="^[0-9a-f]{16}$", examples=["9f86d081884c7d65"])]


class WriterOut(BaseModel):
    """A process that wrote to a run. Once it has ended (not as crashed), it wrote `records` + `dropped` in all."""

    number: int = Field(description="by which references to files name it")
    writer: str
    run_id: int
    run: str = Field(examples=["MNIST-3"])
    host: str | None
    pid: int | None
    state: str
    attempt: int = Field(description="of its run; a later one may have taken the place of its last points")
    position: int = Field(description="bytes of its journal that are here")
    records: int = Field(description="points and values received")
    dropped: int = Field(description="records that a full disk refused on the client")
    created_ms: int
    ended_ms: int | None
    seen_ms: int
    origin: str | None = Field(description="of one that was imported: its name where it was exported")


class WriterWithPaths(WriterOut):
    """A writer, and where asked for the path behind each path number of its journal."""

    paths: list[str] | None = None


class WriterList(BaseModel):
    """The writers of a run, the oldest first. `next` is the `after` of the following page, null at the end."""

    writers: list[WriterOut]
    next: str | None


class ExaminationOut(BaseModel):
    """What was read through, and what is wrong with it."""

    series: int
    points: int
    files: int = Field(description="that were announced")
    received_files: int
    problems: list[str]


@router.get("/runs/{label}/writers")
def list_writers(
    request: Request,
    label: str,
    after: Position = None,
    limit: Annotated[int, Query(ge=1, le=writers.PAGE)] = writers.PAGE,
) -> WriterList:
    """The processes that wrote to a run, and how much of each was received and dropped."""
    with request.app.state.database.read() as connection:
        run = runs.find_run(connection, label)
        found = writers.writers_of(connection, run.id, after=place_of(after), limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return WriterList(
        writers=[WriterOut(**vars(writer)) for writer in found[:limit]],
        next=None if last is None else position_of(last.created_ms, last.number),
    )


@router.get("/writers/{writer}", response_model_exclude_none=True)
def read_writer(
    request: Request,
    writer: WriterName,
    paths: Annotated[bool, Query(description="also the paths behind the numbers of its journal")] = False,
) -> WriterWithPaths:
    """One writer: its run, how much of its journal is here, and what its path numbers stand for."""
    with request.app.state.database.read() as connection:
        state = writers.find_state(connection, writer)
        names = None
        if paths:
            number = writers.find_writer(connection, writer).id
            ids = load_writer_paths(connection, [number]).get(number)
            known = path_names(connection, [] if ids is None else ids.tolist())
            names = [] if ids is None else [known[path_id] for path_id in ids.tolist()]
    return WriterWithPaths(**vars(state), paths=names)


@router.get("/runs/{label}/check")
def check_run(request: Request, label: str) -> ExaminationOut:
    """Read all series and files of a run through: whether counts, steps and hashes are what they should be."""
    services: Services = request.app.state.services
    with services.database.read() as connection:
        run = runs.find_run(connection, label)
    services.folder.fold(run.id)
    with services.database.read() as connection:
        found = consistency.examine(connection, run.id)
    files = inspection.inspect(services.database, services.blobs, run.id)
    problems = [*found.problems, *files.problems][: consistency.PROBLEMS]
    return ExaminationOut(
        series=found.series, points=found.points, files=files.files, received_files=files.received, problems=problems
    )
