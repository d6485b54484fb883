"""`tidelog import tensorboard`: each folder with event files becomes a run, with their steps and times."""

from __future__ import annotations

import json
import os
import re
import struct
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from math import inf
from typing import TYPE_CHECKING, Any

from tidelog.exchange.event_files import Logged, event_folders, read_event_files, require_tensorboard
from tidelog.exchange.importing import Imported, PathRecord, Source, import_run, writer_of
from tidelog.journal import records
from tidelog.values.encoding import STEP_LIMIT, STEP_SCALE, TIME_LIMIT_S, encode_value

if TYPE_CHECKING:
    from tidelog.shipping.transport import Transport

PART_BYTES = 8 * 1024 * 1024
TIMEOUT_S = 60.0  # the last part of a file is answered once the whole has been checked
KEY_CHARACTERS = 200
IMAGE_TYPES = {b"\x89PNG": ("png", "image/png"), b"\xff\xd8\xff": ("jpg", "image/jpeg"), b"GIF8": ("gif", "image/gif")}
UNUSABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def import_event_files(server: Transport, root: str, project: str) -> Iterator[Imported]:
    """Import every run below a folder, in the order of their names.

    A run's key is made of its folder's name, so doing it again adds to the same run: nothing if no file has changed.
    Of two values with one step, as a job writes that was started again, the later counts.
    """
    require_tensorboard()
    root = os.path.abspath(root)
    for folder, files in event_folders(root).items():
        name = os.path.relpath(folder, root)
        name = os.path.basename(root) if name == "." else name
        yield _import_folder(server, project, name, files)


def _import_folder(server: Transport, project: str, name: str, files: list[str]) -> Imported:
    first, last = _first_and_last(files)
    sizes = [(os.path.basename(path), os.path.getsize(path)) for path in files]
    source = Source(
        project=project, key=_key(name), name=name, created_ms=round(first * 1000), state="finished",
        ended_ms=round(last * 1000), error=None, origin=json.dumps(sizes), records=(),
    )  # fmt: skip
    skipped: list[str] = []
    upload = _Upload(server, writer_of(source))
    imported = import_run(server, source._replace(records=_records(files, upload, skipped)))
    return imported._replace(exported_as=name, skipped=len(skipped))


def _records(files: list[str], upload: _Upload, skipped: list[str]) -> Iterator[PathRecord]:
    for logged in read_event_files(files):
        path = as_path(logged.tag)
        if not path or abs(logged.step) > STEP_LIMIT or not 0 <= logged.seconds < TIME_LIMIT_S:
            skipped.append(logged.tag)
        elif logged.kind == "hparams":
            for name, value in sorted(logged.value.items()):
                encoded = encode_value(name, value)
                yield PathRecord(f"{path}/{as_path(name)}", partial(records.assign, seconds=0.0, value=encoded))
        else:
            yield PathRecord(path, _packer(logged, upload))


def _packer(logged: Logged, upload: _Upload) -> Any:
    step, seconds = logged.step * STEP_SCALE, logged.seconds
    if logged.kind == "scalars":
        return lambda number: records.pack_point(records.point_tag(number), step, seconds, logged.value)
    if logged.kind == "text":
        return partial(records.text_point, step=step, seconds=seconds, text=logged.value.encode())
    if logged.kind == "histograms":
        edges, counts = logged.value
        value = records.HISTOGRAM + struct.pack(f"<I{len(edges)}d{len(counts)}d", len(counts), *edges, *counts)
    else:
        value = records.FILE_REFERENCE + records.as_json(upload.add(logged.tag, logged.value))
    return partial(records.object_point, step=step, seconds=seconds, value=value)


class _Upload:
    """Sends the bytes of images, which travel beside the journal. They are numbered in the order of the files."""

    def __init__(self, server: Transport, writer: str) -> None:
        self._server = server
        self._writer = writer
        self._count = 0

    def add(self, tag: str, content: bytes) -> dict[str, Any]:
        """Take an image, and return what a journal says of it."""
        kinds = (kind for magic, kind in IMAGE_TYPES.items() if content.startswith(magic))
        extension, media_type = next(kinds, ("bin", "application/octet-stream"))
        number, self._count = self._count, self._count + 1
        self._send(number, content)
        name = f"{tag.rsplit('/', 1)[-1]}.{extension}"
        return {
            "file": number, "name": UNUSABLE.sub(" ", name), "extension": extension, "media_type": media_type,
            "size": len(content),
        }  # fmt: skip

    def _send(self, number: int, content: bytes) -> None:
        announced = {"number": number, "size": len(content), "sha256": sha256(content).hexdigest()}
        progress = self._server.post(f"/files/{self._writer}", {"files": [announced]})["files"][0]
        while not progress["have"]:
            part = content[progress["offset"] : progress["offset"] + PART_BYTES]
            progress = self._server.patch_bytes(
                f"/files/{self._writer}/{number}", part, {"offset": progress["offset"]}, TIMEOUT_S
            )


def as_path(tag: str) -> str:
    """Return a tag as a path: without empty names and control characters, and no longer than a path may be."""
    names = [UNUSABLE.sub(" ", name) for name in tag.split("/") if name.strip()]
    return "/".join(names).encode()[:1000].decode("utf-8", "ignore")


def _key(name: str) -> str:
    digest = sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    readable = "".join(character if character.isprintable() else " " for character in name)[:KEY_CHARACTERS]
    return f"tensorboard:{readable}:{digest}"


def _first_and_last(files: list[str]) -> tuple[float, float]:
    """Return the times of the first and the last value; of files without any, when they were changed."""
    first, last = inf, -inf
    for logged in read_event_files(files):
        if 0 <= logged.seconds < TIME_LIMIT_S:
            first, last = min(first, logged.seconds), max(last, logged.seconds)
    if first > last:
        return tuple(sorted(os.path.getmtime(path) for path in (files[0], files[-1])))  # type: ignore[return-value]
    return first, last
