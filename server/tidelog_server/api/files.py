"""The wire of files: announced by hash, sent in parts. See docs/reference/files.md."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from tidelog_server.errors import TooLargeError
from tidelog_server.files.uploads import FILE_BYTES, PART_BYTES, Announcement, Progress
from tidelog_server.services import Services

router = APIRouter(tags=["files"])

FILES_PER_REQUEST = 500
LAST_NUMBER = 2**31 - 1
LATEST_MS = 253402300799000  # the last second of the year 9999

WriterName = Annotated[str, Path(pattern="^[0-9a-f]{16}$", examples=["9f86d081884c7d65"])]


class ImportedVersion(BaseModel):
    """What an import knows of a version: its number, which it gets if that is free, and its times.

    Its aliases are those that are given, and no others; without `made_ms` the run is not said to have made it.
    """

    version: int = Field(ge=1, le=2**31 - 1)
    created_ms: int = Field(ge=0, le=LATEST_MS)
    made_ms: int | None = Field(ge=0, le=LATEST_MS)


class AnnouncedArtifact(BaseModel):
    """The file is the manifest of a version of this artifact."""

    name: str = Field(min_length=1, max_length=1000)
    aliases: list[Annotated[str, Field(min_length=1, max_length=255)]] = Field([], max_length=100)
    description: str | None = Field(None, max_length=100_000)
    metadata: dict[str, Any] | None = None
    imported: ImportedVersion | None = None


class AnnouncedFile(BaseModel):
    """A file that will be sent, by the number that the journal refers to it with."""

    model_config = ConfigDict(extra="ignore")

    number: int = Field(ge=0, le=LAST_NUMBER)
    size: int = Field(ge=0, le=FILE_BYTES)
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$", description="absent only where the file is lost")
    lost: str | None = Field(None, max_length=10_000, description="why the file will never come")
    problem: str | None = Field(None, max_length=10_000, description="what happened to the file, to be shown with it")
    artifact: AnnouncedArtifact | None = None
    created_ms: int | None = Field(None, ge=0, le=LATEST_MS, description="of an import: when it was announced first")


class AnnouncedFiles(BaseModel):
    """Files of one writer."""

    files: list[AnnouncedFile] = Field(max_length=FILES_PER_REQUEST)


class FileProgress(BaseModel):
    """`have`: nothing more is wanted of this file. Else the server wants it from byte `offset` on."""

    number: int
    have: bool
    offset: int


class FileProgressList(BaseModel):
    """In the order of the request."""

    files: list[FileProgress]


@router.post("/files/{writer}")
def announce_files(request: Request, writer: WriterName, announced: AnnouncedFiles) -> FileProgressList:
    """Say which files come. A content that the server has from anybody need not be sent."""
    services: Services = request.app.state.services
    progress = services.uploads.announce(writer, [_announcement(item) for item in announced.files])
    return FileProgressList(files=[_progress(item) for item in progress])


@router.patch(
    "/files/{writer}/{number}",
    openapi_extra={
        "requestBody": {
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
            "required": True,
        }
    },
)
async def receive_part(
    request: Request,
    writer: WriterName,
    number: Annotated[int, Path(ge=0, le=LAST_NUMBER)],
    offset: Annotated[int, Query(ge=0, le=FILE_BYTES)],
) -> FileProgress:
    """Take in a part of an announced file, and answer once it is durable."""
    services: Services = request.app.state.services
    data = await _body(request, PART_BYTES)
    return _progress(await run_in_threadpool(services.uploads.receive, writer, number, offset, data))


def _announcement(item: AnnouncedFile) -> Announcement:
    artifact = None if item.artifact is None else item.artifact.model_dump()
    return Announcement(item.number, item.size, item.sha256, item.lost, item.problem, artifact, item.created_ms)


def _progress(progress: Progress) -> FileProgress:
    return FileProgress(number=progress.number, have=progress.have, offset=progress.offset)


async def _body(request: Request, limit: int) -> bytes:
    """The body of a request that has a limit of its own; raises `TooLargeError`."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise TooLargeError(
                f"A request of more than {limit:,} bytes is over the limit. Nothing was stored; send less at a time."
            )
        parts.append(part)
    return b"".join(parts)
