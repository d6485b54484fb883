"""Manifests: what a client says is in a version of an artifact. A manifest arrives as a file, and becomes the version.

JSON: `{"files": [{"name", "hash", "hash_kind": "sha256" | "etag", "size", "modified_ms"?, "location"?}]}`.
Files without a location were uploaded; their contents are blobs with that hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tidelog_server.blobs import catalogue
from tidelog_server.blobs.store import BlobStore
from tidelog_server.clock import now_ms
from tidelog_server.errors import InvalidRequestError, TooLargeError
from tidelog_server.runs.writers import Writer
from tidelog_server.tables import artifact_aliases, artifact_files, artifact_links, artifact_versions, artifacts

MANIFEST_BYTES = 256 * 1024 * 1024
NAME_CHARACTERS = 1000
ROWS_PER_STATEMENT = 2_000
LATEST = "latest"
_LAST = artifacts.c.last_version


@dataclass(frozen=True)
class Entry:
    """A file of an artifact."""

    name: str
    hash: str
    hash_kind: str
    size: int
    modified_ms: int | None
    location: str | None


@dataclass(frozen=True)
class Manifest:
    """The files of one version, sorted by name."""

    entries: tuple[Entry, ...]

    @property
    def hash(self) -> str:
        """The identity of the version: equal files under equal names are one version."""
        digest = hashlib.sha256()
        for entry in self.entries:
            digest.update(f"{entry.name}\0{entry.hash_kind}\0{entry.hash}\0{entry.size}\n".encode("utf-8", "replace"))
        return digest.hexdigest()

    @property
    def bytes(self) -> int:
        """The bytes of all files."""
        return sum(entry.size for entry in self.entries)


def read(store: BlobStore, key: str, size: int) -> Manifest:
    """The manifest that lies under this key."""
    if size > MANIFEST_BYTES:
        raise TooLargeError(
            f"A manifest of {size:,} bytes is over the limit of {MANIFEST_BYTES:,}. No version was made; track fewer "
            "files."
        )
    return parse(b"".join(store.read(key, 0, size)))


def parse(data: bytes) -> Manifest:
    """The manifest that these bytes are; raises `InvalidRequestError`."""
    try:
        entries = sorted((_entry(item) for item in json.loads(data)["files"]), key=lambda entry: entry.name)
        if len({entry.name for entry in entries}) != len(entries):
            raise ValueError("a name occurs twice")
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidRequestError(
            f"The manifest of an artifact cannot be read ({error}). No version was made."
        ) from error
    return Manifest(tuple(entries))


def register(connection: sa.Connection, writer: Writer, said: dict[str, Any], manifest: Manifest) -> int:
    """Make the version that a run's manifest describes, or find it, and note that the run made it; its id.

    `said` has `name`, `aliases`, `description` and `metadata`, and of an import `imported`, which says what the version
    was where it comes from. Registering again changes nothing.
    """
    imported = said.get("imported")
    artifact_id = _ensure_artifact(connection, writer.project_id, str(said["name"])[:NAME_CHARACTERS])
    version_id = _ensure_version(connection, artifact_id, said, manifest)
    for alias in [*([] if imported else [LATEST]), *map(str, said.get("aliases") or ())]:
        point_alias(connection, artifact_id, alias, version_id)
    if not imported:
        link(connection, version_id, writer.run_id, "made")
    elif imported["made_ms"] is not None:
        link(connection, version_id, writer.run_id, "made", imported["made_ms"])
    return version_id


def point_alias(connection: sa.Connection, artifact_id: int, alias: str, version_id: int) -> None:
    """Let the alias name this version from now on."""
    values = {"artifact_id": artifact_id, "alias": alias, "version_id": version_id}
    connection.execute(
        _insert(connection, artifact_aliases)
        .values(values)
        .on_conflict_do_update(index_elements=["artifact_id", "alias"], set_={"version_id": version_id})
    )


def link(connection: sa.Connection, version_id: int, run_id: int, role: str, created_ms: int | None = None) -> None:
    """Note that the run made or used the version, now or when an import says."""
    moment = now_ms() if created_ms is None else created_ms
    values = {"version_id": version_id, "run_id": run_id, "role": role, "created_ms": moment}
    connection.execute(_insert(connection, artifact_links).values(values).on_conflict_do_nothing())


def _ensure_artifact(connection: sa.Connection, project_id: int, name: str) -> int:
    values = {"project_id": project_id, "name": name, "created_ms": now_ms()}
    connection.execute(_insert(connection, artifacts).values(values).on_conflict_do_nothing())
    query = sa.select(artifacts.c.id).where(artifacts.c.project_id == project_id, artifacts.c.name == name)
    return int(connection.scalar(query) or 0)


def _ensure_version(connection: sa.Connection, artifact_id: int, said: dict[str, Any], manifest: Manifest) -> int:
    # The update locks the artifact's row, so that two of the same content cannot both be new.
    row = artifacts.c.id == artifact_id
    last = connection.scalar(sa.update(artifacts).where(row).values(name=artifacts.c.name).returning(_LAST))
    known = connection.scalar(
        sa.select(artifact_versions.c.id).where(
            artifact_versions.c.artifact_id == artifact_id, artifact_versions.c.hash == manifest.hash
        )
    )
    if known is not None:
        _fill_blobs(connection, known, manifest.entries)
        return int(known)
    imported = said.get("imported") or {}
    number = _number(connection, artifact_id, int(last or 0), imported.get("version"))
    connection.execute(sa.update(artifacts).where(row).values(last_version=max(int(last or 0), number)))
    values = {
        "artifact_id": artifact_id,
        "version": number,
        "hash": manifest.hash,
        "files": len(manifest.entries),
        "bytes": manifest.bytes,
        "description": said.get("description"),
        "metadata": json.dumps(said["metadata"], ensure_ascii=False) if said.get("metadata") else None,
        "created_ms": imported.get("created_ms") or now_ms(),
    }
    insert = sa.insert(artifact_versions).values(values).returning(artifact_versions.c.id)
    version_id = int(connection.scalar(insert) or 0)
    for entries, blobs in _with_blobs(connection, manifest.entries):
        rows = [
            {
                "version_id": version_id,
                "name": entry.name,
                "hash": entry.hash,
                "hash_kind": entry.hash_kind,
                "bytes": entry.size,
                "modified_ms": entry.modified_ms,
                "location": entry.location,
                "blob_id": blobs[entry.hash].id if entry.location is None and entry.hash in blobs else None,
            }
            for entry in entries
        ]
        connection.execute(sa.insert(artifact_files), rows)
    return version_id


def _number(connection: sa.Connection, artifact_id: int, last: int, wished: int | None) -> int:
    """The number of a new version: the one that an import wishes if no version has it, else the next one."""
    if wished is not None:
        has = sa.exists().where(artifact_versions.c.artifact_id == artifact_id, artifact_versions.c.version == wished)
        if not connection.scalar(sa.select(has)):
            return wished
    return last + 1


def _fill_blobs(connection: sa.Connection, version_id: int, entries: tuple[Entry, ...]) -> None:
    """Contents that did not arrive when the version was made first may be here now."""
    missing = sa.select(artifact_files.c.name).where(
        artifact_files.c.version_id == version_id,
        artifact_files.c.location.is_(None),
        artifact_files.c.blob_id.is_(None),
    )
    names = set(connection.scalars(missing))
    for some, blobs in _with_blobs(connection, [entry for entry in entries if entry.name in names]):
        for entry in some:
            if entry.hash in blobs:
                connection.execute(
                    sa.update(artifact_files)
                    .where(artifact_files.c.version_id == version_id, artifact_files.c.name == entry.name)
                    .values(blob_id=blobs[entry.hash].id)
                )


def _with_blobs(connection: sa.Connection, entries: Iterable[Entry]) -> Any:
    wanted = list(entries)
    for start in range(0, len(wanted), ROWS_PER_STATEMENT):
        some = wanted[start : start + ROWS_PER_STATEMENT]
        yield some, catalogue.find(connection, (entry.hash for entry in some if entry.location is None))


def _entry(item: dict[str, Any]) -> Entry:
    name, kind, size = item["name"], item["hash_kind"], item["size"]
    if not isinstance(name, str) or not 0 < len(name) <= 4096 or "\0" in name or kind not in ("sha256", "etag"):
        raise ValueError(f"{str(name)[:80]!r} is no file of an artifact")
    if not isinstance(size, int) or size < 0:
        raise ValueError(f"the size of {name[:80]!r} is no number of bytes")
    modified_ms, location = item.get("modified_ms"), item.get("location")
    if modified_ms is not None and not isinstance(modified_ms, int):
        raise ValueError(f"the time of {name[:80]!r} is no number of milliseconds")
    return Entry(
        name, str(item["hash"])[:200], kind, size, modified_ms, None if location is None else str(location)[:8192]
    )


def _insert(connection: sa.Connection, table: sa.Table) -> Any:
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)
