"""The status with which a program exits.

Python calls no hook for `SystemExit`: when one reaches the top of the program, the interpreter reads its `code` and
ends. So `sys.exit`, and `exit` and `quit`, are made to raise a SystemExit of ours, whose `code` is a property: when it
is read with no Python code running, that was the interpreter, and the program ends with this status. One that is caught
is never read that way.

A program that says `raise SystemExit(1)` raises Python's own. But after the file that it was started with, the
interpreter flushes stderr and stdout, before it looks at what was raised. So a flush with no Python code running is
the moment to look for a SystemExit that the interpreter holds: that is the one that ends the program. There is no such
flush after `python -m` and `python -c`, where nobody can hear of it; runs are finished there, unless it leaves a `with`
block of a run.
"""

from __future__ import annotations

import builtins
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn

_heard: Callable[[object], None] | None = None
_hooked: list[tuple[Any, Any]] = []  # streams, each with the hook in place of its `flush`


class Exit(SystemExit):
    """What `sys.exit` raises once exits are watched."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._code = SystemExit(*arguments).code

    @property
    def code(self) -> Any:
        """The status: a number, a text, or None."""
        if _heard is not None and _nothing_runs():
            _heard(self._code)
        return self._code

    @code.setter
    def code(self, code: Any) -> None:
        self._code = code


Exit.__name__ = Exit.__qualname__ = "SystemExit"  # as it stands in tracebacks
Exit.__module__ = "builtins"


def watch_exits(heard: Callable[[object], None]) -> None:
    """Call `heard` with the status when the program exits by a `SystemExit`. The first call of this counts."""
    global _heard
    if _heard is not None:
        return
    _heard = heard
    sys.exit = _exit
    quitter = getattr(builtins, "exit", None)
    if type(quitter).__name__ == "Quitter":  # there is none under `python -S`, and notebooks have their own
        _wrap_quitter(type(quitter))
    if hasattr(sys.modules.get("__main__"), "__file__"):
        for stream in (sys.stderr, sys.stdout):
            _look_at_flush(stream)


def forget_exits() -> None:
    """The program's file has come to its end: give the streams their `flush` back."""
    while _hooked:
        stream, hook = _hooked.pop()
        if vars(stream).get("flush") is hook:
            del stream.flush


def exit_error(status: object) -> str | None:
    """Return why a run failed that exits with this status; None if that is a success."""
    if status is None or status == 0:
        return None
    return f"The program exited with status {status}." if isinstance(status, int) else f"The program exited: {status}"


def _exit(status: Any = None, /) -> NoReturn:
    """Exit the interpreter by raising SystemExit(status)."""
    raise Exit(*(status if isinstance(status, tuple) else () if status is None else (status,)))


def _wrap_quitter(kind: Any) -> None:
    original = kind.__call__

    def quit_program(self: Any, code: Any = None) -> NoReturn:
        try:
            original(self, code)
        except SystemExit as error:
            raise Exit(error.code) from None
        raise AssertionError("exit() returned")

    kind.__call__ = quit_program


def _nothing_runs() -> bool:
    """Say whether the property that asks was read by the interpreter itself."""
    try:
        sys._getframe(2)
    except ValueError:
        return True
    return False


def _look_at_flush(stream: Any) -> None:
    if "flush" in getattr(stream, "__dict__", {"flush": None}):
        return  # no stream, an object of fixed attributes, or one that somebody else has changed
    flush = stream.flush

    def hook() -> None:
        try:
            flush()
        finally:
            if _nothing_runs() and threading.current_thread() is threading.main_thread():
                forget_exits()
                _look_for_exit()

    stream.flush = hook
    _hooked.append((stream, hook))


def _look_for_exit() -> None:
    """Find the SystemExit that is leaving the program: it has one owner more than there are objects that hold it."""
    import gc

    exits = [SystemExit()]  # the first is held by this list alone: it tells what the counting itself adds
    exits += [found for found in gc.get_objects() if issubclass(type(found), SystemExit) and found is not exits[0]]
    if len(exits) == 1:
        return
    owners = [sys.getrefcount(found) - len(gc.get_referrers(found)) for found in exits]
    for found, count in zip(exits, owners, strict=True):
        if count > owners[0] and _heard is not None:
            _heard(found.code)
