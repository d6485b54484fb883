"""Find artifacts: their versions, aliases, files, and which runs made and used them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tidelog_server.artifacts import manifests
from tidelog_server.errors import ArtifactNotFoundError, InvalidRequestError
from tidelog_server.files.media_types import extension_of, media_type_of
from tidelog_server.files.reading import RunFile
from tidelog_server.runs.projects import find_project
from tidelog_server.runs.runs import is_there
from tidelog_server.tables import (
    artifact_aliases,
    artifact_files,
    artifact_links,
    artifact_versions,
    artifacts,
    blobs,
    projects,
    runs,
)

PAGE_FILES = 1_000
PAGE_VERSIONS = 100
VERSIONS_SHOWN = 500
ARTIFACTS_SHOWN = 1_000


@dataclass(frozen=True)
class Version:
    """A version of an artifact; `id` tells versions of all artifacts apart."""

    id: int
    project: str
    name: str
    version: int
    hash: str
    files: int
    bytes: int
    description: str | None
    metadata: dict[str, Any] | None
    created_ms: int
    aliases: tuple[str, ...]


@dataclass(frozen=True)
class ArtifactSummary:
    """An artifact in a list, with its newest version."""

    name: str
    versions: int
    version: int
    files: int
    bytes: int
    created_ms: int


@dataclass(frozen=True)
class Link:
    """A run that made or used a version."""

    role: str
    run: str
    name: str
    version: int
    created_ms: int
    version_id: int


@dataclass(frozen=True)
class LinkedVersion(Version):
    """A version with the runs that made or used it, the oldest link first."""

    links: tuple[Link, ...]


@dataclass(frozen=True)
class ArtifactFile:
    """A file of a version; `key` is where an uploaded one lies, if it has arrived."""

    name: str
    hash: str
    hash_kind: str
    bytes: int
    modified_ms: int | None
    location: str | None
    key: str | None

    def as_run_file(self) -> RunFile:
        """The file as it is served."""
        extension = extension_of(self.name)
        return RunFile(
            name=self.name,
            extension=extension,
            media_type=media_type_of(extension),
            description=None,
            size=self.bytes,
            state="expected" if self.key is None else "received",
            problem=None,
            sha256=self.hash,
            key=self.key,
            created_ms=None,
            modified_ms=self.modified_ms,
        )


def list_artifacts(connection: sa.Connection, project: str) -> list[ArtifactSummary]:
    """The artifacts of a project by name."""
    found = find_project(connection, project)
    newest = (
        sa.select(artifact_versions.c.artifact_id, sa.func.max(artifact_versions.c.version).label("version"))
        .group_by(artifact_versions.c.artifact_id)
        .subquery()
    )
    query = (
        sa.select(
            artifacts.c.name,
            artifacts.c.last_version,
            artifact_versions.c.version,
            artifact_versions.c.files,
            artifact_versions.c.bytes,
            artifact_versions.c.created_ms,
        )
        .join(newest, newest.c.artifact_id == artifacts.c.id)
        .join(
            artifact_versions,
            (artifact_versions.c.artifact_id == artifacts.c.id) & (artifact_versions.c.version == newest.c.version),
        )
        .where(artifacts.c.project_id == found.id)
        .order_by(artifacts.c.name)
        .limit(ARTIFACTS_SHOWN)
    )
    return [ArtifactSummary(*row) for row in connection.execute(query)]


def versions_of(connection: sa.Connection, project: str, name: str) -> list[Version]:
    """The versions of an artifact, newest first; raises `ArtifactNotFoundError` if there is none."""
    query = _select_versions().where(projects.c.name == project, artifacts.c.name == name)
    rows = connection.execute(query.order_by(artifact_versions.c.version.desc()).limit(VERSIONS_SHOWN)).all()
    if not rows:
        raise ArtifactNotFoundError(f"The project {project[:80]!r} has no artifact {name[:80]!r}.")
    return _with_aliases(connection, rows)


def find_version(connection: sa.Connection, project: str, name: str, version: str) -> Version:
    """The version of this number (3 or v3), hash or alias; raises `ArtifactNotFoundError`."""
    query = _select_versions().where(projects.c.name == project, artifacts.c.name == name)
    aliased = sa.select(artifact_aliases.c.version_id).where(
        artifact_aliases.c.artifact_id == artifacts.c.id, artifact_aliases.c.alias == version
    )
    conditions = [artifact_versions.c.id.in_(aliased), artifact_versions.c.hash == version]
    if re.fullmatch(r"v?\d{1,9}", version):
        conditions.append(artifact_versions.c.version == int(version.lstrip("v")))
    row = None
    if "\x00" not in f"{project}{name}{version}":
        row = connection.execute(query.where(sa.or_(*conditions)).limit(1)).one_or_none()
    if row is None:
        raise ArtifactNotFoundError(
            f"The project {project[:80]!r} has no version {version[:80]!r} of an artifact {name[:80]!r}. Versions are "
            "numbers such as v3, or aliases such as latest."
        )
    return _with_aliases(connection, [row])[0]


def files_of(
    connection: sa.Connection, version_id: int, *, after: str | None = None, limit: int = PAGE_FILES
) -> tuple[list[ArtifactFile], str | None]:
    """The files of a version by name, and the `after` of the next page."""
    query = _select_files().where(artifact_files.c.version_id == version_id)
    if after is not None:
        query = query.where(artifact_files.c.name > after)
    rows = connection.execute(query.order_by(artifact_files.c.name).limit(limit + 1)).all()
    found = [ArtifactFile(*row) for row in rows[:limit]]
    return found, found[-1].name if len(rows) > limit else None


def find_file(connection: sa.Connection, version: Version, name: str) -> ArtifactFile:
    """One file of a version."""
    query = _select_files().where(artifact_files.c.version_id == version.id, artifact_files.c.name == name)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise ArtifactNotFoundError(f"Version {version.version} of {version.name[:80]!r} has no file {name[:200]!r}.")
    return ArtifactFile(*row)


def lineage(connection: sa.Connection, version_ids: Iterable[int]) -> list[Link]:
    """The runs that made and used these versions, newest first."""
    query = (
        sa.select(
            artifact_links.c.role,
            runs.c.label,
            runs.c.name,
            artifact_versions.c.version,
            artifact_links.c.created_ms,
            artifact_links.c.version_id,
        )
        .join(runs, runs.c.id == artifact_links.c.run_id)
        .join(artifact_versions, artifact_versions.c.id == artifact_links.c.version_id)
        .where(artifact_links.c.version_id.in_(list(version_ids)))
        .order_by(artifact_links.c.created_ms.desc(), runs.c.id.desc())
        .limit(VERSIONS_SHOWN)
    )
    return [Link(*row) for row in connection.execute(query)]


def catalogue(connection: sa.Connection, project: str, after: int) -> tuple[list[LinkedVersion], int | None]:
    """The versions of all artifacts of a project in the order of their making, a page behind the version `after`, and
    where the next page begins.
    """
    project_id = find_project(connection, project).id
    query = _select_versions().where(artifacts.c.project_id == project_id, artifact_versions.c.id > after)
    rows = connection.execute(query.order_by(artifact_versions.c.id).limit(PAGE_VERSIONS + 1)).all()
    found = _with_aliases(connection, rows[:PAGE_VERSIONS])
    links: dict[int, list[Link]] = {version.id: [] for version in found}
    columns = (artifact_links.c.version_id, artifact_links.c.role, runs.c.label, runs.c.name)
    linked = (
        sa.select(*columns, artifact_versions.c.version, artifact_links.c.created_ms)
        .join(runs, runs.c.id == artifact_links.c.run_id)
        .join(artifact_versions, artifact_versions.c.id == artifact_links.c.version_id)
        .where(artifact_links.c.version_id.in_(list(links)), is_there())
        .order_by(artifact_links.c.version_id, artifact_links.c.created_ms, artifact_links.c.role, runs.c.id)
    )
    for version_id, role, run, name, version, created_ms in connection.execute(linked):
        links[version_id].append(Link(role, run, name, version, created_ms, version_id))
    linked_versions = [LinkedVersion(**vars(version), links=tuple(links[version.id])) for version in found]
    return linked_versions, found[-1].id if len(rows) > PAGE_VERSIONS else None


def of_run(connection: sa.Connection, run_id: int) -> list[tuple[str, Version]]:
    """The versions that a run made or used, with its role."""
    links = sa.select(artifact_links.c.version_id, artifact_links.c.role).where(artifact_links.c.run_id == run_id)
    roles = list(connection.execute(links.order_by(artifact_links.c.role).limit(VERSIONS_SHOWN)))
    query = _select_versions().where(artifact_versions.c.id.in_([version_id for version_id, _ in roles]))
    found = {version.id: version for version in _with_aliases(connection, connection.execute(query).all())}
    linked = [(role, found[version_id]) for version_id, role in roles]
    return sorted(linked, key=lambda pair: (pair[0], pair[1].name, pair[1].version))


def set_alias(connection: sa.Connection, project: str, name: str, version: str, alias: str) -> Version:
    """Let an alias name this version from now on."""
    if (
        not alias
        or ":" in alias
        or not alias.isprintable()
        or re.fullmatch(r"v?\d+", alias)
        or alias == manifests.LATEST
    ):
        raise InvalidRequestError(
            f"{alias[:80]!r} cannot be an alias: it is empty, a number, reserved, or not printable."
        )
    found = find_version(connection, project, name, version)
    artifact_id = connection.scalar(
        sa.select(artifact_versions.c.artifact_id).where(artifact_versions.c.id == found.id)
    )
    manifests.point_alias(connection, int(artifact_id or 0), alias, found.id)
    return find_version(connection, project, name, f"v{found.version}")


def _select_versions() -> sa.Select[Any]:
    return (
        sa.select(
            artifact_versions.c.id,
            projects.c.name.label("project"),
            artifacts.c.name,
            artifact_versions.c.version,
            artifact_versions.c.hash,
            artifact_versions.c.files,
            artifact_versions.c.bytes,
            artifact_versions.c.description,
            artifact_versions.c.metadata,
            artifact_versions.c.created_ms,
        )
        .join(artifacts, artifacts.c.id == artifact_versions.c.artifact_id)
        .join(projects, projects.c.id == artifacts.c.project_id)
    )


def _select_files() -> sa.Select[Any]:
    columns = [artifact_files.c[name] for name in ("name", "hash", "hash_kind", "bytes", "modified_ms", "location")]
    return sa.select(*columns, blobs.c.key).select_from(
        artifact_files.outerjoin(blobs, blobs.c.id == artifact_files.c.blob_id)
    )


def _with_aliases(connection: sa.Connection, rows: Sequence[Any]) -> list[Version]:
    aliases: dict[int, list[str]] = {}
    query = sa.select(artifact_aliases.c.version_id, artifact_aliases.c.alias).where(
        artifact_aliases.c.version_id.in_([row.id for row in rows])
    )
    for version_id, alias in connection.execute(query.order_by(artifact_aliases.c.alias)):
        aliases.setdefault(version_id, []).append(alias)
    return [
        Version(
            **{**row._mapping, "metadata": json.loads(row.metadata) if row.metadata else None},
            aliases=tuple(aliases.get(row.id, ())),
        )
        for row in rows
    ]
