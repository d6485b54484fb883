"""What comes from the server as files on this disk: streamed, taken up again where a connection broke, checked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from tidelog.errors import HashMismatchError, ServerUnreachableError
from tidelog.files.file import clean_name
from tidelog.files.hashes import hash_of

if TYPE_CHECKING:
    from tidelog.shipping.transport import Transport

TRIES = 3
PARTIAL = ".part"


def save(server: Transport, address: str, parameters: dict[str, Any], sha256: str, target: str) -> str:
    """Stream an answer to a file, checking it; it appears under its name once all of it is right."""
    os.makedirs(os.path.dirname(os.path.abspath(target)), exist_ok=True)
    partial = target + PARTIAL
    with open(partial, "wb") as file:
        for remaining in reversed(range(TRIES)):
            try:
                _receive(server, address, parameters, file)
                break
            except ServerUnreachableError:
                if not remaining:
                    raise
    if hash_of(partial) != sha256:
        os.unlink(partial)
        raise HashMismatchError(f"what came for {target} does not have the SHA-256 {sha256}; nothing was kept of it")
    os.replace(partial, target)
    return target


def safe_parts(name: str) -> list[str]:
    """Return the folders and the name that a server's name for a file may stand for on this disk."""
    parts = [part for part in name.split("/") if part not in ("", ".", "..")]
    return [clean_name(part) for part in parts] or ["file"]


def _receive(server: Transport, address: str, parameters: dict[str, Any], file: Any) -> None:
    """Receive what is not there yet."""
    have = file.tell()
    with server.stream(address, parameters, {"Range": f"bytes={have}-"} if have else {}) as answer:
        if have and answer.status_code != 206:
            file.seek(0)
            file.truncate()
        for piece in answer.iter_raw():
            file.write(piece)
        file.flush()
