"""The writing end of a journal: what keeps the records of one run that this process writes.

Records go out by `os.write` and are in the page cache when the call returns, so `kill -9` loses none. Appends take no
lock. What is rare takes it: a new segment, a disk that refuses, a forked child, the end.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tidelog.journal import records
from tidelog.journal.disk_trouble import DiskTrouble
from tidelog.journal.open_segments import QUIET_S, Mark, OpenSegments
from tidelog.journal.segments import JournalFolder, Origin, Segment
from tidelog.journal.stream import Stream
from tidelog.messages import complain, warn
from tidelog.settings import fallback_directory

if TYPE_CHECKING:
    from tidelog.files.file import File

RETRY_S = 1.0  # how often a disk that refused is tried again


class Journal(Stream):
    """Keeps records on disk, in a folder that it makes below `root`.

    `describe` makes the origin of a new writer from the writer whose process was forked (None for the first). When a
    writer has begun, `on_new_writer` is called: the first, a forked child's, or one after the folder was deleted.
    """

    def __init__(
        self,
        root: str,
        describe: Callable[[str | None], Origin],
        on_new_writer: Callable[[Journal, JournalFolder, Origin], None],
    ) -> None:
        super().__init__()
        self.folder: JournalFolder | None = None
        self.dropped = 0
        self.waiting = False  # for the first record, to begin a new writer with; so in a forked child
        self._root = root
        self._describe = describe
        self._on_new_writer = on_new_writer
        self._origin: Origin | None = None
        self._parent: str | None = None
        self._segments: OpenSegments | None = None
        self._refused = True  # the gate is closed because the disk refused, or because nothing is open yet
        self._retry_at = 0.0
        self._trouble = DiskTrouble()
        self._pending = b""  # definitions that are not on disk; nothing goes there before them

    def __del__(self) -> None:
        self._let_go()
        super().__del__()

    def begin(self) -> None:
        """Open the first writer's folder; where the disk does not let us, that is said and tried again later."""
        with self.lock:
            self._reopen()

    def begin_later(self, parent: str | None) -> None:
        """Begin with the first record, as a writer that another process's writer is the parent of."""
        with self.lock:
            self._parent = parent
            self._put_off()

    # Records

    def define(self, definitions: bytes) -> None:
        """Write definitions, or keep them for when the disk takes something again."""
        if not self._begun() and (not self._reopen() or not self._put(definitions)):
            self._pending += definitions

    def rescue(self, data: bytes, written: int = 0) -> None:
        """Write records that did not go through: after repair, in a new writer, or not at all and counted."""
        with self.lock:
            self._begun()
            self._refuse_if_stopped()
            if written:
                self._cut(data[:written])
            if not self._reopen() or not self._put(data):
                self.dropped += 1
            else:
                self._trouble.is_over(self.dropped)
            self._raise_interruption()

    def _open_gate(self) -> None:
        """Let records through, unless the next one is to be met by an interruption."""
        if self._segments is not None and self._interruption is None and not self._refused and not self.stopped:
            self._segments.point(self.fd)

    def keep_file(self, file: File, artifact: dict[str, Any] | None = None, *, copy: bool = True) -> int | None:
        """Keep a file in the writer's folder, for the background thread to send."""
        from tidelog.journal import kept_files

        with self.lock:
            self._begun()
            number = super().keep_file(file)
            folder = self.folder.path if self._reopen() and self.folder else None
        try:
            if folder is None or number is None:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            kept_files.keep(folder, number, file, artifact, copy=copy)
        except OSError as error:
            with self.lock:
                self.dropped += 1
            warn(
                "the file %s could not be kept (%s), so it is not logged. The program goes on; the loss is counted.",
                file.path or file.name, error.strerror or error,
            )  # fmt: skip
            return None
        return number

    @property
    def files(self) -> int:
        """How many files this writer has numbered so far; the next one gets this number."""
        return self._files

    def mark(self) -> Mark:
        """Return the present end."""
        with self.lock:
            return Mark(self._segments.current if self._segments else None)

    # Upkeep, by the background thread

    def keep_up(self) -> None:
        """Begin a new segment when the present one is long enough, and notice if somebody deleted it."""
        with self.lock:
            if self._segments is None or self.stopped:
                return
            if self._segments.deleted:
                self._start_over()
            elif not self._refused:
                self._segments.keep_up(self.fd)
                if self._interruption is not None:
                    self._close_gate()

    def discard(self, acknowledged: int) -> None:
        """Delete the segments that the server has in full, other than those which are still open."""
        try:
            segments = self.folder.segments() if self.folder else []
            for segment, following in pairwise(segments):
                if following.start <= acknowledged:
                    self._keep_late(segment, following.start)
                    os.unlink(segment.path)
        except FileNotFoundError:
            return  # somebody deleted the folder; keep_up notices

    def _keep_late(self, segment: Segment, end: int) -> None:
        """Move bytes that came after the segment's end was measured to the present one: late, but not lost."""
        if segment.end > end:
            self.write(segment.read(end, segment.end - end))

    # A disk that refuses

    def _put(self, data: bytes) -> bool:
        """Write past the gate, with the lock held; False if the disk refuses, with nothing of it left in the file."""
        error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        for _ in range(2):
            if self._segments is None:
                break
            try:
                written = os.write(self._segments.current.fd, data)
            except OSError as problem:
                error = problem
                if error.errno != errno.EFBIG:  # a limit of the process or the file system on the length of one file
                    break
            else:
                if written == len(data):
                    return True
                self._cut(data[:written])
            if not self._segments.roll_at_once(self.fd):
                break
            if self._interruption is not None:
                self._close_gate()
        return self._refuse(error)

    def _cut(self, torn: bytes) -> None:
        if self._segments is not None:
            self._close_gate()
            time.sleep(QUIET_S)
            self._segments.cut(torn)
            self._open_gate()

    def _refuse(self, error: OSError) -> bool:
        self._close_gate()
        self._refused = True
        self._retry_at = time.monotonic() + RETRY_S
        self._trouble.begins(self.folder.path if self.folder else self._root, error)
        return False

    def _reopen(self) -> bool:
        """Open the gate if it is closed for the disk's sake and it is time to try; True if it is open."""
        if not self._refused:
            return True
        if self.stopped or time.monotonic() < self._retry_at:
            return False
        new = self._segments is None
        try:
            segments = self._segments or self._open()
        except OSError as error:
            return self._refuse(error)
        self._segments, self._refused = segments, False
        self._open_gate()
        if self._pending and not self._put(self._pending):
            return False
        self._pending = b""
        if new and self.folder and self._origin:
            self._on_new_writer(self, self.folder, self._origin)
        return True

    def _open(self) -> OpenSegments:
        """Make a writer's folder and first segment in the first directory that lets us."""
        self._origin = origin = self._describe(self._parent)
        try:
            return self._open_in(self._root, origin)
        except OSError as error:
            segments = self._open_in(fallback_directory(), origin)
            where = self.folder.path if self.folder else ""
            reason = error.strerror or error
            warn("the journal cannot be kept in %s (%s). It is kept in %s instead.", self._root, reason, where)
            return segments

    def _open_in(self, root: str, origin: Origin) -> OpenSegments:
        folder = JournalFolder.create(root, origin)
        self._segments = OpenSegments(folder)
        self.folder = folder
        return self._segments

    # Another writer

    def forked(self) -> None:
        """In the child, right after the fork: write nothing to the parent's segment; begin nothing yet."""
        super().forked()
        if self._origin is not None:
            self._parent = self._origin.parent or self._origin.writer
        self.dropped = 0
        self._files = 0
        self._put_off()

    def _start_over(self) -> None:
        """Somebody deleted the folder below us."""
        complain(
            "the journal in %s was deleted while the run was writing it: what the server did not have yet is lost. "
            "What is logged from now on goes to a new journal.",
            self.folder.path if self.folder else self._root,
        )
        self._files = 0
        self._put_off()

    def _put_off(self) -> None:
        """Let go of the folder; the next record begins another writer."""
        if not self.stopped:
            self._close_gate()
            self.waiting = self._refused = True
            self._retry_at = 0.0
        if self.folder is not None:
            self.folder.lock.release()
        self.folder = None
        self._let_go()

    def _begun(self) -> bool:
        """Begin the writer that was put off, with all paths known so far; False if none was."""
        if not self.waiting or self.stopped:
            return False
        self.waiting = False
        self._pending = b"".join(records.define(number, path) for path, number in self._numbers.items())
        self._reopen()
        return True

    # The end

    def close(self, ending: str, error: str | None) -> None:
        """Write the state record as the writer's last, and take nothing more."""
        with self.lock:
            if self.stopped:
                return
            self._retry_at = 0.0
            begun = not self.waiting and self._reopen()
            super().close(ending, error)
            if begun and self._segments is not None:
                time.sleep(QUIET_S)
                self._write_state(self._segments, records.state(ending, time.time(), error, self.dropped))
                self._segments.settle()

    def _write_state(self, segments: OpenSegments, data: bytes) -> None:
        """Write past the gate, so that no other thread's record comes behind it."""
        try:
            os.write(segments.current.fd, data)
        except OSError as error:
            warn("the end of the run could not be recorded (%s); it will show as crashed", error.strerror or error)

    def _let_go(self) -> None:
        if self._segments is not None:
            self._segments.close()
            self._segments = None
