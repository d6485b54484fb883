"""Plots over runs that the server draws: a scatter of two attributes, and parallel coordinates of many.

Sizes are in the units of an SVG's view box; the style sheet gives colours and letters.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tidelog_server.pages.colours import RunColour, colour_of
from tidelog_server.pages.filters import number, value_text
from tidelog_server.runs.runs import Run

LEFT, RIGHT, TOP, BOTTOM = 64, 16, 14, 40
LEAST_WIDTH, LEAST_HEIGHT = 280, 160
LETTER = 7.5  # the width of a letter of an axis' name, nearly
NAME_ROWS, NAME_ROW = 2, 18  # names of axes take turns in two rows above them: each has the room of its neighbours too
NAME_SHARE = 1.0  # of the distance between axes, so that names do not meet where letters are larger, either
TICKS = 5
CATEGORIES = 12  # of an axis of texts; the rest share the last place
CATEGORY_CHARACTERS = 18


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where, and what is written there."""

    at: float
    text: str


@dataclass(frozen=True)
class Mark:
    """A run as a point."""

    x: float
    y: float
    run: Run
    colour: RunColour
    title: str


@dataclass(frozen=True)
class Scatter:
    """Runs by two of their values. `missing` counts the runs that lack one of them."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    x_name: str
    y_name: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    marks: tuple[Mark, ...]
    missing: int


@dataclass(frozen=True)
class ParallelAxis:
    """One attribute as a vertical axis at `x`. `label` is as much of its name as has room there."""

    name: str
    label: str
    x: float
    label_y: float
    anchor: str
    ticks: tuple[Tick, ...]


@dataclass(frozen=True)
class ParallelLine:
    """A run as a line across the axes that it has a value on."""

    points: str
    run: Run
    colour: RunColour
    title: str


@dataclass(frozen=True)
class Parallel:
    """Runs across many of their values."""

    width: int
    height: int
    top: int
    bottom: int
    axes: tuple[ParallelAxis, ...]
    lines: tuple[ParallelLine, ...]


@dataclass(frozen=True)
class Size:
    """What a plot measures: about as many units as it will have pixels, so that its letters are as large as others."""

    width: int = 640
    height: int = 300

    @classmethod
    def of(cls, width: int, height: int) -> Size:
        """This size, but no less than what axes need."""
        return cls(max(width, LEAST_WIDTH), max(height, LEAST_HEIGHT))


def scatter_of(x_name: str, y_name: str, found: Sequence[tuple[Run, object, object]], size: Size) -> Scatter:
    """The scatter of (run, x, y); values that are no finite numbers have no place in it."""
    placed = [
        (run, x, y)
        for run, x_value, y_value in found
        if (x := _finite(x_value)) is not None and (y := _finite(y_value)) is not None
    ]
    across = _Scale.around([x for _, x, _ in placed], LEFT, size.width - RIGHT)
    up = _Scale.around([y for _, _, y in placed], size.height - BOTTOM, TOP + 14)
    marks = (
        Mark(across.at(x), up.at(y), run, colour_of(run.number), f"{run.label} {run.name}: {number(x)}, {number(y)}")
        for run, x, y in placed
    )
    return Scatter(
        width=size.width,
        height=size.height,
        left=LEFT,
        right=size.width - RIGHT,
        top=TOP,
        bottom=size.height - BOTTOM,
        x_name=x_name,
        y_name=y_name,
        x_ticks=_ticks(across, [x for _, x, _ in found]),
        y_ticks=_ticks(up, [y for _, _, y in found]),
        marks=tuple(marks),
        missing=len(found) - len(placed),
    )


def parallel_of(names: Sequence[str], found: Sequence[tuple[Run, Sequence[object]]], size: Size) -> Parallel:
    """Parallel coordinates of these attributes; an axis of texts has a place for each text."""
    low, high = size.height - TOP, TOP + NAME_ROWS * NAME_ROW
    places = [RIGHT + place * (size.width - LEFT - RIGHT) / max(len(names) - 1, 1) for place in range(len(names))]
    columns = [_Column([values[place] for _, values in found], low, high) for place in range(len(names))]
    room = int(NAME_SHARE * (size.width - LEFT - RIGHT) / max(len(names) - 1, 1) / LETTER)
    axes = tuple(
        ParallelAxis(name, _end_of(name, room), x, _label_y(place), _anchor(place, len(names)), column.ticks)
        for place, (name, x, column) in enumerate(zip(names, places, columns, strict=True))
    )
    lines = []
    for run, values in found:
        spots = [
            f"{x:.1f},{y:.1f}"
            for x, column, value in zip(places, columns, values, strict=True)
            if (y := column.at(value)) is not None
        ]
        told = ", ".join(f"{name} {value_text(value)}" for name, value in zip(names, values, strict=True))
        lines.append(ParallelLine(" ".join(spots), run, colour_of(run.number), f"{run.label} {run.name}: {told}"))
    return Parallel(size.width, size.height, high, low, axes, tuple(lines))


@dataclass(frozen=True)
class _Scale:
    """Values from `least` to `greatest`, laid out from `start` to `stop`."""

    least: float
    greatest: float
    start: float
    stop: float

    @classmethod
    def around(cls, values: Sequence[float], start: float, stop: float) -> _Scale:
        least, greatest = min(values, default=0.0), max(values, default=1.0)
        if least == greatest:  # one value stands in the middle
            margin = abs(least) / 2 or 0.5
            least, greatest = max(least - margin, -sys.float_info.max), min(greatest + margin, sys.float_info.max)
        return cls(least, greatest, start, stop)

    def at(self, value: float) -> float:
        # Halved, as the difference of two great numbers may be infinite.
        share = (value / 2 - self.least / 2) / (self.greatest / 2 - self.least / 2)
        return round(self.start + share * (self.stop - self.start), 1)

    def ticks(self) -> tuple[Tick, ...]:
        return tuple(Tick(self.at(value), number(value)) for value in round_values(self.least, self.greatest))


class _Column:
    """An axis of parallel coordinates: of numbers where all values are, else of texts."""

    def __init__(self, values: Iterable[object], low: float, high: float) -> None:
        present = [value for value in values if value is not None]
        numbers = [finite for value in present if (finite := _measured(value)) is not None]
        self._scale = _Scale.around(numbers, low, high)
        self._texts: dict[str, float] = {}
        if present and len(numbers) < len(present):
            texts = sorted({value_text(value) for value in present})
            shown = texts[:CATEGORIES]
            self._texts = {
                text: low + (high - low) * (min(place, CATEGORIES - 1) + 0.5) / len(shown)
                for place, text in enumerate(texts)
            }
            self.ticks = tuple(Tick(round(self._texts[text], 1), _shortened(text)) for text in shown)
        else:
            self.ticks = self._scale.ticks()

    def at(self, value: object) -> float | None:
        if value is None:
            return None
        if self._texts:
            return self._texts.get(value_text(value))
        finite = _finite(value)
        return None if finite is None else self._scale.at(finite)


def round_values(least: float, greatest: float, count: int = TICKS) -> list[float]:
    """About `count` round numbers from `least` to `greatest`: multiples of 1, 2 or 5 times a power of ten."""
    rough = (greatest / count) - (least / count)
    if not math.isfinite(rough) or rough <= 0:
        return [least]
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((power * factor for factor in (1, 2, 5) if power * factor >= rough), power * 10)
    first, last = math.ceil(least / step), math.floor(greatest / step)
    return [place * step for place in range(first, min(last, first + 4 * count) + 1)]


def _ticks(scale: _Scale, values: Sequence[object]) -> tuple[Tick, ...]:
    """The ticks of an axis of a scatter; nothing is between true and false."""
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, bool) for value in present):
        return tuple(Tick(scale.at(value), value_text(value)) for value in sorted({bool(value) for value in present}))
    return scale.ticks()


def _finite(value: object) -> float | None:
    """The value as a number to place, if it is one."""
    if isinstance(value, (bool, int, float)) and math.isfinite(value):
        return float(value)
    return None


def _measured(value: object) -> float | None:
    """The value as a place on a scale; true and false have none, for nothing is between them."""
    return None if isinstance(value, bool) else _finite(value)


def _shortened(text: str) -> str:
    return text if len(text) <= CATEGORY_CHARACTERS else text[: CATEGORY_CHARACTERS - 1] + "…"


def _end_of(name: str, characters: int) -> str:
    """The name, or its end where that is what has room: the last part of a path says most."""
    return name if len(name) <= characters else "…" + name[len(name) - max(characters - 1, 1) :]


def _label_y(place: int) -> float:
    return TOP + NAME_ROW * (place % NAME_ROWS)


def _anchor(place: int, count: int) -> str:
    if place == 0:
        return "start"
    return "end" if place == count - 1 else "middle"
