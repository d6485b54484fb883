"""What attempts make of one series, whatever the order in which their points arrive.

Within an attempt the last write of a step wins. The first point that an attempt logs begins it: a point of an older
attempt is *abandoned* by the least later attempt that began at or before its step, or logged that step too; if there is
none, it is in the curve. So where a point belongs depends on the points that there are, not on their order of arrival.

Points without a step are counted on from the greatest step of their own attempt. An attempt that *counts*, which has
logged nothing but such points, stands behind the attempt before it, and moves when that one grows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tidelog_server.series.points import EMPTY, NEXT_STEP, STEP_UNITS, Int64s, Points, merged, with_steps

Stretch = tuple[int, Points]  # the attempt of the writer, and its points in the order of logging

CURVE = 0  # among the parts of a series; what attempt k left behind is part k
ANY_STEP, NO_STEP = -(2**63), 2**63 - 1
NO_STEPS = np.empty(0, np.int64)


@dataclass(frozen=True)
class Attempt:
    """What has to be known of an attempt besides its points: its first step as it logged it (`NEXT_STEP` if it counts),
    its greatest step, and the steps before the first one that it logged later.
    """

    first_step: int
    step_last: int
    behind: Int64s

    @property
    def counts(self) -> bool:
        """Whether it has logged nothing but points without a step."""
        return self.first_step == NEXT_STEP


def first_steps(attempts: Mapping[int, Attempt], fork_step: int | None) -> dict[int, int]:
    """Where each attempt of a series begins."""
    found: dict[int, int] = {}
    before = -STEP_UNITS if fork_step is None else fork_step
    for number, attempt in sorted(attempts.items()):
        found[number] = before + STEP_UNITS if attempt.counts else attempt.first_step
        before = attempt.step_last
    return found


@dataclass(frozen=True)
class Window:
    """What new points can change: steps from `first` to `last`, in the curve and in what `attempt` and later ones left
    behind.
    """

    attempt: int
    first: int
    last: int


@dataclass
class _Life:
    """An attempt while points are added."""

    first: int
    last: int | None
    counts: bool
    behind: Int64s
    points: Points = EMPTY  # those within the window

    @property
    def first_step(self) -> int:
        """Its first step as it logged it."""
        return NEXT_STEP if self.counts else self.first

    @property
    def greatest(self) -> int:
        """Its greatest step, once it has logged something."""
        assert self.last is not None
        return self.last

    def takes(self, steps: Int64s) -> NDArray[np.bool_]:
        """At which of these steps it takes the place of older attempts."""
        taken: NDArray[np.bool_] = steps >= self.first
        return taken | np.isin(steps, self.behind) if len(self.behind) else taken

    def hold(self, points: Points) -> None:
        """Points that it has logged, the newer over the older ones."""
        self.points = merged(self.points, points)
        before = points.steps[points.steps < self.first]
        self.behind = np.union1d(self.behind, before) if len(before) else self.behind

    def add(self, points: Points) -> None:
        """Points that it logs, in that order."""
        points = with_steps(points, self.last)
        greatest = int(points.steps.max())
        self.last = greatest if self.last is None else max(self.last, greatest)
        self.hold(points)

    def move(self, by: int) -> None:
        """Move an attempt that counts, all of whose points are here."""
        self.first += by
        self.last = None if self.last is None else self.last + by
        self.points = replace(self.points, steps=self.points.steps + by)


class History:
    """A series while points are added to it. First `hold` the points of its parts within the window of `affected`."""

    def __init__(self, attempts: Mapping[int, Attempt], fork_step: int | None) -> None:
        firsts = first_steps(attempts, fork_step)
        self._lives = {
            number: _Life(firsts[number], attempt.step_last, attempt.counts, attempt.behind)
            for number, attempt in sorted(attempts.items())
        }
        self._begin = -STEP_UNITS if fork_step is None else fork_step

    @property
    def newest(self) -> int:
        """The newest attempt."""
        return max(self._lives)

    def first_step(self, number: int) -> int:
        """Where this attempt begins."""
        return self._lives[number].first

    def affected(self, stretches: Sequence[Stretch]) -> Window:
        """What these stretches may change, if they are added."""
        attempt = min(number for number, _ in stretches)
        if not self._lives or attempt < min(self._lives):
            return Window(attempt, ANY_STEP, NO_STEP)
        steps: list[int] = []
        is_open = False
        for number, points in stretches:
            counted = points.steps == NEXT_STEP
            explicit = points.steps[~counted]
            steps += [int(explicit.min()), int(explicit.max())] if len(explicit) else []
            steps += [self._last_before(number + 1) + STEP_UNITS] if counted.any() else []
            is_open |= number not in self._lives or bool(counted.any())
        moving = [life.first for number, life in self._lives.items() if number > attempt and life.counts]
        return Window(attempt, min(steps + moving), NO_STEP if is_open or moving else max(steps))

    def hold(self, part: int, points: Points) -> None:
        """Points of a part of the series, before any are added: each goes to the attempt that logged it."""
        lives = [(number, life) for number, life in self._lives.items() if part == CURVE or number < part]
        owners = np.full(len(points), lives[0][0])
        for number, life in lives[1:]:
            owners[life.takes(points.steps)] = number
        for number, life in lives:
            mine = owners == number
            if mine.any():
                life.hold(points[mine])

    def add(self, number: int, points: Points) -> None:
        """Add points of one attempt, in the order of logging."""
        life = self._lives.get(number)
        if life is None:
            life = self._begun(number, int(points.steps[0]))
        life.counts = life.counts and bool((points.steps == NEXT_STEP).all())
        life.add(points)
        self._move_behind(number)

    def parts(self) -> dict[int, Points]:
        """The points of the window, each in its part of the series."""
        curve = EMPTY
        found: dict[int, Points] = {}
        for number, life in sorted(self._lives.items()):
            taken = life.takes(curve.steps)
            if taken.any():
                found[number], curve = curve[taken], curve[~taken]
            curve = merged(curve, life.points)
        return {CURVE: curve, **found}

    def attempts(self) -> dict[int, Attempt]:
        """What has to be known of each attempt from now on. The lowest one takes nothing, whatever it logged behind."""
        lowest = min(self._lives)
        return {
            number: Attempt(life.first_step, life.greatest, NO_STEPS if number == lowest else life.behind)
            for number, life in self._lives.items()
        }

    def _begun(self, number: int, first_step: int) -> _Life:
        before = self._last_before(number)
        counts = first_step == NEXT_STEP
        life = _Life(before + STEP_UNITS if counts else first_step, before if counts else None, counts, NO_STEPS)
        self._lives = dict(sorted({**self._lives, number: life}.items()))
        return life

    def _last_before(self, number: int) -> int:
        """The greatest step of the newest attempt before this one."""
        before = [life.last for other, life in self._lives.items() if other < number and life.last is not None]
        return before[-1] if before else self._begin

    def _move_behind(self, number: int) -> None:
        """Let the attempts that count and come behind this one begin where it ends."""
        for later in _after(number, self._lives):
            life = self._lives[later]
            by = self._last_before(later) + STEP_UNITS - life.first
            if not life.counts or not by:
                return
            life.move(by)


def _after(number: int, attempts: Iterable[int]) -> Iterator[int]:
    return (other for other in attempts if other > number)
