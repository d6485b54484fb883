"""Files of an import on their way: announced by their hashes, and sent where the server does not have the content."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from tidelog.errors import ExportError

if TYPE_CHECKING:
    from tidelog.shipping.transport import Transport

AT_ONCE = 100
PART_BYTES = 8 * 1024 * 1024
TIMEOUT_S = 600.0  # the last part of a file is answered once the whole has been checked


class Content(NamedTuple):
    """A file to be sent: what is said of it (`number`, `size`, `sha256` and more), and its bytes, or where they lie."""

    said: Mapping[str, Any]
    content: bytes | str


def send_files(server: Transport, writer: str, files: Iterable[Content]) -> int:
    """Send the files of a writer; return how many bytes were sent. Memory holds one part at a time."""
    sent = 0
    rest = iter(files)
    while some := list(islice(rest, AT_ONCE)):
        answers = server.post(f"/files/{writer}", {"files": [dict(file.said) for file in some]})["files"]
        for file, progress in zip(some, answers, strict=True):
            while not progress["have"]:
                part = _part(file, progress["offset"])
                number, offset = file.said["number"], progress["offset"]
                progress = server.patch_bytes(f"/files/{writer}/{number}", part, {"offset": offset}, TIMEOUT_S)
                sent += len(part)
    return sent


def _part(file: Content, offset: int) -> bytes:
    if isinstance(file.content, bytes):
        return file.content[offset : offset + PART_BYTES]
    try:
        with open(file.content, "rb") as content:
            content.seek(offset)
            part = content.read(PART_BYTES)
    except OSError as error:
        raise ExportError(
            f"{file.content} cannot be read ({error.strerror or error}); a file of a run is missing in the export, "
            "which is not imported further. Export again into the same folder, then import again."
        ) from error
    if not part and file.said["size"]:
        raise ExportError(f"{file.content} is shorter than it was exported; delete it and export again")
    return part


def is_there(path: str) -> bool:
    """Say whether an export has the content that would lie there."""
    return os.path.exists(path)
