"""The models of a project, each with its versions and their stages; and the project's own data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from fastapi import APIRouter, Request
from starlette.responses import Response

from tidelog_server.clock import now_ms
from tidelog_server.pages.problems import PageRoute
from tidelog_server.pages.templating import render
from tidelog_server.runs.kinds import find_model
from tidelog_server.runs.projects import Project, find_project
from tidelog_server.runs.runs import Run, as_run, select_runs
from tidelog_server.tables import attributes, paths, runs

router = APIRouter(route_class=PageRoute)

LISTED = 1_000
STAGE = "sys/stage"
PRODUCTION = "production"


@dataclass(frozen=True)
class ModelLine:
    """A model, how many versions it has, and the newest one in production."""

    run: Run
    versions: int
    production: str


@dataclass(frozen=True)
class ModelsPage:
    """The context of pages/models.html. `data` is the project's own, None while nothing is logged to it."""

    project: Project
    models: tuple[ModelLine, ...]
    has_more: bool
    data: Run | None
    now_ms: int


@dataclass(frozen=True)
class VersionLine:
    """A version of a model, and its stage."""

    run: Run
    stage: str


@dataclass(frozen=True)
class ModelPage:
    """The context of pages/model.html."""

    project: Project
    model: Run
    versions: tuple[VersionLine, ...]
    has_more: bool
    now_ms: int


@router.get("/projects/{project:path}/models")
def show_models(request: Request, project: str) -> Response:
    """All models of a project."""
    with request.app.state.database.read() as connection:
        found = find_project(connection, project)
        models = _runs(connection, runs.c.project_id == found.id, runs.c.kind == "model")
        own = _runs(connection, runs.c.project_id == found.id, runs.c.kind == "project")
        ids = [model.id for model in models[:LISTED]]
        versions, production = _versions(connection, ids), _in_production(connection, found.id, ids)
    lines = tuple(
        ModelLine(model, versions.get(model.id, 0), production.get(model.id, "")) for model in models[:LISTED]
    )
    has_more, data = len(models) > LISTED, own[0] if own else None
    page = ModelsPage(project=found, models=lines, has_more=has_more, data=data, now_ms=now_ms())
    return render(request, "pages/models.html", page)


@router.get("/projects/{project:path}/models/{label}")
def show_model(request: Request, project: str, label: str) -> Response:
    """A model with its versions, the newest first."""
    with request.app.state.database.read() as connection:
        found = find_project(connection, project)
        model = find_model(connection, label)
        versions = _runs(connection, runs.c.parent_id == model.id)
        stages = _stages(connection, found.id, [version.id for version in versions[:LISTED]])
    lines = tuple(VersionLine(version, stages.get(version.id, "none")) for version in versions[:LISTED])
    has_more = len(versions) > LISTED
    page = ModelPage(project=found, model=model, versions=lines, has_more=has_more, now_ms=now_ms())
    return render(request, "pages/model.html", page)


def _runs(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> list[Run]:
    """What is not in the trash, the newest first; one more than is listed, where there is more."""
    query = select_runs().where(*conditions, runs.c.trashed_ms.is_(None)).order_by(runs.c.id.desc()).limit(LISTED + 1)
    return [as_run(row) for row in connection.execute(query)]


def _versions(connection: sa.Connection, model_ids: Sequence[int]) -> dict[int, int]:
    """How many versions each of these models has."""
    query = sa.select(runs.c.parent_id, sa.func.count()).where(_is_version(model_ids)).group_by(runs.c.parent_id)
    return dict(connection.execute(query).all())


def _in_production(connection: sa.Connection, project_id: int, model_ids: Sequence[int]) -> dict[int, str]:
    """The label of the newest version of each of these models that is in production."""
    newest = (
        sa.select(sa.func.max(runs.c.id))
        .join(attributes, attributes.c.run_id == runs.c.id)
        .join(paths, paths.c.id == attributes.c.path_id)
        .where(_is_version(model_ids), paths.c.project_id == project_id, paths.c.path == STAGE)
        .where(attributes.c.text == PRODUCTION)
        .group_by(runs.c.parent_id)
    )
    query = sa.select(runs.c.parent_id, runs.c.label).where(runs.c.id.in_(newest))
    return dict(connection.execute(query).all())


def _is_version(model_ids: Sequence[int]) -> sa.ColumnElement[bool]:
    """Whether something is a version of one of these models, and not in the trash."""
    return runs.c.parent_id.in_(model_ids) & runs.c.trashed_ms.is_(None)


def _stages(connection: sa.Connection, project_id: int, run_ids: Sequence[int]) -> dict[int, str]:
    query = (
        sa.select(attributes.c.run_id, attributes.c.text)
        .join(paths, paths.c.id == attributes.c.path_id)
        .where(paths.c.project_id == project_id, paths.c.path == STAGE, attributes.c.run_id.in_(run_ids))
    )
    return {row.run_id: row.text for row in connection.execute(query)}
