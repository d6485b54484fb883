"""Where the records of a run go: one descriptor that every append writes to, and the numbers of the paths.

The descriptor's number never changes while the run object lives; what it points at does. `os.dup2` puts the next
segment behind it, or a *gate*: a descriptor that cannot be written, so that the next append fails in `os.write` and
comes to `rescue`. So an append needs no lock and checks no state, and a full disk, a stopped run and a forked child all
arrive in one place.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tidelog.errors import InvalidValueError, ReadOnlyError, RunStoppedError
from tidelog.journal import records

if TYPE_CHECKING:
    from tidelog.files.file import File


class Stream:
    """Takes records; this one lets nothing through. See `Journal` for the one that keeps them."""

    def __init__(self) -> None:
        self._gate = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        self.fd = os.dup(self._gate)
        self.lock = threading.RLock()
        self.stopped = False
        self._numbers: dict[str, int] = {}
        self._files = 0  # how many files have a number
        self._interruption: BaseException | None = None  # for the thread that opened the run, at its next record
        self._owner = threading.get_ident()

    def __del__(self) -> None:
        # Not earlier: the number of a closed descriptor goes to the next file that is opened, and appends would too.
        for name in ("fd", "_gate"):
            fd = self.__dict__.pop(name, None)
            if fd is not None:
                os.close(fd)

    def write(self, data: bytes) -> None:
        """Write whole records. Never raises for the disk's sake; blocks for the page cache only."""
        try:
            written = os.write(self.fd, data)
        except OSError:
            written = 0
        if written != len(data):
            self.rescue(data, written)

    def numbers(self, paths: Sequence[str]) -> list[int]:
        """Return the paths' numbers, giving them one first where they are new."""
        with self.lock:
            self._refuse_if_stopped()
            new = [path for path in dict.fromkeys(paths) if path not in self._numbers]
            if len(self._numbers) + len(new) > records.MAX_PATHS:
                raise InvalidValueError(f"a run holds at most {records.MAX_PATHS:,} paths; {new[0]!r} is one too many")
            for path in new:
                self._numbers[path] = len(self._numbers)
            if new:
                self.define(b"".join(records.define(self._numbers[path], path) for path in new))
            return [self._numbers[path] for path in paths]

    def define(self, definitions: bytes) -> None:
        """Write definitions of paths; called with the lock held."""
        self.write(definitions)

    def keep_file(self, file: File, artifact: dict[str, Any] | None = None, *, copy: bool = True) -> int | None:
        """Keep a file beside the records and return its number; None if the disk refuses, which is counted."""
        with self.lock:
            self._refuse_if_stopped()
            self._files += 1
            return self._files - 1

    def rescue(self, data: bytes, written: int = 0) -> None:
        """Deal with records of which only `written` bytes, or none, went through the descriptor."""
        raise NotImplementedError

    def interrupt(self, error: BaseException) -> None:
        """Raise this error in the thread that opened the run, from the next call in which it logs; once.

        What that call logs is kept. Until then the gate is closed, so that every record comes to `rescue`: a run that
        is not interrupted pays nothing for the possibility. Other threads log as ever, a little slower.
        """
        with self.lock:
            if not self.stopped:
                self._interruption = error
                self._close_gate()

    def forked(self) -> None:
        """Hear that this is a forked child; called right after the fork, by its only thread."""
        self.lock = threading.RLock()  # another thread of the parent may have held the old one
        self._interruption = None
        self._owner = threading.get_ident()

    def close(self, ending: str, error: str | None) -> None:
        """Take nothing more: a later write raises."""
        self.stopped = True
        self._close_gate()

    def _refuse_if_stopped(self) -> None:
        if self.stopped:
            raise RunStoppedError(
                "the run was stopped, so this was not recorded. Log before stop(), or go on with init_run(with_id=...)"
            )

    def _raise_interruption(self) -> None:
        error = self._interruption
        if error is None or threading.get_ident() != self._owner:
            return
        self._interruption = None
        self._open_gate()
        raise error from None

    def _open_gate(self) -> None:
        """Let records through, unless the next one is to be met by an interruption."""

    def _close_gate(self) -> None:
        os.dup2(self._gate, self.fd, inheritable=False)


class DebugStream(Stream):
    """Mode debug: arguments are checked, nothing is kept."""

    def __init__(self) -> None:
        super().__init__()
        self._open_gate()

    def rescue(self, data: bytes, written: int = 0) -> None:
        """Keep nothing of this either."""
        with self.lock:
            self._refuse_if_stopped()
            self._raise_interruption()

    def forked(self) -> None:
        """Go on keeping nothing."""
        super().forked()
        if not self.stopped:
            self._open_gate()

    def _open_gate(self) -> None:
        nothing = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(nothing, self.fd, inheritable=False)
        os.close(nothing)


class ReadOnlyStream(Stream):
    """Mode read-only: every write raises."""

    def numbers(self, paths: Sequence[str]) -> list[int]:
        """Refuse."""
        raise ReadOnlyError(f"the run is open in mode 'read-only', so {paths[0]!r} was not recorded")

    def keep_file(self, file: File, artifact: dict[str, Any] | None = None, *, copy: bool = True) -> int | None:
        """Refuse."""
        raise ReadOnlyError(f"the run is open in mode 'read-only', so {file.name!r} was not recorded")

    def rescue(self, data: bytes, written: int = 0) -> None:
        """Refuse."""
        raise ReadOnlyError("the run is open in mode 'read-only'; nothing was recorded")
