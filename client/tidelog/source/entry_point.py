"""The program's own file: its text as the run began, and whether that is what runs.

Python read the file before the run was opened, and importing a framework takes seconds, in which somebody may go on
editing. So the text is read at once, and what runs is compared with what the text compiles to.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from types import CodeType
from typing import NamedTuple

MOST_BYTES = 1024 * 1024
PARTS = ("co_code", "co_names", "co_varnames", "co_linetable")


class EntryPoint(NamedTuple):
    """The file, its text, and the code that was made of it when the program began; None is not known."""

    path: str
    text: bytes | None
    modified_ns: int
    changed_s: float  # seconds since 1970: when anything about the file was last changed
    code: CodeType | None

    @property
    def is_what_runs(self) -> bool:
        """Whether the text is that of the program; where that cannot be told, it is taken for it.

        Compiling holds Python's lock for milliseconds, so a file that was left alone since the program began is not.
        """
        if self.text is None or self.code is None or self.changed_s < _process_start_s():
            return True
        try:
            return _are_same(compile(self.text, self.code.co_filename, "exec", dont_inherit=True), self.code)
        except (SyntaxError, ValueError):
            return False


def entry_point_now(folder: str) -> EntryPoint | None:
    """Return the program's file as it is now; None for a program without one, such as a notebook."""
    main = sys.modules.get("__main__")
    file = getattr(main, "__file__", None)
    if not isinstance(file, str):
        return None
    path = os.path.join(folder, file)
    nothing = EntryPoint(path, None, 0, 0.0, None)
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return nothing
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MOST_BYTES:
            return nothing
        text = os.read(fd, MOST_BYTES)
    except OSError:
        return nothing
    finally:
        os.close(fd)
    return EntryPoint(path, text, status.st_mtime_ns, status.st_ctime, _main_code(vars(main)))


def _main_code(names: dict[str, object]) -> CodeType | None:
    """Return the code of the program's outermost block, if this thread is within it."""
    frame = sys._getframe()
    while frame is not None:
        if frame.f_globals is names and frame.f_code.co_name == "<module>":
            return frame.f_code
        frame = frame.f_back  # type: ignore[assignment]
    return None


def _are_same(one: CodeType, other: CodeType) -> bool:
    """Compare what was compiled: `==` may see, too, what the interpreter has made faster in the one that runs."""
    if any(getattr(one, part) != getattr(other, part) for part in PARTS) or len(one.co_consts) != len(other.co_consts):
        return False
    for mine, theirs in zip(one.co_consts, other.co_consts, strict=True):
        if isinstance(mine, CodeType) and isinstance(theirs, CodeType):
            if not _are_same(mine, theirs):
                return False
        elif type(mine) is not type(theirs) or mine != theirs:
            return False
    return True


def _process_start_s() -> float:
    """Return when this process began, in seconds since 1970; 0 where the system does not tell."""
    try:
        with open("/proc/self/stat", "rb") as file:
            ticks = int(file.read().rpartition(b")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return 0.0
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf("SC_CLK_TCK")
