"""What `run["model"]` can do with files: upload one or many, add images to a series, download, ask for hashes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tidelog.errors import InvalidValueError, UnsupportedTypeError
from tidelog.journal import records
from tidelog.values.encoding import as_seconds, shown
from tidelog.values.kinds import FILE_SERIES, FILE_SET

if TYPE_CHECKING:
    from tidelog.files.file import File
    from tidelog.run import Run

DESCRIPTION_BYTES = 64 * 1024
ENTRIES = 2_000  # of a file set in one record, which holds so many of the longest names
COPIED_BYTES = 8 * 1024 * 1024  # copied by one upload_files at the most; the rest is linked, or sent from where it lies


class FileMethods:
    """The part of `Attribute` that deals with files."""

    __slots__ = ()

    if TYPE_CHECKING:
        _run: Run
        _path: str

        def _object_series_number(self, kind: str) -> int: ...
        def _refuse_other_kind(self, kind: str) -> None: ...
        def _become(self, kind: str, number: int | None = None) -> None: ...

    def upload(
        self, value: Any, *, wait: bool = False, extension: str | None = None, description: str | None = None
    ) -> None:
        """Set a file at this path: of a path, bytes, an open file, an image, a figure, a frame, or a `File`.

        The file is logged as it is now. A small one is copied at the call; a large one is cloned or linked where the
        file system can, else sent from where it lies: if it is changed or deleted before that, the run says so. Nothing
        waits for the network unless `wait` is true. A path that cannot be read raises `InvalidValueError`.
        """
        from tidelog.files.file import File

        self._run._record([(self._path, File(value, extension))], checked_description(description))
        self._wait_if(wait)

    def upload_files(self, files: Any, *, wait: bool = False) -> None:
        """Add files to the file set at this path: a file, folder or pattern (`src/**/*.py`), or a list of these.

        In the set a file has its path below the folder named (`src` here), and takes the place of one of the same name.
        A dict {name in the set: path or `File`} says the names. Folders are taken with all that is in them. What cannot
        be read, or is no regular file, is left out with a warning.
        """
        from tidelog.files.sets import found_files

        stream = self._run._session.stream
        self._refuse_other_kind(FILE_SET)
        found = found_files(files)
        self._become(FILE_SET)
        entries = []
        budget = COPIED_BYTES
        for name, file in found:
            kept = stream.keep_file(file, copy=file.size <= budget)
            budget -= min(file.size, budget)
            if kept is not None:
                modified_ms = (file.modified_ns or 0) // 1_000_000
                entries.append({"name": name, "file": kept, "size": file.size, "modified_ms": modified_ms})
        self._change_files(records.ADD, entries)
        self._wait_if(wait)

    def delete_files(self, names: str | Iterable[str], *, wait: bool = False) -> None:
        """Take files out of the file set at this path, by their names in it; one that is not there is no error."""
        from tidelog.files.sets import checked_names

        wanted = checked_names(names)
        self._refuse_other_kind(FILE_SET)
        self._become(FILE_SET)
        self._change_files(records.REMOVE, wanted)
        self._wait_if(wait)

    def download(self, destination: str | os.PathLike[str] | None = None, *, step: Any = None) -> str:
        """Download what is at this path and return where it is: a file, a set, an artifact, or a point of a series.

        `destination` is a folder, or the path for a single file; by default the current folder. A file set becomes a
        folder, or one archive if `destination` ends in `.zip`. Files are checked against their hashes. Raises
        `FileNotHereError` while the server does not have it yet.
        """
        return self._run._session.reader.downloads.download(self._path, destination, step)

    def download_last(self, destination: str | os.PathLike[str] | None = None) -> str:
        """Download the last file of the series at this path."""
        return self._run._session.reader.downloads.download(self._path, destination, None)

    def fetch_hash(self) -> str:
        """Return the SHA-256 of the file at this path, or the hash of the artifact."""
        return self._run._session.reader.downloads.fetch_hash(self._path)

    def fetch_extension(self) -> str:
        """Return the extension of the file at this path, without its dot."""
        return self._run._session.reader.downloads.fetch_extension(self._path)

    def fetch_files_list(self) -> list[dict[str, Any]]:
        """Return name, size, hash and more of each file of the file set or artifact at this path."""
        return self._run._session.reader.downloads.fetch_files_list(self._path)

    def track_files(
        self, path: Any, name: str | None = None, *, upload: bool = False, aliases: Iterable[str] = (),
        description: str | None = None, metadata: Mapping[str, Any] | None = None, wait: bool = False,
    ) -> str:  # fmt: skip
        """Make a version of an artifact of what lies at `path`, set it at this path of the run, and return its hash.

        `path` is what `upload_files` takes, or `s3://bucket/prefix` (extra `s3`). The files stay where they are;
        their names, sizes and hashes are recorded, of S3 the ETags. With `upload` their contents are sent too. The
        version has the next number of the artifact `name` (by default this path) and the aliases `latest` and
        `aliases`; the same contents again are the same version. Local files are hashed now, unless their hash is
        known from last time.
        """
        from tidelog.files.artifacts import Labels, track

        labels = Labels(name or self._path, tuple(aliases), checked_description(description), metadata)
        hashed = track(self._run, self._path, path, labels, upload=upload)
        self._wait_if(wait)
        return hashed

    def _append_file(
        self, value: object, micros: int, timestamp: object, name: str | None, description: str | None
    ) -> None:
        from tidelog.files.file import file_of

        file = file_of(value)
        if file is None:
            raise UnsupportedTypeError(
                f"{shown(value)} cannot be a point of a series; a point is a number, a text, an image, a figure or a "
                "tidelog.File"
            )
        seconds = time.time() if timestamp is None else as_seconds(timestamp)
        description = checked_description(description)
        number = self._object_series_number(FILE_SERIES)
        stream = self._run._session.stream
        kept = stream.keep_file(file)
        if kept is not None:
            point = records.FILE_REFERENCE + records.as_json(reference(file, kept, name, description))
            stream.write(records.object_point(number, micros, seconds, point))

    def _change_files(self, change: bytes, entries: Sequence[Mapping[str, Any] | str]) -> None:
        stream = self._run._session.stream
        number = stream.numbers([self._path])[0]
        for start in range(0, len(entries), ENTRIES):
            part = entries[start : start + ENTRIES]
            stream.write(records.file_set_change(number, time.time(), change, part))

    def _wait_if(self, wait: bool) -> None:
        if wait:
            self._run.wait()
        else:
            self._run._await_in_sync_mode()


def is_bulky(value: object) -> bool:
    """Say whether a value can only be a file: bytes, or an array of pixels. An error would take long to show it."""
    if isinstance(value, (bytes, bytearray)):
        return True
    shape = getattr(value, "shape", None)
    return isinstance(shape, tuple) and len(shape) >= 2 and any(side != 1 for side in shape)


def reference(file: File, number: int, name: str | None = None, description: str | None = None) -> dict[str, Any]:
    """Return what the journal says of a file whose bytes travel beside it."""
    from tidelog.files.file import clean_name

    said: dict[str, Any] = {
        "file": number, "name": file.name if name is None else clean_name(str(name)), "extension": file.extension,
        "media_type": file.media_type, "size": file.size,
    }  # fmt: skip
    if description is not None:
        said["description"] = description
    return said


def checked_description(description: object) -> str | None:
    """Return the description, or raise what is wrong with it."""
    if description is not None and not isinstance(description, str):
        raise UnsupportedTypeError(f"the description {shown(description)} is not text")
    if description is not None and len(description.encode("utf-8", "replace")) > DESCRIPTION_BYTES:
        raise InvalidValueError(f"the description {shown(description)} is longer than {DESCRIPTION_BYTES:,} bytes")
    return description
