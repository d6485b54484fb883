"""One run, and its attributes, as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from tidelog_server.api.frames import json_number
from tidelog_server.api.positions import Position, place_of, position_of
from tidelog_server.runs import attributes, events, requests, runs, system
from tidelog_server.runs.system import STAGES, TAGS, TEXT_CHARACTERS
from tidelog_server.series import deletion
from tidelog_server.series.points import STEP_UNITS
from tidelog_server.services import Services
from tidelog_server.tables import ATTRIBUTE_TYPES
from tidelog_server.urls import run_url

router = APIRouter(tags=["runs"])

AttributeType = Annotated[str, Field(pattern=f"^({'|'.join(ATTRIBUTE_TYPES)})$")]


class RunOut(BaseModel):
    """A run. `points` counts every point received, overwritten ones too. Times are milliseconds since 1970 UTC."""

    run_id: int
    label: str
    key: str
    project: str
    name: str
    state: str
    error: str | None
    created_ms: int
    ended_ms: int | None
    seen_ms: int
    points: int
    dropped: int = Field(description="records that a full disk refused on the client")
    kind: str = Field(description="run, project, model or model_version")
    modified_ms: int | None
    ran_ms: int = Field(description="how long its processes lived, up to `running_since_ms` where that is not null")
    running_since_ms: int | None
    trashed_ms: int | None = Field(description="when it was put in the trash")
    requested: str | None = Field(description="what a person asked of the job: stop or abort")
    bytes: int = Field(description="what it takes on the server, as last counted")
    series_bytes: int
    attribute_bytes: int
    file_bytes: int
    fork_run: str | None = Field(description="label of the run whose history this one inherits")
    fork_step: float | None = Field(description="the greatest step that is inherited")
    model: str | None = Field(description="label of a model version's model")
    url: str


class RunEdit(BaseModel):
    """What people may change of a run. What is not named stays as it is; null or an empty text takes it away."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, max_length=1_000)
    description: str | None = Field(None, max_length=TEXT_CHARACTERS)
    tags: list[str] | None = Field(None, max_length=TAGS)
    group_tags: list[str] | None = Field(None, max_length=TAGS)
    stage: str | None = Field(None, description="of a model version", examples=list(STAGES))


class RunRequest(BaseModel):
    """What is asked of all processes of a run; null takes it back."""

    request: Literal["stop", "abort"] | None


class AttributeOut(BaseModel):
    """An attribute. For a series `value` is the last one, and the further fields are its aggregates; of a text only
    the beginning is given, of a histogram what it amounts to.

    NaN and infinities are given as the texts "NaN", "Infinity" and "-Infinity"; datetimes in ISO 8601.
    """

    path: str
    type: str
    value: Any
    points: int | None = None
    last: float | str | None = None
    last_step: float | None = None
    min: float | None = None
    max: float | None = None
    mean: float | str | None = None
    variance: float | str | None = None


class AttributeList(BaseModel):
    """Attributes, sorted by path. `next` is the `after` of the next page, null at the end."""

    attributes: list[AttributeOut]
    next: str | None


@router.get("/runs")
def find_run(
    request: Request,
    project: Annotated[str, Query(max_length=255)],
    key: Annotated[str, Query(max_length=255)],
    kind: Literal["run", "project", "model", "model_version"] = "run",
) -> RunOut:
    """The run that a client named by `custom_run_id`."""
    with request.app.state.database.read() as connection:
        return as_json(runs.find_run_by_key(connection, project, key, kind))


@router.get("/runs/{label}")
def read_run(request: Request, label: str) -> RunOut:
    """One run, by label such as MNIST-3."""
    with request.app.state.database.read() as connection:
        return as_json(runs.find_run(connection, label))


@router.patch("/runs/{label}")
def edit_run(request: Request, label: str, wanted: RunEdit) -> RunOut:
    """Change the name, the description, the tags or the stage of a run."""
    services: Services = request.app.state.services
    with services.database.read() as connection:
        run = runs.find_run(connection, label)
    services.folder.fold(run.id)  # what was logged before this request must not undo it
    with services.database.write() as connection:
        system.edit(connection, run, wanted.model_dump(exclude_unset=True))
        return as_json(runs.find_run(connection, label))


@router.post("/runs/{label}/request")
def ask_of_run(request: Request, label: str, wanted: RunRequest) -> RunOut:
    """Ask a running job to stop, or to abort. Its processes hear of it within a heartbeat (5 s), mostly within 1 s."""
    with request.app.state.database.write() as connection:
        requests.ask(connection, runs.find_run(connection, label), wanted.request)
        return as_json(runs.find_run(connection, label))


@router.get("/runs/{label}/attributes", response_model_exclude_unset=True)
def read_attributes(
    request: Request,
    label: str,
    prefix: Annotated[str, Query(max_length=1024)] = "",
    type: Annotated[list[AttributeType] | None, Query(description="of these types only")] = None,
    after: Annotated[str, Query(max_length=1024, description="`next` of the page before")] = "",
    limit: Annotated[int, Query(ge=1, le=attributes.PAGE)] = attributes.PAGE,
) -> AttributeList:
    """The attributes at or below a path, everything included that was acknowledged before the request."""
    services: Services = request.app.state.services
    with services.database.read() as connection:
        run = runs.find_run(connection, label)
    services.folder.fold_lineage(run.id)
    with services.database.read() as connection:
        run = runs.find_run(connection, label)
        part = attributes.Part(prefix.strip("/"), tuple(type or ()), after, limit + 1)
        found = system.attributes_in(connection, run, part)
    following = found[limit - 1].path if len(found) > limit else None
    return AttributeList(attributes=[_attribute(attribute) for attribute in found[:limit]], next=following)


class AttributesDeleted(BaseModel):
    """How many attributes were deleted."""

    attributes: int


@router.delete("/runs/{label}/attributes")
def delete_attributes(
    request: Request, label: str, path: Annotated[str, Query(min_length=1, max_length=1024)]
) -> AttributesDeleted:
    """Delete what a run has at a path and below it, for good. What its processes log there later begins anew."""
    services: Services = request.app.state.services
    wanted = deletion.path_of(path)
    with services.database.read() as connection:
        run = runs.find_run(connection, label)
    return AttributesDeleted(attributes=deletion.delete_at(services.folder, run, wanted))


@router.post("/runs/{label}/empty")
def empty_run(request: Request, label: str) -> AttributesDeleted:
    """Delete what imports brought to a run, before a newer export of it takes its place; events stay."""
    services: Services = request.app.state.services
    with services.database.read() as connection:
        run = runs.find_run(connection, label)
    return AttributesDeleted(attributes=deletion.empty(services.folder, run))


class EventOut(BaseModel):
    """Something that happened: an alert or an event that the job told of, a comment, or a notice of the server."""

    id: int
    kind: str = Field(examples=["alert", "event", "comment", "notice"])
    level: str = Field(examples=["info", "warning", "error"])
    time_ms: int
    step: float | None
    step_millionths: int | None
    title: str
    text: str
    author: str | None


class EventList(BaseModel):
    """Events, newest first. `next` is the `before` of the next page, null at the end."""

    events: list[EventOut]
    next: str | None


@router.get("/runs/{label}/events")
def read_events(
    request: Request,
    label: str,
    before: Position = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> EventList:
    """The events of a run, as soon as they are acknowledged; notices after the next fold."""
    with request.app.state.database.read() as connection:
        run = runs.find_run(connection, label)
        found = events.events_of(connection, run.id, before=place_of(before), limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return EventList(
        events=[_event(event) for event in found[:limit]],
        next=None if last is None else position_of(last.time_ms, last.id),
    )


def _event(event: events.StoredEvent) -> EventOut:
    step = None if event.step is None else event.step / STEP_UNITS
    values = {**vars(event), "step": step, "step_millionths": event.step}
    return EventOut(**{name: values[name] for name in EventOut.model_fields})


def as_json(run: runs.Run) -> RunOut:
    """A run as the API gives it."""
    values = asdict(run)
    fork_step = values.pop("fork_step")
    return RunOut(
        run_id=values.pop("id"),
        url=run_url(run),
        bytes=run.bytes,
        fork_run=run.fork_label,
        model=run.model_label,
        fork_step=None if fork_step is None else fork_step / STEP_UNITS,
        **{name: values[name] for name in RunOut.model_fields if name in values},
    )


def _attribute(attribute: attributes.Attribute) -> AttributeOut:
    fields: dict[str, Any] = {"path": attribute.path, "type": attribute.type, "value": _json_value(attribute.value)}
    if attribute.series is not None:
        fields.update({name: _json_value(value) for name, value in vars(attribute.series).items()})
    if attribute.extent is not None:
        fields.update(vars(attribute.extent))
    return AttributeOut(**fields)


def _json_value(value: Any) -> Any:
    return json_number(value) if isinstance(value, float) else value
