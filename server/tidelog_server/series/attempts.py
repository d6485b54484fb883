"""Attempts: what a resumed run that logs earlier steps again makes of its series.

`history` has the rules. Here they are applied to what is stored of one series: the chunks that new points may change
are read, of the curve and of what was abandoned, their points are sorted into these again, and what differs is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import numpy as np

from tidelog_server.series import past_attempts
from tidelog_server.series.history import ANY_STEP, CURVE, Attempt, History, Stretch, Window
from tidelog_server.series.past_attempts import Past
from tidelog_server.series.points import EMPTY, NEXT_STEP, Int64s, Points

G = TypeVar("G")  # how a part of a series grows
G_co = TypeVar("G_co", covariant=True)


@dataclass(frozen=True)
class Begun:
    """What the head of a part says of attempts, and the least step that changes in it."""

    attempt: int
    attempt_step: int
    least_step: int


class Part(Protocol[G_co]):
    """A part of a series, and the points of those of its chunks that may change."""

    @property
    def series_id(self) -> int:
        """0 for a part that does not exist yet."""

    @property
    def points(self) -> Points:
        """They ascend by step."""

    def grown(self, points: Points, begun: Begun) -> G_co | None:
        """How it grows by getting these points in place of its own; None if it then has none at all."""


class Parts(Protocol[G_co]):
    """What is stored of a series."""

    @property
    def path_id(self) -> int:
        """The path."""

    @property
    def past(self) -> Past:
        """What is noted of its attempts."""

    @property
    def attempts(self) -> Past:
        """All of its attempts; none of a series that does not exist yet."""

    def load(self, window: Window) -> Mapping[int, Part[G_co]]:
        """The parts that may change, by the attempt that left them behind, and the curve."""

    def new(self, number: int) -> Part[G_co]:
        """A part that does not exist yet."""


@dataclass
class Sorting(Generic[G]):
    """What is to be written: how parts of series grow, the ids of those that have lost all points, and what is noted of
    attempts, with path and number of each.
    """

    growths: list[G] = field(default_factory=list)
    emptied: list[int] = field(default_factory=list)
    noted: list[tuple[int, int, Attempt]] = field(default_factory=list)

    def add(self, other: Sorting[G]) -> None:
        """Write that as well."""
        self.growths += other.growths
        self.emptied += other.emptied
        self.noted += other.noted


class Head(Protocol):
    """What the head of a curve says of its newest attempt."""

    @property
    def attempt(self) -> int:
        """Its number."""

    @property
    def attempt_step(self) -> int:
        """The first step that it logged, `NEXT_STEP` if it counts."""


class Logged(Protocol):
    """Points in the order of logging."""

    @property
    def steps(self) -> Int64s:
        """Their steps, `NEXT_STEP` where they have none."""


def is_sorted(head: Head | None, stretches: Sequence[tuple[int, Logged]]) -> bool:
    """Whether these stretches have to be sorted into the series: another attempt than the newest one logs, or that one
    logs behind its own first step, or counts no more. The only attempt of a series that is no later one never has.
    """
    newest, first = (0, ANY_STEP) if head is None else (head.attempt, head.attempt_step)
    if any(number != newest for number, _ in stretches):
        return True
    if not newest:
        return False
    steps = np.concatenate([points.steps for _, points in stretches])
    explicit = steps[steps != NEXT_STEP]
    return bool(len(explicit)) and (first == NEXT_STEP or int(explicit.min()) < first)


def sort(stored: Parts[G], stretches: Sequence[Stretch], fork_step: int | None) -> Sorting[G]:
    """Fold stretches of several attempts into a series; `fork_step` is that of a fork."""
    history = History(stored.attempts, fork_step)
    window = history.affected(stretches)
    parts = stored.load(window)
    for number, part in parts.items():
        history.hold(number, part.points)
    for number, points in stretches:
        history.add(number, points)
    attempts, newest = history.attempts(), history.newest
    result: Sorting[G] = Sorting()
    for number, points in (dict.fromkeys(parts, EMPTY) | history.parts()).items():
        part = parts[number] if number in parts else stored.new(number)
        if part.series_id and points.equals(part.points):
            continue
        least = window.first if stored.attempts else int(points.steps[0])
        is_curve = number == CURVE
        begun = Begun(
            attempt=newest if is_curve else 0,
            attempt_step=attempts[newest].first_step if is_curve else history.first_step(number),
            least_step=least,
        )
        growth = part.grown(points, begun)
        if growth is None:
            result.emptied.append(part.series_id)
        else:
            result.growths.append(growth)
    noted = past_attempts.changed(stored.past, attempts)
    result.noted = [(stored.path_id, number, attempt) for number, attempt in noted.items()]
    return result
