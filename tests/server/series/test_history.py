"""Where each point of a resumed run belongs, by its attempt and its step alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from tidelog_server.series.history import ANY_STEP, CURVE, NO_STEP, NO_STEPS, Attempt, History, Window, first_steps
from tidelog_server.series.points import NEXT_STEP, Points

Parts = Mapping[int, dict[int, float]]


def points(*steps: int | None, value: float = 0.0) -> Points:
    """Points at these steps; None has none."""
    numbers = [NEXT_STEP if step is None else step * 1_000_000 for step in steps]
    return Points(np.array(numbers, np.int64), np.zeros(len(steps), np.int64), np.full(len(steps), value))


def attempt(first: int | None, last: int, *behind: int) -> Attempt:
    """What is known of an attempt."""
    before = np.array([step * 1_000_000 for step in behind], np.int64) if behind else NO_STEPS
    return Attempt(NEXT_STEP if first is None else first * 1_000_000, last * 1_000_000, before)


def sorted_parts(history: History) -> Parts:
    """By part of the series, values by step."""
    return {
        number: dict(zip((part.steps // 1_000_000).tolist(), part.values.tolist(), strict=True))
        for number, part in history.parts().items()
    }


def test_an_attempt_abandons_what_lies_behind_its_first_step() -> None:
    """And before that the steps that it logs as well, which nothing replaces."""
    history = History({}, None)
    history.add(0, points(0, 1, 2, 3, value=0.5))
    history.add(1, points(2, 0, value=1.5))
    assert sorted_parts(history) == {CURVE: {0: 1.5, 1: 0.5, 2: 1.5}, 1: {0: 0.5, 2: 0.5, 3: 0.5}}
    assert history.attempts()[1].behind.tolist() == [0]


def test_an_attempt_that_comes_between_others_takes_its_part() -> None:
    """Out of the curve, and out of what a later attempt had abandoned."""
    history = History({0: attempt(0, 3), 2: attempt(3, 4)}, None)
    history.hold(CURVE, points(0, 1, 2, 3, 4))
    history.hold(2, points(3))
    history.add(1, points(1, 2, 3, value=1.0))
    assert sorted_parts(history) == {
        CURVE: {0: 0.0, 1: 1.0, 2: 1.0, 3: 0.0, 4: 0.0}, 1: {1: 0.0, 2: 0.0, 3: 0.0}, 2: {3: 1.0},
    }  # fmt: skip


def test_points_without_a_step_move_on_behind_the_attempt_before() -> None:
    """Whatever it logs, as long as the later one logs nothing with a step."""
    history = History({0: attempt(0, 1), 1: attempt(None, 3)}, None)
    history.hold(CURVE, points(0, 1, 2, 3))
    history.add(0, points(2, None))
    assert sorted_parts(history) == {CURVE: dict.fromkeys(range(6), 0.0)}
    assert history.first_step(1) == 4_000_000
    history.add(1, points(9))
    history.add(0, points(7))
    assert history.first_step(1) == 4_000_000
    assert sorted_parts(history) == {CURVE: dict.fromkeys((0, 1, 2, 3, 4, 5, 9), 0.0), 1: {7: 0.0}}


def test_a_fork_counts_from_its_step() -> None:
    """The first attempt of it that counts begins behind that."""
    history = History({}, 5_000_000)
    history.add(0, points(None, None))
    assert sorted_parts(history) == {CURVE: {6: 0.0, 7: 0.0}}
    assert first_steps({0: attempt(None, 7), 1: attempt(None, 9)}, 5_000_000) == {0: 6_000_000, 1: 8_000_000}


@pytest.mark.parametrize(
    ("number", "logged", "window"),
    [
        (1, points(4, 6), Window(1, 4_000_000, 6_000_000)),  # more of an attempt that has begun
        (1, points(None), Window(1, 9_000_000, NO_STEP)),
        (3, points(4, 6), Window(3, 4_000_000, NO_STEP)),  # one that begins
        (0, points(4), Window(0, ANY_STEP, NO_STEP)),  # one before all others
    ],
)
def test_what_new_points_may_change(number: int, logged: Points, window: Window) -> None:
    """Steps that are read and written again, and from which attempt on."""
    assert History({1: attempt(2, 8), 2: attempt(5, 7)}, None).affected([(number, logged)]) == window


def test_what_counts_is_within_the_window() -> None:
    """It may move."""
    history = History({0: attempt(0, 3), 1: attempt(None, 5)}, None)
    assert history.affected([(0, points(9))]) == Window(0, 4_000_000, NO_STEP)
