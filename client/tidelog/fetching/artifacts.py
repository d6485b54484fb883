"""Versions of artifacts that are on the server: what they hold, and bringing that here, checked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tidelog.errors import FileNotHereError, HashMismatchError, UnsupportedTypeError
from tidelog.fetching.saving import PARTIAL, safe_parts, save
from tidelog.files.artifacts import FILE
from tidelog.files.buckets import S3, bucket_at
from tidelog.files.hashes import hash_of
from tidelog.values.encoding import shown

if TYPE_CHECKING:
    from tidelog.fetching.reader import Reader
    from tidelog.shipping.transport import Transport


class Artifact:
    """A version of an artifact on the server."""

    def __init__(self, server: Transport, fields: Mapping[str, Any]) -> None:
        self._server = server
        self._fields = fields

    @property
    def project(self) -> str:
        """The project that it belongs to."""
        return str(self._fields["project"])

    @property
    def name(self) -> str:
        """The artifact's name."""
        return str(self._fields["name"])

    @property
    def version(self) -> int:
        """The number of this version, from 1 on."""
        return int(self._fields["version"])

    @property
    def aliases(self) -> list[str]:
        """The aliases that named this version when it was fetched."""
        return list(self._fields["aliases"])

    @property
    def description(self) -> str | None:
        """What was said of it."""
        description: str | None = self._fields["description"]
        return description

    @property
    def metadata(self) -> dict[str, Any]:
        """What else was said of it."""
        return dict(self._fields["metadata"] or {})

    def fetch_hash(self) -> str:
        """Return the hash of the version: equal files under equal names have equal ones."""
        return str(self._fields["hash"])

    def fetch_files_list(self) -> list[dict[str, Any]]:
        """Return name, size, hash, time of change and location of each file."""
        return files_of(self._server, self._fields)

    def download(self, destination: str | os.PathLike[str]) -> str:
        """Download all its files into a folder, each checked against its hash, and return the folder.

        Tracked files come from where they lie: this machine's disk, or S3. One that changed since raises
        `HashMismatchError`, one that is gone `FileNotHereError`.
        """
        return download_artifact(self._server, self._fields, os.path.expanduser(os.fspath(destination)))

    def __repr__(self) -> str:
        return f"<Artifact {self.name}:v{self.version} of project {self.project!r}, {self._fields['files']:,} files>"


def use(reader: Reader, name: str, project: str) -> Artifact:
    """Note on the server that a run uses a version."""
    if not isinstance(name, str):
        raise UnsupportedTypeError(f"{shown(name)} is not the name of an artifact")
    stem, _, version = name.partition(":")
    server, label = reader.server_and_reference()
    body = {"project": project, "name": stem, "version": version or "latest", "run": label}
    return Artifact(server, server.post("/artifacts/use", body))


def files_of(server: Transport, version: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what is known of each file of a version."""
    files: list[dict[str, Any]] = []
    after = None
    while True:
        page = server.get("/artifacts/files", {**_named(version), **({} if after is None else {"after": after})})
        files += page["files"]
        after = page["next"]
        if after is None:
            return files


def download_artifact(server: Transport, version: Mapping[str, Any], target: str) -> str:
    """Bring all files of a version into a folder, checked."""
    for file in files_of(server, version):
        where = os.path.join(target, *safe_parts(file["name"]))
        os.makedirs(os.path.dirname(where), exist_ok=True)
        location = file["location"]
        if location is None:
            save(server, "/artifacts/file", {**_named(version), "file": file["name"]}, file["hash"], where)
        elif location.startswith(FILE):
            _copy_checked(location.removeprefix(FILE), file, where)
        else:
            _fetch_s3(location, file, where)
    return target


def _copy_checked(source: str, file: Mapping[str, Any], target: str) -> None:
    try:
        with open(source, "rb") as original, open(target + PARTIAL, "wb") as copy:
            while piece := original.read(1024 * 1024):
                copy.write(piece)
    except OSError as error:
        raise FileNotHereError(
            f"{source} cannot be read ({error.strerror or error}); the file was tracked there and not uploaded"
        ) from error
    _accept(target, hash_of(target + PARTIAL) == file["hash"], source)


def _fetch_s3(location: str, file: Mapping[str, Any], target: str) -> None:
    bucket, _, key = location.removeprefix(S3).partition("/")
    store, errors = bucket_at(f"{S3}{bucket}")
    try:
        answer = store.get(key)
        with open(target + PARTIAL, "wb") as copy:
            for piece in answer.stream():
                copy.write(piece)
    except FileNotFoundError as error:
        raise FileNotHereError(f"{location} is gone; the file was tracked there and not uploaded") from error
    except errors as error:
        raise FileNotHereError(f"{location} cannot be read: {str(error).splitlines()[0]}") from error
    _accept(target, (answer.meta["e_tag"] or "").strip('"') == file["hash"], location)


def _accept(target: str, right: bool, source: str) -> None:
    if not right:
        os.unlink(target + PARTIAL)
        raise HashMismatchError(f"{source} changed since it was tracked; nothing was kept of it")
    os.replace(target + PARTIAL, target)


def _named(version: Mapping[str, Any]) -> dict[str, Any]:
    return {key: version[key] for key in ("project", "name", "hash")}
