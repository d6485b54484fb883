"""The segments that a writer has open: the present one, and for a moment the one before it.

A new segment takes over by `os.dup2`, so that an append never waits for it. A write that had begun at that moment still
lands in the old one, so the old one's end, and with it the new one's place in the stream, is known a moment later.
"""

from __future__ import annotations

import errno
import os
import time

from tidelog.journal.segments import MAGIC, NEXT, JournalFolder

SEGMENT_BYTES = 8 * 1024 * 1024
SETTLE_S = 0.1  # a write that had begun when the segment was swapped has long ended by then
QUIET_S = 0.001  # the same, while whoever wants to write stands still and waits
SEARCHED_BYTES = 1024 * 1024  # how far from the end a torn record is looked for


class OpenSegment:
    """One segment file; `start` is its place in the stream, None while that is not known."""

    def __init__(self, path: str, start: int | None) -> None:
        self.path = path
        self.start = start
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o666)
        try:
            if os.write(self.fd, MAGIC) != len(MAGIC):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            os.close(self.fd)
            os.unlink(path)
            raise

    @property
    def size(self) -> int:
        """Bytes of the stream in it."""
        return os.fstat(self.fd).st_size - len(MAGIC)


class Mark:
    """A place in the journal: everything written before the mark was made lies before it."""

    def __init__(self, segment: OpenSegment | None) -> None:
        self._segment = segment
        self._size = segment.size if segment else 0

    def reached(self, offset: int) -> bool:
        """Say whether the stream up to this offset holds everything before the mark."""
        if self._segment is None or self._segment.start is None:
            return False
        return offset >= self._segment.start + self._size


class OpenSegments:
    """The open segments of one folder. Its owner's lock is held in every call."""

    def __init__(self, folder: JournalFolder) -> None:
        self._folder = folder
        self._previous: OpenSegment | None = None
        self._swapped_at = 0.0
        self.current = OpenSegment(folder.segment_path(0), 0)

    @property
    def deleted(self) -> bool:
        """Whether somebody deleted the file that is being written."""
        return os.fstat(self.current.fd).st_nlink == 0

    def point(self, fd: int) -> None:
        """Let this descriptor write to the present segment."""
        os.dup2(self.current.fd, fd, inheritable=False)

    def keep_up(self, fd: int) -> None:
        """Begin a new segment behind this descriptor if the present one is long, and name the one begun before."""
        if self._previous is not None:
            if time.monotonic() - self._swapped_at >= SETTLE_S:
                self._settle()
        elif self.current.size >= SEGMENT_BYTES:
            self._roll(fd)

    def roll_at_once(self, fd: int) -> bool:
        """Go on in another file, because the present one may grow no longer; False if there is no room for one."""
        self.settle()
        if not self._roll(fd):
            return False
        time.sleep(QUIET_S)
        self._settle()
        return True

    def settle(self) -> None:
        """Wait until all segments have their names."""
        if self._previous is not None:
            time.sleep(max(0.0, self._swapped_at + SETTLE_S - time.monotonic()))
            self._settle()

    def cut(self, torn: bytes) -> None:
        """Take the beginning of a record, which is all that the disk took of it, out of the present segment again.

        Nobody may be writing meanwhile. Another thread's record that found room behind it is kept.
        """
        fd = self.current.fd
        size = os.fstat(fd).st_size
        base = max(len(MAGIC), size - len(torn) - SEARCHED_BYTES)
        tail = os.pread(fd, size - base, base)
        found = tail.rfind(torn)
        if found >= 0:
            os.ftruncate(fd, base + found)
            os.write(fd, tail[found + len(torn) :])

    def close(self) -> None:
        """Close the files."""
        os.close(self.current.fd)
        if self._previous is not None:
            os.close(self._previous.fd)

    def _roll(self, fd: int) -> bool:
        try:
            following = OpenSegment(os.path.join(self._folder.path, NEXT), None)
        except OSError:
            return False  # the disk is full; whoever writes next notices, and says so
        self._previous, self.current = self.current, following
        self.point(fd)
        self._swapped_at = time.monotonic()
        return True

    def _settle(self) -> None:
        """The segment before is complete, so the present one's place in the stream is known."""
        assert self._previous is not None
        assert self._previous.start is not None
        start = self._previous.start + self._previous.size
        path = self._folder.segment_path(start)
        os.rename(self.current.path, path)
        self.current.path, self.current.start = path, start
        os.close(self._previous.fd)
        self._previous = None
