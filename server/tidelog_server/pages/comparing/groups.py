"""Runs compared as groups: the mean of each with its interval, how many runs that is, and a test of two of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tidelog_server.analysis.importance import as_numbers
from tidelog_server.analysis.two_groups import CONFIDENCE, Sample, Test, Verdict, compare_groups, sample_of
from tidelog_server.pages.filters import number, value_text
from tidelog_server.pages.plots import round_values

MAX_GROUPS = 30
LABEL_CHARACTERS = 20
WIDTH, LEFT, RIGHT, LINE = 640, 180, 24, 30
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class GroupLine:
    """A group in the picture: its values, its mean, its interval, all in the units of the view box."""

    name: str
    sample: Sample
    y: int
    mean: float | None
    low: float | None
    high: float | None
    dots: tuple[float, ...]

    @property
    def label(self) -> str:
        """As much of the name as has room before the plot: its beginning and its end."""
        half = LABEL_CHARACTERS // 2
        return self.name if len(self.name) <= LABEL_CHARACTERS else f"{self.name[: half - 1]}…{self.name[-half:]}"


@dataclass(frozen=True)
class TestRow:
    """A test in figures to read, and in a sentence."""

    test: Test
    value: str
    p: str
    effect_name: str
    effect: str


@dataclass(frozen=True)
class Groups:
    """The context of partials/comparing/groups.html."""

    by: str
    attributes: tuple[str, ...]
    metric: str
    metrics: tuple[str, ...]
    lines: tuple[GroupLine, ...]
    hidden: int
    width: int
    height: int
    left: int
    right: int
    ticks: tuple[tuple[float, str], ...]
    names: tuple[str, ...]
    a: str
    b: str
    verdict: Verdict | None
    tests: tuple[TestRow, ...]
    sentence: str
    confidence: str


def groups_of_runs(
    by: str,
    attributes: Sequence[str],
    metric: str,
    metrics: Sequence[str],
    keys: Sequence[object],
    values: Sequence[object],
    *,
    a: str,
    b: str,
) -> Groups:
    """Groups of runs with one value of `by`; `a` and `b` name the two that are tested, the largest ones by default."""
    numbers = as_numbers(values)
    members: dict[str, list[float]] = {}
    for key, value in zip(keys, numbers.tolist(), strict=True):
        if math.isfinite(value):
            members.setdefault(value_text(key, 80), []).append(value)
    names = sorted(members, key=lambda name: (-len(members[name]), name))
    shown = names[:MAX_GROUPS]
    a = a if a in members else next(iter(names), "")
    b = b if b in members and b != a else next((name for name in names if name != a), "")
    verdict = compare_groups(members[a], members[b]) if a and b else None
    scale = _Scale.around([value for name in shown for value in members[name]])
    return Groups(
        by=by,
        attributes=tuple(attributes),
        metric=metric,
        metrics=tuple(metrics),
        lines=tuple(_line(name, members[name], place, scale) for place, name in enumerate(shown)),
        hidden=len(names) - len(shown),
        width=WIDTH,
        height=LINE * len(shown) + 30,
        left=LEFT,
        right=WIDTH - RIGHT,
        ticks=tuple((scale.at(tick), number(tick)) for tick in scale.ticks()),
        names=tuple(names),
        a=a,
        b=b,
        verdict=verdict,
        tests=tuple(_test_row(test, a, b) for test in verdict.tests) if verdict else (),
        sentence=_sentence(a, b, verdict, metric) if verdict else "",
        confidence=f"{CONFIDENCE:.0%}",
    )


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float

    @classmethod
    def around(cls, values: Sequence[float]) -> _Scale:
        low, high = min(values, default=0.0), max(values, default=1.0)
        margin = (high - low) * 0.05 or abs(low) * 0.05 or 0.5
        return cls(low - margin, high + margin)

    def at(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(LEFT + min(max(share, 0.0), 1.0) * (WIDTH - RIGHT - LEFT), 1)

    def ticks(self) -> list[float]:
        return round_values(self.low, self.high)


def _line(name: str, values: Sequence[float], place: int, scale: _Scale) -> GroupLine:
    sample = sample_of(np.array(values))
    return GroupLine(
        name=name,
        sample=sample,
        y=LINE * place + LINE // 2,
        mean=scale.at(sample.mean),
        low=None if sample.low is None else scale.at(sample.low),
        high=None if sample.high is None else scale.at(sample.high),
        dots=tuple(scale.at(value) for value in values),
    )


def _test_row(test: Test, a: str, b: str) -> TestRow:
    named = {"probability that A is above B": f"probability that a run of {a} is above one of {b}"}
    p = "< 0.0001" if test.p < 0.0001 else number(round(test.p, 4))
    effect_name = named.get(test.effect_name, test.effect_name)
    return TestRow(test, number(round(test.value, 4)), p, effect_name, number(round(test.effect, 3)))


def _sentence(a: str, b: str, verdict: Verdict, metric: str) -> str:
    """What the tests allow to say, and what not."""
    if not verdict.tests:
        return f"Each group needs two runs with {metric} for a test."
    higher, lower = (a, b) if verdict.difference > 0 else (b, a)
    p = max(test.p for test in verdict.tests)
    if p < SIGNIFICANT:
        return f"{higher} is above {lower} in {metric}: both tests agree at the 5 % level."
    if min(test.p for test in verdict.tests) < SIGNIFICANT:
        return f"{higher} is above {lower} in {metric} on average; the two tests disagree about whether that is chance."
    return f"These runs do not show that {a} and {b} differ in {metric}."
