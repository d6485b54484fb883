"""Capturing a stream within Python, at `sys.stdout.write`: in notebooks, on terminals, and under what replaced it."""

from __future__ import annotations

import sys
import time
from collections import deque
from typing import Any

from tidelog.loaded import loaded

WAITING_CHARACTERS = 8 * 1024 * 1024

NAMES = {1: "stdout", 2: "stderr"}


class HookedStream:
    """A stream object whose `write` also keeps the text. What the program sees of it stays the same.

    Nothing here takes a lock, so that a signal handler, a destructor or a logging handler may print at any time.
    IPython puts a `write` of its own in place for each cell, and the one from before the cell back after it; so the
    hook is put around that at the beginning of every cell.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.pieces: deque[tuple[str, float]] = deque()
        self.left_out = 0  # characters that found no room
        self._waiting = 0
        self._stream: Any = getattr(sys, NAMES[number])
        self._write: Any = None
        self._hook: Any = None
        self._earlier_hook: Any = None
        self._stopped = False

    def start(self) -> bool:
        """Begin; False if there is no stream, or one that cannot be hooked."""
        if not self._hook_in():
            return False
        shell = _shell()
        if shell is not None:
            shell.events.register("pre_run_cell", self._hook_again)
        return True

    def stop(self) -> None:
        """Take the hook out; if somebody put another around it, keep nothing from now on."""
        self._stopped = True
        shell = _shell()
        if shell is not None and self._hook_again in shell.events.callbacks["pre_run_cell"]:
            shell.events.unregister("pre_run_cell", self._hook_again)
        if getattr(self._stream, "write", None) is not self._hook:
            return
        if self._earlier_hook is not None or "write" not in getattr(self._stream, "__dict__", {}):
            self._stream.write = self._write
        else:
            del self._stream.write

    def _hook_in(self) -> bool:
        self._write = original = getattr(self._stream, "write", None)
        if original is None:
            return False

        def write(text: str) -> Any:
            result = original(text)
            if self._hook is write:  # else this is an earlier hook below the one that keeps the text
                self._keep(text)
            return result

        self._hook = write
        self._earlier_hook = getattr(self._stream, "__dict__", {}).get("write")
        try:
            self._stream.write = write
        except (AttributeError, TypeError):  # an object of fixed attributes
            return False
        return True

    def _hook_again(self, _: object = None) -> None:
        if not self._stopped and getattr(self._stream, "write", None) is not self._hook:
            self._hook_in()

    def take(self) -> list[tuple[str, float]]:
        """Return what was printed since the last call."""
        taken = []
        while self.pieces:
            piece = self.pieces.popleft()
            self._waiting -= len(piece[0])
            taken.append(piece)
        return taken

    def _keep(self, text: str) -> None:
        if self._stopped or not isinstance(text, str):
            return
        if self._waiting + len(text) > WAITING_CHARACTERS:
            self.left_out += len(text)
            return
        self._waiting += len(text)
        self.pieces.append((text, time.time()))


def _shell() -> Any:
    """Return the notebook's shell, or IPython's on a terminal; None elsewhere."""
    ipython = loaded("IPython")
    return None if ipython is None else ipython.get_ipython()
