"""Colours of terminals in texts: control sequences become parts with names of classes, or nothing.

Understood is SGR, "select graphic rendition" (ECMA-48, 8.3.117), with the colours that terminals added: eight, eight
bright ones, 256, and any, of which the nearest of the sixteen is shown. All other sequences are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

_ESCAPES = re.compile(r"\x1b(?:\[([0-?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
# The sixteen as xterm draws them, to find the nearest of another colour.
SIXTEEN = (
    (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229),
    (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255),
    (255, 255, 255),
)  # fmt: skip
CUBE = (0, 95, 135, 175, 215, 255)  # the levels of the 6 x 6 x 6 colours in the palette of 256
CODES = 64  # of one sequence that are looked at


@dataclass(frozen=True)
class Span:
    """A part of a text and the classes that it is drawn with."""

    text: str
    classes: str = ""


@dataclass(frozen=True)
class _Pen:
    colour: str = ""
    ground: str = ""
    marks: frozenset[str] = frozenset()

    @property
    def classes(self) -> str:
        names = [f"sgr-{mark}" for mark in sorted(self.marks)]
        if self.colour:
            names.append(f"sgr-{self.colour}")
        if self.ground:
            names.append(f"sgr-on-{self.ground}")
        return " ".join(names)


MARKS = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "struck"}
ENDS = {22: {"bold", "dim"}, 23: {"italic"}, 24: {"underline"}, 27: {"inverse"}, 29: {"struck"}}


def spans_of(text: str) -> tuple[Span, ...]:
    """The parts of a text; each text begins without colour. Control characters that mean nothing become visible."""
    pen = _Pen()
    spans: list[Span] = []
    at = 0
    for found in _ESCAPES.finditer(text):
        _add(spans, text[at : found.start()], pen)
        at = found.end()
        if found[2] == "m":
            pen = _drawn(pen, found[1])
    _add(spans, text[at:], pen)
    return tuple(spans)


def readable(text: str) -> str:
    """The text without what only a terminal understands; other control characters become visible."""
    if "\x1b" not in text:
        return _plain(text)
    return "".join(span.text for span in spans_of(text))


def _add(spans: list[Span], text: str, pen: _Pen) -> None:
    shown = _plain(text)
    if not shown:
        return
    if spans and spans[-1].classes == pen.classes:
        spans[-1] = Span(spans[-1].text + shown, pen.classes)
    else:
        spans.append(Span(shown, pen.classes))


def _plain(text: str) -> str:
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))


def _drawn(pen: _Pen, parameters: str) -> _Pen:
    """The pen after one sequence."""
    parts = re.split("[;:]", parameters)[:CODES]
    codes = iter([int(part) if part.isdecimal() and len(part) < 4 else 0 for part in parts])
    for code in codes:
        if code == 0:
            pen = _Pen()
        elif code in MARKS:
            pen = replace(pen, marks=pen.marks | {MARKS[code]})
        elif code in ENDS:
            pen = replace(pen, marks=pen.marks - ENDS[code])
        elif code in (38, 48):
            name = _colour(codes)
            pen = replace(pen, colour=name) if code == 38 else replace(pen, ground=name)
        else:
            pen = _of_sixteen(pen, code)
    return pen


def _of_sixteen(pen: _Pen, code: int) -> _Pen:
    place, unit = code // 10, code % 10
    if place in (3, 9) and unit < 8:
        return replace(pen, colour=NAMES[unit])
    if place in (4, 10) and unit < 8:
        return replace(pen, ground=NAMES[unit])
    if code == 39:
        return replace(pen, colour="")
    return replace(pen, ground="") if code == 49 else pen


def _colour(codes: Iterator[int]) -> str:
    """The colour that follows 38 or 48: `5;n` of the palette, `2;r;g;b` any."""
    kind = next(codes, 0)
    if kind == 2:
        return _nearest([next(codes, 0) for _ in range(3)])
    number = min(next(codes, 0), 255) if kind == 5 else 7
    if number < 16:
        return NAMES[number % 8]
    if number >= 232:
        return _nearest([8 + 10 * (number - 232)] * 3)
    number -= 16
    return _nearest([CUBE[number // 36], CUBE[number // 6 % 6], CUBE[number % 6]])


def _nearest(colour: Sequence[int]) -> str:
    def distance(place: int) -> int:
        return sum((one - other) ** 2 for one, other in zip(SIXTEEN[place], colour, strict=True))

    return NAMES[min(range(16), key=distance) % 8]
