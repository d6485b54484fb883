"""A run's part of the console: lines into string series, no more of them than a server should get."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from tidelog.console.capture import CONSOLE
from tidelog.console.lines import Line
from tidelog.console.streams import NAMES

LINES_PER_S = 1_000.0
BURST_LINES = 20_000.0
BYTES_PER_S = 256.0 * 1024
BURST_BYTES = 8.0 * 1024 * 1024


class LoggedRun(Protocol):
    """What is asked of a run."""

    def __getitem__(self, path: str) -> Any:
        """Return the series at a path."""


class Allowance:
    """How much may be kept now: so much at once, and so much a second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at = clock()
        self._lines, self._bytes = BURST_LINES, BURST_BYTES

    def takes(self, line: Line) -> bool:
        """Say whether there is room for a line, and count it."""
        now = self._clock()
        self._lines = min(BURST_LINES, self._lines + LINES_PER_S * (now - self._at))
        self._bytes = min(BURST_BYTES, self._bytes + BYTES_PER_S * (now - self._at))
        self._at = now
        if self._lines < 1 or self._bytes < len(line.text):
            return False
        self._lines -= 1
        self._bytes -= len(line.text)
        return True


class ConsoleLog:
    """Appends what is printed to `<namespace>/stdout` and `<namespace>/stderr` of a run until it is ended."""

    def __init__(self, run: LoggedRun, namespace: str, streams: Iterable[int]) -> None:
        self._run = run
        self._namespace = namespace
        self._allowances = {stream: Allowance() for stream in streams}
        self._left_out = dict.fromkeys(self._allowances, 0)
        self._end = CONSOLE.listen(self._allowances, self._keep)

    def stop(self) -> None:
        """Keep what was printed until now, and nothing more."""
        self._end()
        for stream, count in self._left_out.items():
            if count:
                self._append(stream, [_left_out(count)])

    def _keep(self, stream: int, lines: list[Line]) -> None:
        allowance = self._allowances[stream]
        kept: list[Line] = []
        for line in lines:
            if not allowance.takes(line):
                self._left_out[stream] += 1
                continue
            if self._left_out[stream]:
                kept.append(_left_out(self._left_out[stream]))
                self._left_out[stream] = 0
            kept.append(line)
        if kept:
            self._append(stream, kept)

    def _append(self, stream: int, lines: list[Line]) -> None:
        series = self._run[f"{self._namespace}/{NAMES[stream]}"]
        series.extend([line.text for line in lines], timestamps=[line.seconds for line in lines])


def _left_out(count: int) -> Line:
    return Line(time.time(), f"[tidelog: {count:,} lines are not kept here: more than {LINES_PER_S:,.0f} a second]")
