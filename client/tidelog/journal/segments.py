"""A journal's folder on disk: its segments as one stream of bytes, and how far the server has it.

Nothing here writes records; see `journal`. Everything that reads a journal, in the process that writes it or in
another, reads it through `JournalFolder`.
"""

from __future__ import annotations

import json
import os
from typing import Any, NamedTuple

from tidelog.errors import JournalError
from tidelog.journal import kept_files
from tidelog.journal.lock import FolderLock
from tidelog.paths import quoted

MAGIC = b"TIDELOG1"
SUFFIX = ".segment"
NEXT = "next.segment"  # a new segment, until the end of the one before it is known and gives it its name
TORN = "torn-"
FORMAT = 1
NAME_CHARACTERS = 180  # of an encoded folder name; file systems allow 255 bytes
ORIGIN = "writer.json"


class Origin(NamedTuple):
    """Which process writes for which run: the content of writer.json."""

    project: str
    run_key: str | None
    with_id: str | None
    writer: str
    parent: str | None  # the writer from whose process this one was forked
    created_ms: int
    host: str
    pid: int
    name: str | None
    mode: str
    url: str | None
    kind: str = "run"
    model: str | None = None  # of a model version: the label of its model
    fork_run: str | None = None  # of a fork: the run whose history it inherits, by label or custom_run_id
    fork_step: float | None = None


class Segment(NamedTuple):
    """One file: the stream's bytes from start on; `size` of them are there."""

    start: int
    path: str
    size: int

    @property
    def end(self) -> int:
        """The offset behind its last byte."""
        return self.start + self.size

    def read(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes of the stream from `offset` on, as far as they lie in this segment."""
        fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.pread(fd, length, offset - self.start + len(MAGIC))
        finally:
            os.close(fd)


class JournalFolder:
    """One writer's folder."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.lock = FolderLock(path)

    @classmethod
    def create(cls, root: str, origin: Origin) -> JournalFolder:
        """Make the folder of a new writer, locked; OSError if the disk does not let us."""
        run = origin.run_key or origin.with_id or ""
        path = os.path.join(root, folder_name(origin.project), folder_name(run), origin.writer)
        _make_folder(path)
        folder = cls(path)
        folder.lock.acquire()  # before writer.json is there: a folder is found by it
        _replace(os.path.join(path, ORIGIN), json.dumps({"format": FORMAT, **origin._asdict()}, ensure_ascii=False))
        return folder

    def origin(self) -> Origin:
        """Read whose journal this is."""
        try:
            fields: dict[str, Any] = json.loads(self._text(ORIGIN))
            if fields.pop("format") != FORMAT:
                raise JournalError(
                    f"the journal in {self.path} was written by a newer tidelog; install that one to ship it"
                )
            return Origin(**{"parent": None, **fields})
        except (ValueError, TypeError, KeyError) as error:
            raise JournalError(
                f"writer.json in {self.path} cannot be read, so its run is unknown; nothing was touched"
            ) from error

    @property
    def root(self) -> str:
        """The directory of all journals: this one is <root>/<project>/<run>/<writer>."""
        return os.path.dirname(os.path.dirname(os.path.dirname(self.path)))

    @property
    def way_home(self) -> str:
        """The command that brings this journal home."""
        from shlex import quote

        return f"tidelog sync --directory {quote(self.root)}"

    def exists(self) -> bool:
        """Whether the folder is still there."""
        return os.path.exists(self.path)

    def segments(self) -> list[Segment]:
        """List the segments by their place in the stream. One that is not named yet is left out."""
        found = []
        for entry in os.scandir(self.path):
            name = entry.name
            if name.endswith(SUFFIX) and name != NEXT:
                try:
                    size = max(0, entry.stat().st_size - len(MAGIC))
                except FileNotFoundError:
                    continue  # its process has just deleted it, because the server has it
                found.append(Segment(int(name.removesuffix(SUFFIX), 16), entry.path, size))
        return sorted(found)

    def end(self) -> int:
        """Return the offset behind the last byte that can be read."""
        segments = self.segments()
        return segments[-1].end if segments else self.acknowledged()

    def read(self, offset: int, limit: int) -> bytes:
        """Return up to `limit` bytes of the stream from `offset` on; none at its end.

        Raises `JournalError` if they are not on disk any more.
        """
        segments = self.segments()
        if not segments or offset == segments[-1].end or not limit:
            return b""
        pieces: list[bytes] = []
        for index, segment in enumerate(segments):
            following = segments[index + 1].start if index + 1 < len(segments) else segment.end
            stop = min(segment.end, following)
            if segment.start <= offset < stop and limit > 0:
                piece = self._piece(segment, offset, min(limit, stop - offset))
                pieces.append(piece)
                offset += len(piece)
                limit -= len(piece)
        if not pieces:
            raise JournalError(f"byte {offset} of the journal in {self.path} is not on disk any more")
        return b"".join(pieces)

    def _piece(self, segment: Segment, offset: int, length: int) -> bytes:
        try:
            return segment.read(offset, length)
        except FileNotFoundError as error:
            if not self.exists():
                raise
            raise JournalError(f"{segment.path} has just been deleted") from error

    def acknowledged(self) -> int:
        """Return the offset that the server is known to have committed."""
        try:
            return int(self._text("acknowledged"))
        except (FileNotFoundError, ValueError):
            return 0

    def acknowledge(self, offset: int) -> None:
        """Remember what the server has committed. A full disk forgets it, which costs a repetition and no data."""
        try:
            _replace(os.path.join(self.path, "acknowledged"), str(offset))
        except OSError:
            return

    def name_next(self) -> None:
        """Give the segment that was just begun when its process died the name that it would have got."""
        unnamed = os.path.join(self.path, NEXT)
        if os.path.exists(unnamed):
            os.rename(unnamed, self.segment_path(self.end()))

    def segment_path(self, start: int) -> str:
        """Return the path of the segment that begins at this offset of the stream."""
        return os.path.join(self.path, f"{start:016x}{SUFFIX}")

    def _text(self, name: str) -> str:
        with open(os.path.join(self.path, name), encoding="utf-8") as file:
            return file.read()

    def remove(self) -> None:
        """Delete the journal, and the folders of its run and project if they are empty. What was set aside stays."""
        names = sorted(os.listdir(self.path), key=lambda name: (name == "lock", name != ORIGIN))
        for name in names:  # first what the folder is found by, last the lock: nobody takes up what is half gone
            if name == kept_files.FOLDER:
                kept_files.remove_folder(self.path)
            elif not name.startswith((TORN, kept_files.REFUSED)):
                os.unlink(os.path.join(self.path, name))
        for folder in (self.path, os.path.dirname(self.path), os.path.dirname(os.path.dirname(self.path))):
            try:
                os.rmdir(folder)
            except OSError:
                return


def find_journals(root: str) -> list[JournalFolder]:
    """Find every journal below a directory, in the order in which their processes began."""
    found = [JournalFolder(path) for path, _, files in os.walk(root) if ORIGIN in files]
    return sorted(found, key=_began_ms)


def journals_beside(folder: JournalFolder) -> list[JournalFolder]:
    """Find the journals of the other writers of the same run."""
    found = find_journals(os.path.dirname(folder.path))
    return [other for other in found if other.path != folder.path]


def folder_name(text: str) -> str:
    """Return a folder name for any text: percent-encoded, and cut with a digest if it is long."""
    name = quoted(text)
    if name.startswith("."):
        name = name.replace(".", "%2E")
    if len(name) <= NAME_CHARACTERS:
        return name
    from hashlib import sha256

    return f"{name[:NAME_CHARACTERS]}~{sha256(text.encode()).hexdigest()[:16]}"


def _make_folder(path: str) -> None:
    """Make the folder and those above it; another process may just be deleting these, because they were empty."""
    for _ in range(10):
        try:
            return os.makedirs(path)
        except FileNotFoundError:
            continue
    os.makedirs(path)


def _began_ms(folder: JournalFolder) -> int:
    try:
        return folder.origin().created_ms
    except (JournalError, OSError):
        return 0  # whoever takes it up says what is wrong with it


def _replace(path: str, text: str) -> None:
    """Write a small file so that a reader sees the old or the new one, never half of it."""
    temporary = f"{path}.new"
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(temporary, path)
