"""Artifacts as JSON: a project's, the versions of one, their files, and who uses them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from tidelog_server.api.run_files import respond
from tidelog_server.artifacts import artifacts, manifests
from tidelog_server.artifacts.artifacts import ArtifactSummary, Link, LinkedVersion, Version
from tidelog_server.runs.runs import find_run
from tidelog_server.services import Services

router = APIRouter(tags=["artifacts"])

Project = Annotated[str, Query(min_length=1, max_length=255)]
Name = Annotated[str, Query(min_length=1, max_length=1000)]
VersionName = Annotated[str, Query(max_length=255, description="a number such as v3, or an alias")]
Hash = Annotated[str | None, Query(max_length=64, description="in place of the version")]


class ArtifactList(BaseModel):
    """Artifacts by name."""

    artifacts: list[ArtifactSummary]


class VersionList(BaseModel):
    """The versions of an artifact, newest first, and the runs that made or used them."""

    versions: list[Version]
    lineage: list[Link]


class Catalogue(BaseModel):
    """Versions in the order in which they were made here; `next` is the `after` of the following page."""

    versions: list[LinkedVersion]
    next: int | None


class ArtifactFileOut(BaseModel):
    """A file of a version. `location` says where a tracked one lies; an uploaded one has none."""

    name: str
    hash: str
    hash_kind: str
    size: int
    modified_ms: int | None
    location: str | None
    here: bool = Field(description="whether its content is on the server")


class ArtifactFileList(BaseModel):
    """Files by name; `next` is the `after` of the following page."""

    files: list[ArtifactFileOut]
    next: str | None


class Use(BaseModel):
    """A run uses a version."""

    project: str = Field(min_length=1, max_length=255)
    name: str = Field(min_length=1, max_length=1000)
    version: str = Field(manifests.LATEST, min_length=1, max_length=255)
    run: str = Field(min_length=1, max_length=100)
    created_ms: int | None = Field(None, ge=0, le=2**62, description="of an import: when it was used first")


class Alias(BaseModel):
    """An alias that is to name a version."""

    project: str = Field(min_length=1, max_length=255)
    name: str = Field(min_length=1, max_length=1000)
    version: str = Field(min_length=1, max_length=255)
    alias: str = Field(min_length=1, max_length=255)


@router.get("/artifacts")
def list_artifacts(request: Request, project: Project) -> ArtifactList:
    """The artifacts of a project."""
    with request.app.state.database.read() as connection:
        return ArtifactList(artifacts=artifacts.list_artifacts(connection, project))


@router.get("/artifacts/catalogue")
def list_all_versions(
    request: Request, project: Project, after: Annotated[int, Query(ge=0, le=2**62)] = 0
) -> Catalogue:
    """All versions of all artifacts of a project with all their links, as an export needs them, in pages."""
    with request.app.state.database.read() as connection:
        found, following = artifacts.catalogue(connection, project, after)
    return Catalogue(versions=found, next=following)


@router.get("/artifacts/versions")
def list_versions(request: Request, project: Project, name: Name) -> VersionList:
    """The versions of an artifact, with their lineage."""
    with request.app.state.database.read() as connection:
        found = artifacts.versions_of(connection, project, name)
        links = artifacts.lineage(connection, [version.id for version in found])
    return VersionList(versions=found, lineage=links)


@router.get("/artifacts/files")
def list_artifact_files(
    request: Request,
    project: Project,
    name: Name,
    version: VersionName = manifests.LATEST,
    hash: Hash = None,
    after: Annotated[str | None, Query(max_length=4096)] = None,
    limit: Annotated[int, Query(ge=1, le=artifacts.PAGE_FILES)] = artifacts.PAGE_FILES,
) -> ArtifactFileList:
    """The files of a version."""
    with request.app.state.database.read() as connection:
        found = artifacts.find_version(connection, project, name, hash or version)
        page, more = artifacts.files_of(connection, found.id, after=after, limit=limit)
    listed = [
        ArtifactFileOut(
            size=file.bytes,
            here=file.key is not None,
            **{name: getattr(file, name) for name in ArtifactFileOut.model_fields if name not in ("size", "here")},
        )
        for file in page
    ]
    return ArtifactFileList(files=listed, next=more)


@router.get("/artifacts/file")
def read_artifact_file(
    request: Request,
    project: Project,
    name: Name,
    file: Annotated[str, Query(min_length=1, max_length=4096)],
    version: VersionName = manifests.LATEST,
    hash: Hash = None,
    view: bool = False,
) -> Response:
    """The bytes of an uploaded file of a version."""
    with request.app.state.database.read() as connection:
        found = artifacts.find_file(
            connection, artifacts.find_version(connection, project, name, hash or version), file
        )
    return respond(request, found.as_run_file(), view=view, sha256=None)


@router.post("/artifacts/use")
def use_artifact(request: Request, use: Use) -> Version:
    """Note that a run uses a version. Idempotent."""
    services: Services = request.app.state.services

    def note(connection: Any) -> Version:
        found = artifacts.find_version(connection, use.project, use.name, use.version)
        manifests.link(connection, found.id, find_run(connection, use.run).id, "used", use.created_ms)
        return found

    return services.committer.commit(note)


@router.post("/artifacts/aliases")
def set_alias(request: Request, alias: Alias) -> Version:
    """Let an alias name this version from now on."""
    services: Services = request.app.state.services
    return services.committer.commit(
        lambda connection: artifacts.set_alias(connection, alias.project, alias.name, alias.version, alias.alias)
    )
