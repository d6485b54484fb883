"""Progress of long work, on one line of standard error; nothing where that is no terminal.

Its own forty lines and no library: rich and tqdm would be dependencies of every training job.
"""

from __future__ import annotations

import sys
import time
from types import TracebackType

BAR_CHARACTERS = 24
INTERVAL_S = 0.1


class Progress:
    """`with Progress("exporting", 12) as progress: progress.advance(note="MNIST-3")`. No total: only a count."""

    def __init__(self, what: str, total: int | None = None, unit: str = "") -> None:
        self._what = what
        self._total = total
        self._unit = f" {unit}" if unit else ""
        self._done = 0
        self._shown_at = float("-inf")
        self._visible = sys.stderr.isatty()

    def __enter__(self) -> Progress:
        self._show("")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._visible:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def advance(self, by: int = 1, note: str = "") -> None:
        """Count further, and show it where a tenth of a second has passed."""
        self._done += by
        self._show(note)

    def _show(self, note: str) -> None:
        now = time.monotonic()
        if not self._visible or now - self._shown_at < INTERVAL_S:
            return
        self._shown_at = now
        counted = f"{self._done:,}{self._unit}"
        if self._total:
            full = min(BAR_CHARACTERS, BAR_CHARACTERS * self._done // self._total)
            counted = f"[{'#' * full}{'.' * (BAR_CHARACTERS - full)}] {self._done:,} of {self._total:,}{self._unit}"
        print(f"\r\x1b[K{self._what} {counted} {note}", end="", file=sys.stderr, flush=True)
