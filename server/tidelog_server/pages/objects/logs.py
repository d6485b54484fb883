"""Texts of a series as lines of a log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.pages.objects.ansi import Span, readable, spans_of
from tidelog_server.series.objects.lookup import FoundObjects
from tidelog_server.series.objects.points import ObjectPoints
from tidelog_server.series.objects.reading import page_of

__all__ = ["LogLine", "Matches", "lines_of", "matches_in", "readable"]

LINE_CHARACTERS = 4_000  # shown of one text; the API gives all of it
MATCHES = 200  # of a search, on one page
SEARCH_SECONDS = 1.5
SEARCH_POINTS = 8_192  # read at a time


@dataclass(frozen=True)
class LogLine:
    """One text: its step in millionths, its time, and what is shown of it."""

    step: int
    time_ms: int
    spans: tuple[Span, ...]
    hidden: int  # characters that are not shown

    @property
    def text(self) -> str:
        """What is shown, without colours."""
        return "".join(span.text for span in self.spans)


@dataclass(frozen=True)
class Matches:
    """Lines in which something was found, ascending; `before` is where to search on, None at the beginning."""

    lines: tuple[LogLine, ...]
    before: int | None


def lines_of(points: ObjectPoints) -> tuple[LogLine, ...]:
    """The lines for these points of a string series."""
    rows = zip(points.steps.tolist(), points.times.tolist(), points.values, strict=True)
    return tuple(_line(step, time_ms, value.decode("utf-8", "replace")) for step, time_ms, value in rows)


def matches_in(
    connection: sa.Connection,
    found: FoundObjects,
    wanted: str,
    *,
    before: int | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Matches:
    """The last lines that contain `wanted`, in any capitals; those of colours do not count as letters.

    Ends early, with `before` to go on from, when it has found many or its time is up.
    """
    deadline = clock() + SEARCH_SECONDS
    needle = wanted.casefold()
    lines: list[LogLine] = []
    while True:
        page = page_of(
            connection,
            found,
            stop=None if before is None else before - 1,
            limit=SEARCH_POINTS,
            newest_first=True,
        )
        for step, time_ms, text in _backwards(page.points):
            if needle in readable(text).casefold():
                lines.append(_marked(step, time_ms, text, needle))
                if len(lines) == MATCHES:
                    return Matches(tuple(lines[::-1]), step)
        if not page.more or not len(page.points):
            return Matches(tuple(lines[::-1]), None)
        before = int(page.points.steps[0])
        if clock() > deadline:
            return Matches(tuple(lines[::-1]), before)


def _backwards(points: ObjectPoints) -> Iterator[tuple[int, int, str]]:
    steps, times = points.steps.tolist(), points.times.tolist()
    for place in range(len(points) - 1, -1, -1):
        yield steps[place], times[place], points.values[place].decode("utf-8", "replace")


def _line(step: int, time_ms: int, text: str) -> LogLine:
    shown = text[:LINE_CHARACTERS]
    return LogLine(step, time_ms, spans_of(shown), len(text) - len(shown))


def _marked(step: int, time_ms: int, text: str, needle: str) -> LogLine:
    """The line with what was found as spans of the class `found`; of a long one the stretch around it."""
    plain = readable(text)
    folded = plain.casefold()
    if len(folded) != len(plain):  # letters that fold to several, such as ß: places would be off
        return _line(step, time_ms, text)
    at = folded.index(needle)
    start = 0 if at + len(needle) <= LINE_CHARACTERS else at
    shown = plain[start : start + LINE_CHARACTERS]
    spans: list[Span] = []
    here = 0
    while (place := folded.find(needle, start + here, start + len(shown))) >= 0:
        spans.append(Span(shown[here : place - start]))
        here = place - start + len(needle)
        spans.append(Span(shown[place - start : here], "log-found"))
    spans.append(Span(shown[here:]))
    return LogLine(step, time_ms, tuple(span for span in spans if span.text), len(plain) - len(shown))
