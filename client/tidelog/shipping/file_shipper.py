"""Bringing a writer's files to the server, a little at a time, so that what is in the journal never waits long.

Like a `Shipper` this raises what goes wrong and decides nothing about it. Memory stays the same whatever the size of a
file: it is hashed and sent in pieces.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import deque
from typing import Any, NamedTuple

from tidelog.errors import FileNotHereError, HashMismatchError, OffsetGapError, RequestRefusedError, ServerBusyError
from tidelog.files.images import Pixels, png
from tidelog.journal import kept_files
from tidelog.journal.kept_files import KeptFile
from tidelog.journal.segments import JournalFolder
from tidelog.messages import warn
from tidelog.shipping.transport import Transport

SLICE_S = 0.1  # how long hashing goes on before the journal has its turn
PIECE_BYTES = 1024 * 1024
FIRST_PART_BYTES = 1024 * 1024
PART_BYTES = 8 * 1024 * 1024
QUICK_S = 0.5  # a part that takes longer is followed by a shorter one, for the journal's sake
FILES_PER_REQUEST = 100
TRIES = 3  # for a file that changes while it is read
PART_TIMEOUT_S = 600.0  # the server checks a whole large file before it answers the last part


class Hashed(NamedTuple):
    """A file that can be announced."""

    kept: KeptFile
    path: str
    size: int
    sha256: str
    problem: str | None


class FileShipper:
    """Ships the files of one folder. Use it from one thread, after the writer was registered."""

    def __init__(self, folder: JournalFolder, writer: str, transport: Transport) -> None:
        self.sent_files = 0
        self.sent_bytes = 0
        self._folder = folder.path
        self._writer = writer
        self._transport = transport
        self._waiting: deque[int] = deque()
        self._hashing: _Hashing | None = None
        self._hashed: list[Hashed] = []
        self._sending: deque[tuple[Hashed, int]] = deque()
        self._part_bytes = FIRST_PART_BYTES
        self._tries: dict[int, int] = {}

    def step(self) -> bool:
        """Do a little: hash, announce or send. True if there is more to do at once.

        Raises `ServerError` if the server cannot be reached, is busy or refuses all of it.
        """
        if self._sending:
            self._send_part()
            return True
        if not self._waiting and self._hashing is None and not self._hashed:
            self._waiting.extend(kept_files.numbers(self._folder))
            if not self._waiting:
                return False
        self._hash_some()
        idle = not self._waiting and self._hashing is None
        if self._hashed and (idle or len(self._hashed) >= FILES_PER_REQUEST):
            self._announce()
        return True

    # Hashing

    def _hash_some(self) -> None:
        deadline = time.monotonic() + SLICE_S
        while (self._hashing or self._waiting) and len(self._hashed) < FILES_PER_REQUEST:
            try:
                self._hash_piece()
            except OSError as error:
                self._lose(self._hashing.kept if self._hashing else None, error.strerror or str(error))
            if time.monotonic() >= deadline:
                return

    def _hash_piece(self) -> None:
        if self._hashing is None:
            kept = kept_files.find(self._folder, self._waiting.popleft())
            if kept is None:
                return
            self._hashing = _Hashing(kept)
            self._hashing.open()
        done = self._hashing.go_on()
        if done:
            if done.problem and done.kept.number not in self._tries:
                warn("%s", done.problem)
            self._hashed.append(done)
            self._hashing = None

    def _lose(self, kept: KeptFile | None, reason: str) -> None:
        """A file cannot be read any more: say so here and on the run, and go on with the others."""
        self._hashing = None
        if kept is None:
            return
        where = kept.source or kept.path
        told = f"{where} cannot be read any more ({reason}), so it could not be sent"
        warn("%s. The run goes on without this file.", told)
        self._transport.post(self._address, {"files": [{"number": kept.number, "size": kept.size, "lost": told}]})
        kept_files.remove(self._folder, kept.number)

    # Talking

    @property
    def _address(self) -> str:
        return f"/files/{self._writer}"

    def _announce(self) -> None:
        body = {"files": [_announcement(hashed) for hashed in self._hashed]}
        try:
            answers = self._transport.post(self._address, body)["files"]
        except RequestRefusedError as error:
            self._announce_singly(error)
            return
        except (KeyError, TypeError) as error:
            raise ServerBusyError("the server's answer names no files; is it a tidelog server?") from error
        announced, self._hashed = self._hashed, []
        for hashed, answer in zip(announced, answers, strict=True):
            if answer["have"]:
                self._settle(hashed)
            else:
                self._sending.append((hashed, int(answer["offset"])))

    def _announce_singly(self, error: RequestRefusedError) -> None:
        """One of several was refused: find out which. One alone is set aside."""
        if len(self._hashed) == 1:
            self._set_aside(self._hashed.pop(), error)
            return
        several = self._hashed
        for index, hashed in enumerate(several):
            self._hashed = [hashed]
            try:
                self._announce()
            except BaseException:
                self._hashed = several[index:]
                raise

    def _send_part(self) -> None:
        hashed, offset = self._sending[0]
        try:
            data = _read(hashed.path, offset, min(self._part_bytes, hashed.size - offset))
        except OSError:
            self._again(hashed)
            return
        if len(data) < min(self._part_bytes, hashed.size - offset):
            self._again(hashed)  # it became shorter
            return
        began = time.monotonic()
        try:
            answer = self._transport.patch_bytes(
                f"{self._address}/{hashed.kept.number}", data, {"offset": offset}, PART_TIMEOUT_S
            )
        except OffsetGapError as gap:
            self._sending[0] = (hashed, gap.expected)
        except (HashMismatchError, FileNotHereError):
            self._again(hashed)
        except RequestRefusedError as error:
            self._sending.popleft()
            self._set_aside(hashed, error)
        else:
            self._adapt(time.monotonic() - began)
            self.sent_bytes += len(data)
            self._note(hashed, answer)

    def _note(self, hashed: Hashed, answer: Any) -> None:
        if answer["have"]:
            self._sending.popleft()
            self._settle(hashed)
        else:
            self._sending[0] = (hashed, int(answer["offset"]))

    def _adapt(self, took_s: float) -> None:
        factor = 2 if took_s < QUICK_S / 2 else 1 if took_s < QUICK_S else 0.5
        self._part_bytes = int(min(PART_BYTES, max(PIECE_BYTES // 4, self._part_bytes * factor)))

    def _settle(self, hashed: Hashed) -> None:
        self.sent_files += 1
        self._tries.pop(hashed.kept.number, None)
        kept_files.remove(self._folder, hashed.kept.number)

    def _again(self, hashed: Hashed) -> None:
        """The file changed while it was sent: hash it anew, a few times."""
        self._sending.popleft()
        number = hashed.kept.number
        self._tries[number] = self._tries.get(number, 0) + 1
        if self._tries[number] >= TRIES:
            self._lose(hashed.kept, "it changes all the time")
        else:
            self._waiting.append(number)

    def _set_aside(self, hashed: Hashed, error: RequestRefusedError) -> None:
        """The server does not want this file: it is kept, and the others go on."""
        where = kept_files.set_aside(self._folder, hashed.kept)
        warn("%s. The file is kept in %s, and the run goes on without it.", error, where)
        lost = {"number": hashed.kept.number, "size": 0, "lost": f"{hashed.kept.name} was refused: {error}"[:2000]}
        self._transport.post(self._address, {"files": [lost]})


class _Hashing:
    """A file that is being hashed, a piece at a time."""

    def __init__(self, kept: KeptFile) -> None:
        self.kept = kept
        self._digest = hashlib.sha256()
        self._offset = 0
        self._path = ""
        self._before: os.stat_result | None = None
        self._restarts = 0

    def open(self) -> None:
        """Make sure that there is something to hash."""
        kept = self.kept
        if kept.image and not kept.bytes_path.endswith(kept_files.ENCODED):
            _encode(kept)
        self._path = kept.bytes_path
        self._before = os.stat(self._path)

    def go_on(self) -> Hashed | None:
        """Hash the next piece; the result after the last one."""
        assert self._before is not None
        piece = _read(self._path, self._offset, min(PIECE_BYTES, self._before.st_size - self._offset))
        self._digest.update(piece)
        self._offset += len(piece)
        if piece and self._offset < self._before.st_size:
            return None
        after = os.stat(self._path)
        if (after.st_size, after.st_mtime_ns) != (self._before.st_size, self._before.st_mtime_ns):
            self._restart(after)
            return None
        return Hashed(self.kept, self._path, self._offset, self._digest.hexdigest(), self.kept.changed)

    def _restart(self, now: os.stat_result) -> None:
        self._restarts += 1
        if self._restarts >= TRIES:
            raise OSError("it changes all the time")
        self._digest, self._offset, self._before = hashlib.sha256(), 0, now


def _encode(kept: KeptFile) -> None:
    """Make a PNG of pixels."""
    assert kept.image is not None
    width, height, channels = kept.image
    with open(kept.path, "rb") as raw:
        data = png(Pixels(raw.read(), width, height, channels))
    with open(f"{kept.path}.new", "wb") as encoded:
        encoded.write(data)
    os.rename(f"{kept.path}.new", kept.path + kept_files.ENCODED)


def _announcement(hashed: Hashed) -> dict[str, Any]:
    said: dict[str, Any] = {"number": hashed.kept.number, "size": hashed.size, "sha256": hashed.sha256}
    if hashed.problem:
        said["problem"] = hashed.problem
    if hashed.kept.artifact:
        said["artifact"] = hashed.kept.artifact
    return said


def _read(path: str, offset: int, length: int) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        return os.pread(fd, length, offset)
    finally:
        os.close(fd)
