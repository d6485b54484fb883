"""Artifacts: named, versioned collections of files, tracked where they lie or uploaded, with their lineage."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from tidelog.errors import FileNotHereError, HashMismatchError, InvalidValueError, UnsupportedTypeError
from tidelog.fetching.downloads import hash_of, safe_parts, save
from tidelog.files.file import File
from tidelog.files.hash_cache import HashCache
from tidelog.files.sets import found_files
from tidelog.journal import records
from tidelog.values.encoding import shown
from tidelog.values.kinds import ARTIFACT

if TYPE_CHECKING:
    from tidelog.fetching.reader import Reader
    from tidelog.run import Run
    from tidelog.shipping.transport import Transport

S3 = "s3://"
FILE = "file://"
NAME_CHARACTERS = 1000
ALIAS_CHARACTERS = 255
METADATA_BYTES = 256 * 1024


class Labels(NamedTuple):
    """What a version is called, and what is said of it."""

    name: str
    aliases: tuple[str, ...]
    description: str | None
    metadata: Mapping[str, Any] | None

    def checked(self) -> dict[str, Any]:
        """Return them as they are sent, or raise what is wrong with them."""
        for text, limit in ((self.name, NAME_CHARACTERS), *((alias, ALIAS_CHARACTERS) for alias in self.aliases)):
            if not isinstance(text, str):
                raise UnsupportedTypeError(f"{shown(text)} is no name or alias of an artifact; that is text")
            if not 0 < len(text) <= limit or not text.isprintable() or ":" in text:
                raise InvalidValueError(
                    f"{shown(text)} is no name or alias of an artifact: 1 to {limit} printable characters without ':'"
                )
        metadata = None if self.metadata is None else dict(self.metadata)
        try:
            size = len(records.as_json(metadata))
        except (TypeError, ValueError, RecursionError) as error:
            raise UnsupportedTypeError(
                f"the metadata cannot be JSON ({error}); pass text, numbers, lists, dicts"
            ) from error
        if size > METADATA_BYTES:
            raise InvalidValueError(f"the metadata is {size:,} bytes of JSON; at most {METADATA_BYTES:,} are accepted")
        return {
            "name": self.name, "aliases": list(self.aliases), "description": self.description, "metadata": metadata,
        }  # fmt: skip


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


def track(run: Run, path: str, what: Any, labels: Labels, *, upload: bool) -> str:
    """Record a version of what lies there as an attribute of the run; return its hash."""
    said = labels.checked()
    if isinstance(what, str) and what.startswith(S3):
        if upload:
            raise InvalidValueError(f"{what!r} lies on S3 already; track it without upload, or name local files")
        entries = s3_entries(what)
    else:
        entries = _local_entries(run, what, upload)
    if not entries:
        raise InvalidValueError(f"there is nothing to track at {shown(what)}; no version was made")
    attribute = run[path]
    attribute._refuse_other_kind(ARTIFACT)
    manifest = File.from_content(records.as_json({"files": entries}), "json", "manifest.json")
    stream = run._session.stream
    number = stream.keep_file(manifest, said)
    version_hash = manifest_hash(entries)
    if number is None:
        return version_hash
    value = {
        "name": labels.name, "hash": version_hash, "files": len(entries),
        "bytes": sum(entry["size"] for entry in entries), "file": number,
    }  # fmt: skip
    attribute._become(ARTIFACT)
    stream.write(records.assign(stream.numbers([path])[0], time.time(), b"A" + records.as_json(value)))
    return version_hash


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


def manifest_hash(entries: list[dict[str, Any]]) -> str:
    """Return the identity of a version, as docs/reference/files.md defines it."""
    digest = hashlib.sha256()
    for entry in sorted(entries, key=lambda entry: entry["name"]):
        line = f"{entry['name']}\0{entry['hash_kind']}\0{entry['hash']}\0{entry['size']}\n"
        digest.update(line.encode("utf-8", "replace"))
    return digest.hexdigest()


def s3_entries(address: str) -> list[dict[str, Any]]:
    """List the objects below a prefix of a bucket."""
    bucket, _, prefix = address.removeprefix(S3).partition("/")
    store, errors = _bucket(f"{S3}{bucket}")
    entries = []
    try:
        for page in store.list(prefix or None):
            for item in page:
                name = item["path"].removeprefix(prefix).lstrip("/") or item["path"].rpartition("/")[2]
                entries.append(
                    {
                        "name": name, "hash": (item["e_tag"] or "").strip('"'), "hash_kind": "etag",
                        "size": item["size"], "modified_ms": round(item["last_modified"].timestamp() * 1000),
                        "location": f"{S3}{bucket}/{item['path']}",
                    }
                )  # fmt: skip
    except errors as error:
        raise InvalidValueError(f"{address!r} cannot be listed: {str(error).splitlines()[0]}") from error
    return sorted(entries, key=lambda entry: entry["name"])


def _local_entries(run: Run, what: Any, upload: bool) -> list[dict[str, Any]]:
    entries = []
    with HashCache() as known:
        for name, file in found_files(what):
            if file.path is None:
                raise UnsupportedTypeError(f"{name!r} is given by its content; an artifact is made of files on a disk")
            try:
                sha256, size = known.hash_of(file.path), os.stat(file.path).st_size
            except OSError as error:
                raise InvalidValueError(f"{file.path} cannot be read any more: {error.strerror or error}") from error
            entry: dict[str, Any] = {
                "name": name, "hash": sha256, "hash_kind": "sha256", "size": size,
                "modified_ms": (file.modified_ns or 0) // 1_000_000,
            }  # fmt: skip
            if not upload:
                entry["location"] = FILE + os.path.realpath(file.path)
            elif run._session.stream.keep_file(file, copy=False) is None:
                continue
            entries.append(entry)
    return entries


def _copy_checked(source: str, file: Mapping[str, Any], target: str) -> None:
    try:
        with open(source, "rb") as original, open(f"{target}.part", "wb") as copy:
            while piece := original.read(1024 * 1024):
                copy.write(piece)
    except OSError as error:
        raise FileNotHereError(
            f"{source} cannot be read ({error.strerror or error}); the file was tracked there and not uploaded"
        ) from error
    _accept(target, hash_of(f"{target}.part") == file["hash"], source)


def _fetch_s3(location: str, file: Mapping[str, Any], target: str) -> None:
    bucket, _, key = location.removeprefix(S3).partition("/")
    store, errors = _bucket(f"{S3}{bucket}")
    try:
        answer = store.get(key)
        with open(f"{target}.part", "wb") as copy:
            for piece in answer.stream():
                copy.write(piece)
    except FileNotFoundError as error:
        raise FileNotHereError(f"{location} is gone; the file was tracked there and not uploaded") from error
    except errors as error:
        raise FileNotHereError(f"{location} cannot be read: {str(error).splitlines()[0]}") from error
    _accept(target, (answer.meta["e_tag"] or "").strip('"') == file["hash"], location)


def _accept(target: str, right: bool, source: str) -> None:
    if not right:
        os.unlink(f"{target}.part")
        raise HashMismatchError(f"{source} changed since it was tracked; nothing was kept of it")
    os.replace(f"{target}.part", target)


def _bucket(address: str) -> tuple[Any, Any]:
    try:
        from obstore.exceptions import BaseError
        from obstore.store import S3Store
    except ModuleNotFoundError as error:
        raise InvalidValueError(f"{address!r} needs the extra s3: pip install 'tidelog[s3]'") from error
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    try:
        store = S3Store.from_url(
            address,
            config={"endpoint": endpoint} if endpoint else {},
            client_options={"allow_http": endpoint.startswith("http://")},
        )
    except (BaseError, ValueError) as error:
        raise InvalidValueError(f"{address!r} cannot be used: {str(error).splitlines()[0]}") from error
    return store, BaseError


def _named(version: Mapping[str, Any]) -> dict[str, Any]:
    named = {"name": version["name"], "hash": version["hash"]}
    return {**named, "project": version["project"]}
