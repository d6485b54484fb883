"""Texts of a series as lines of a log."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tidelog_server.series.objects.points import ObjectPoints

LINE_CHARACTERS = 4_000  # shown of one text; the API gives all of it

# Control sequences of terminals (ECMA-48): colours, cursor movements, titles.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class LogLine:
    """One text: its step in millionths, its time, and what is shown of it."""

    step: int
    time_ms: int
    text: str
    hidden: int  # characters that are not shown


def lines_of(points: ObjectPoints) -> tuple[LogLine, ...]:
    """The lines for these points of a string series."""
    rows = zip(points.steps.tolist(), points.times.tolist(), points.values, strict=True)
    return tuple(_line(step, time_ms, value.decode("utf-8", "replace")) for step, time_ms, value in rows)


def readable(text: str) -> str:
    """The text without what only a terminal understands; other control characters become visible."""
    plain = _ESCAPES.sub("", text).replace("\r\n", "\n")
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", plain)


def _line(step: int, time_ms: int, text: str) -> LogLine:
    shown = text[:LINE_CHARACTERS]
    return LogLine(step, time_ms, readable(shown), len(text) - len(shown))
