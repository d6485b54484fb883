"""The wire of the journal: writers register, send batches, and are closed. See docs/reference/journal.md."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool

from tidelog_server.errors import InvalidRequestError, TooLargeError, UnavailableError
from tidelog_server.ingest.receiver import BODY_BYTES, Received, Receiver
from tidelog_server.runs import writers
from tidelog_server.runs.runs import Run, runs_by_id
from tidelog_server.services import Services
from tidelog_server.urls import run_url

router = APIRouter(tags=["journal"])

MEDIA_TYPE = "application/vnd.tidelog.journal"
REGISTRATION_TRIES = 3
LATEST_MS = 253402300799000  # the last second of the year 9999

WriterName = Annotated[str, Path(pattern="^[0-9a-f]{16}$", examples=["9f86d081884c7d65"])]


class NewWriter(BaseModel):
    """A process that wants to log to a run, named by exactly one of `run_key` and `with_id`."""

    model_config = ConfigDict(extra="ignore")

    project: str = Field(min_length=1, max_length=255, examples=["mnist"])
    run_key: str | None = Field(None, min_length=1, max_length=255, description="the client's own id of the run")
    with_id: str | None = Field(
        None, min_length=1, max_length=100, description="label of an existing run", examples=["MNIST-3"]
    )
    writer: str = Field(pattern="^[0-9a-f]{16}$", description="random id of this process in this run")
    created_ms: int = Field(ge=0, le=LATEST_MS, description="milliseconds since 1970 UTC, by the client's clock")
    host: str | None = Field(None, max_length=255)
    pid: int | None = Field(None, ge=0, le=2**62)
    name: str | None = Field(None, max_length=1000)
    kind: Literal["run", "project", "model", "model_version"] = "run"
    model: str | None = Field(
        None, min_length=1, max_length=100, description="of a model version", examples=["MNIST-NET"]
    )
    fork_run: str | None = Field(
        None, min_length=1, max_length=100, description="label of the run that a new one is forked from"
    )
    fork_step: float | None = Field(None, ge=-4e12, le=4e12, allow_inf_nan=False, description="of a fork")
    ended_ms: int | None = Field(
        None, ge=0, le=LATEST_MS, description="when the process ended, if it was over before its journal was sent"
    )
    origin: str | None = Field(
        None, pattern="^[0-9a-f]{16}$", description="of an import: the writer's name where it was exported"
    )
    attempt: int | None = Field(None, ge=0, le=2**31 - 1, description="of an import: as it was")
    number: int | None = Field(None, ge=1, le=2**31 - 1, description="of an import: in the label, if that is free")
    project_key: str | None = Field(
        None, pattern="^[A-Z][A-Z0-9]{0,31}$", description="of an import: the prefix of labels, if the project is new"
    )
    requested: Literal["stop", "abort"] | None = Field(None, description="of an import: what was asked of the job")


class RegisteredWriter(BaseModel):
    """Where to go on: `offset` is where the server's copy of the writer's stream ends."""

    run_id: int
    run: str
    run_key: str
    project: str
    offset: int
    url: str


class Acknowledgement(BaseModel):
    """Everything before `offset` is committed to disk. `request` is what a person asks of the job."""

    offset: int
    request: Literal["stop", "abort"] | None = None


class Closing(BaseModel):
    """How a writer ended that could not say so itself."""

    state: Literal["crashed"]
    ended_ms: int | None = Field(None, ge=0, le=LATEST_MS)


@router.post("/writers")
def register_writer(request: Request, new: NewWriter) -> RegisteredWriter:
    """Register a writer; the project and the run are made where they are new. Idempotent."""
    services: Services = request.app.state.services
    registration = writers.Registration(**new.model_dump())
    for _ in range(REGISTRATION_TRIES):
        try:
            writer = services.committer.commit(lambda connection: writers.register(connection, registration))
            break
        except IntegrityError:  # two processes made the same project or run at the same moment: now it is there
            continue
    else:
        raise UnavailableError("Others register at the same moment. Nothing was stored; try again.")
    with services.database.read() as connection:
        [run] = runs_by_id(connection, [writer.run_id])
    return _registered(run, writer)


def _registered(run: Run, writer: writers.Writer) -> RegisteredWriter:
    return RegisteredWriter(
        run_id=run.id, run=run.label, run_key=run.key, project=run.project, offset=writer.position, url=run_url(run)
    )


@router.post(
    "/journal/{writer}",
    openapi_extra={
        "requestBody": {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}, "required": True}
    },
)
async def receive_batch(
    request: Request, writer: WriterName, offset: Annotated[int, Query(ge=0, le=2**62)]
) -> Acknowledgement:
    """Take in a batch of journal bytes that starts at `offset`, and answer once it is on disk. An empty body is a
    heartbeat.
    """
    receiver: Receiver = request.app.state.services.receiver
    received: Received = await run_in_threadpool(receiver.receive, writer, offset, await _body(request))
    return Acknowledgement.model_construct(offset=received.position, request=received.request)


@router.post("/writers/{writer}/close")
def close_writer(request: Request, writer: WriterName, closing: Closing) -> Acknowledgement:
    """Record that a writer died without saying so; sent once its whole journal is home."""
    services: Services = request.app.state.services
    with services.database.read() as connection:
        found = writers.find_writer(connection, writer)
    services.committer.commit(lambda connection: writers.close_silent(connection, found, ended_ms=closing.ended_ms))
    services.schedule.note(Received(found.position, found.run_id, state_changed=True))
    return Acknowledgement(offset=found.position)


async def _body(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > BODY_BYTES:
            raise TooLargeError(
                f"A batch of more than {BODY_BYTES:,} bytes is over the limit. Nothing was stored; send less at a time."
            )
        parts.append(part)
    if size and kind != MEDIA_TYPE:
        raise InvalidRequestError(f"The content type is {kind[:80]!r}; a batch has {MEDIA_TYPE}. Nothing was stored.")
    return b"".join(parts)
