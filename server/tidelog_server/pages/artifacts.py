"""Artifacts: those of a project, and one with its versions, its files and the runs that made and used it."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from tidelog_server.artifacts import artifacts
from tidelog_server.artifacts.artifacts import ArtifactFile, ArtifactSummary, Link, Version
from tidelog_server.clock import now_ms
from tidelog_server.pages.addresses import artifacts_address, with_query
from tidelog_server.pages.problems import PageRoute
from tidelog_server.pages.templating import render

router = APIRouter(route_class=PageRoute)


@dataclass(frozen=True)
class ArtifactsPage:
    """The context of pages/artifacts.html."""

    project: str
    artifacts: tuple[ArtifactSummary, ...]
    now_ms: int

    @property
    def is_full(self) -> bool:
        """Whether there may be more than are listed."""
        return len(self.artifacts) >= artifacts.ARTIFACTS_SHOWN


@dataclass(frozen=True)
class ShownFile:
    """A file of a version; `download` is its address, empty where it lies elsewhere or has not arrived."""

    file: ArtifactFile
    download: str


@dataclass(frozen=True)
class ArtifactPage:
    """The context of pages/artifact.html."""

    project: str
    name: str
    version: Version
    versions: tuple[Version, ...]
    files: tuple[ShownFile, ...]
    more: str
    lineage: tuple[Link, ...]
    now_ms: int

    @property
    def is_full(self) -> bool:
        """Whether there may be more versions than are listed."""
        return len(self.versions) >= artifacts.VERSIONS_SHOWN


@router.get("/projects/{project:path}/artifacts")
def show_artifacts(
    request: Request, project: str, name: str = "", version: str = "latest", after: str = ""
) -> Response:
    """The artifacts of a project, or the one of this name."""
    if name:
        return _show_artifact(request, project, name, version, after)
    with request.app.state.database.read() as connection:
        found = artifacts.list_artifacts(connection, project)
    return render(request, "pages/artifacts.html", ArtifactsPage(project, tuple(found), now_ms()))


def _show_artifact(request: Request, project: str, name: str, version: str, after: str) -> Response:
    with request.app.state.database.read() as connection:
        chosen = artifacts.find_version(connection, project, name, version)
        versions = artifacts.versions_of(connection, project, name)
        files, more = artifacts.files_of(connection, chosen.id, after=after or None)
        lineage = artifacts.lineage(connection, [chosen.id])
    number = f"v{chosen.version}"
    page = ArtifactPage(
        project=project,
        name=name,
        version=chosen,
        versions=tuple(versions),
        files=tuple(_shown(chosen, file) for file in files),
        more=artifacts_address(project, [("name", name), ("version", number), ("after", more)]) if more else "",
        lineage=tuple(lineage),
        now_ms=now_ms(),
    )
    return render(request, "pages/artifact.html", page)


def _shown(version: Version, file: ArtifactFile) -> ShownFile:
    if file.key is None:
        return ShownFile(file, "")
    pairs = [("project", version.project), ("name", version.name), ("hash", version.hash), ("file", file.name)]
    return ShownFile(file, with_query("/api/artifacts/file", pairs))
