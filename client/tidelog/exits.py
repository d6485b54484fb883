"""The status with which a program exits.

Python calls no hook for `SystemExit`: when one reaches the top of the program, the interpreter reads its `code` and
ends. So `sys.exit`, and `exit` and `quit`, are made to raise a SystemExit of ours, whose `code` is a property: when it
is read with no Python code running, that was the interpreter, and the program ends with this status. One that is caught
is never read that way. A program that says `raise SystemExit(1)` raises Python's own, which nobody can hear of; its
runs are finished, unless it leaves a `with` block of a run.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from typing import Any, NoReturn

_heard: Callable[[object], None] | None = None


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
    """Call `heard` with the status when the program exits by `sys.exit`, `exit` or `quit`. The first call counts."""
    global _heard
    if _heard is not None:
        return
    _heard = heard
    sys.exit = _exit
    quitter = getattr(builtins, "exit", None)
    if type(quitter).__name__ == "Quitter":  # there is none under `python -S`, and notebooks have their own
        _wrap_quitter(type(quitter))


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
