"""One run, and its attributes, as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from tidelog_server.api.frames import json_number
from tidelog_server.runs import attributes, runs
from tidelog_server.services import Services
from tidelog_server.urls import run_url

router = APIRouter(tags=["runs"])


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
    url: str


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
    """Attributes, sorted by path."""

    attributes: list[AttributeOut]


@router.get("/runs")
def find_run(
    request: Request,
    project: Annotated[str, Query(max_length=255)],
    key: Annotated[str, Query(max_length=255)],
) -> RunOut:
    """The run that a client named by `custom_run_id`."""
    with request.app.state.database.read() as connection:
        return as_json(runs.find_run_by_key(connection, project, key))


@router.get("/runs/{label}")
def read_run(request: Request, label: str) -> RunOut:
    """One run, by label such as MNIST-3."""
    with request.app.state.database.read() as connection:
        return as_json(runs.find_run(connection, label))


@router.get("/runs/{label}/attributes", response_model_exclude_unset=True)
def read_attributes(request: Request, label: str, prefix: Annotated[str, Query(max_length=1024)] = "") -> AttributeList:
    """The attributes at or below a path, everything included that was acknowledged before the request."""
    services: Services = request.app.state.services
    with services.database.read() as connection:
        run = runs.find_run(connection, label)
    services.folder.fold(run.id)
    with services.database.read() as connection:
        found = attributes.attributes_of(connection, run.id, prefix.strip("/"))
    return AttributeList(attributes=[_attribute(attribute) for attribute in found])


def as_json(run: runs.Run) -> RunOut:
    """A run as the API gives it."""
    values = asdict(run)
    return RunOut(
        run_id=values.pop("id"),
        url=run_url(run),
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
