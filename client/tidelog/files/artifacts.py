"""Making versions of artifacts: collections of files that are tracked where they lie, or uploaded."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from tidelog.errors import InvalidValueError, UnsupportedTypeError
from tidelog.files.buckets import S3, bucket_at
from tidelog.files.file import File
from tidelog.files.hashes import HashCache
from tidelog.files.sets import found_files
from tidelog.journal import records
from tidelog.values.encoding import shown
from tidelog.values.kinds import ARTIFACT

if TYPE_CHECKING:
    from tidelog.run import Run

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
    store, errors = bucket_at(f"{S3}{bucket}")
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
