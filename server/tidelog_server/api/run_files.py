"""The files of a run: what there is at a path, the bytes of one, and a whole set as an archive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response, StreamingResponse

from tidelog_server.api.series import AbandonedBy, Step
from tidelog_server.errors import FileNotHereError
from tidelog_server.files import archive, reading, serving
from tidelog_server.files.reading import FilePage, RunFile
from tidelog_server.runs import runs
from tidelog_server.runs.runs import Run
from tidelog_server.series.points import units
from tidelog_server.services import Services

router = APIRouter(tags=["files"])

FilePath = Annotated[str, Query(min_length=1, max_length=1024, examples=["model/weights"])]
FileNumber = Annotated[int, Field(ge=0, le=2**62)]
FileName = Annotated[str | None, Query(max_length=4096, description="which file of a file set")]


class RunFileOut(BaseModel):
    """A file. `state` is `expected` (not arrived yet), `received` or `lost`; `problem` says what happened to it."""

    name: str
    extension: str
    media_type: str
    description: str | None
    size: int
    state: str
    problem: str | None
    sha256: str | None
    modified_ms: int | None
    step: float | None
    writer: int | None = Field(None, description="with `number`, by which journals refer to it")
    number: int | None = None
    created_ms: int | None = Field(None, description="when it was announced")


class RunFileList(BaseModel):
    """Files in order of their names; `next` is the `after` of the following page."""

    type: str = Field(examples=["file", "file_set", "file_series", "artifact"])
    files: list[RunFileOut]
    next: str | None
    artifact: dict[str, Any] | None = None


@router.get("/runs/{label}/files/list")
def list_files(
    request: Request,
    label: str,
    path: FilePath,
    step: Step = None,
    abandoned_by: AbandonedBy = 0,
    after: Annotated[str | None, Query(max_length=4096)] = None,
    limit: Annotated[int, Query(ge=1, le=reading.PAGE_FILES)] = reading.PAGE_FILES,
) -> RunFileList:
    """What is known of the file or the files at a path; of a series, of the one at `step` or the last."""
    services: Services = request.app.state.services
    run = find_folded(services, label)
    page = find_files(services, run, path, step=units(step), abandoned_by=abandoned_by, after=after, limit=limit)
    artifact = None if page.artifact is None else {"project": run.project, **page.artifact}
    return RunFileList(type=page.type, files=list(map(_listed, page.files)), next=page.next, artifact=artifact)


class FileNumbers(BaseModel):
    """Files by the numbers that references have: `writer`, and `file`."""

    files: list[tuple[FileNumber, FileNumber]] = Field(max_length=reading.PAGE_FILES)


class NumberedFiles(BaseModel):
    """In the order of the request."""

    files: list[RunFileOut]


@router.post("/runs/{label}/files/numbered")
def list_numbered_files(request: Request, label: str, wanted: FileNumbers) -> NumberedFiles:
    """What is known of the bytes of these files."""
    with request.app.state.database.read() as connection:
        found = reading.by_number(connection, runs.find_run(connection, label).id, wanted.files)
    return NumberedFiles(files=list(map(_listed, found)))


@router.get("/runs/{label}/files/numbered")
def read_numbered_file(
    request: Request, label: str, writer: Annotated[FileNumber, Query()], number: Annotated[FileNumber, Query()]
) -> Response:
    """The bytes of one of these files."""
    with request.app.state.database.read() as connection:
        [found] = reading.by_number(connection, runs.find_run(connection, label).id, [(writer, number)])
    return respond(request, found, view=False, sha256=None)


@router.get("/runs/{label}/files/archive")
def read_archive(request: Request, label: str, path: FilePath) -> Response:
    """Every file of a file set that has arrived, as one ZIP."""
    services: Services = request.app.state.services
    run = find_folded(services, label)
    first = find_files(services, run, path)
    name = f"{run.label}-{path.strip('/').replace('/', '-')}.zip"
    headers = {"Content-Disposition": serving.disposition("attachment", name)}
    content = archive.zipped(services.blobs, _all_files(services, run, path, first))
    return StreamingResponse(content, media_type="application/zip", headers=headers)


@router.get("/runs/{label}/files")
def read_file(
    request: Request,
    label: str,
    path: FilePath,
    name: FileName = None,
    step: Step = None,
    abandoned_by: AbandonedBy = 0,
    view: bool = False,
    sha256: Annotated[str | None, Query(max_length=64, description="answered for ever as long as it is this")] = None,
) -> Response:
    """The bytes of a file, whole or in a range. With `view`, HTML and SVG come for a sandboxed frame."""
    services: Services = request.app.state.services
    which = {"name": name, "step": units(step), "abandoned_by": abandoned_by}
    page = find_files(services, find_folded(services, label), path, **which)
    if page.type == "file_set" and name is None:
        raise FileNotHereError(f"{path[:200]!r} is a file set: say which file by `name`, or ask for its archive.")
    if not page.files:
        raise FileNotHereError(f"{path[:200]!r} is an artifact; its files have addresses of their own.")
    return respond(request, page.files[0], view=view, sha256=sha256)


def respond(request: Request, file: RunFile, *, view: bool, sha256: str | None) -> Response:
    """The bytes of a file, as the request wants them."""
    headers = request.headers
    pinned = sha256 is not None and sha256 == file.sha256
    wanted = serving.Wanted(view, headers.get("range"), headers.get("if-range"), headers.get("if-none-match"), pinned)
    return serving.answer(request.app.state.services.blobs, file, wanted)


def find_folded(services: Services, label: str) -> Run:
    """The run of this label, with everything acknowledged in its place, also of what it inherits."""
    with services.database.read() as connection:
        run = runs.find_run(connection, label)
    services.folder.fold_lineage(run.id)
    return run


def find_files(services: Services, run: Run, path: str, **which: Any) -> FilePage:
    """What is at a path of the run."""
    with services.database.read() as connection:
        return reading.files_at(connection, services.tails, run.project_id, run.id, path.strip("/"), **which)


def _all_files(services: Services, run: Run, path: str, page: FilePage) -> Iterator[RunFile]:
    while True:
        yield from page.files
        if page.next is None:
            return
        page = find_files(services, run, path, after=page.next)


def _listed(file: RunFile) -> RunFileOut:
    return RunFileOut(**{name: value for name, value in asdict(file).items() if name in RunFileOut.model_fields})
