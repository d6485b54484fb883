"""Contenders measured in turn, so that a machine that drifts is slow for all of them.

Rounds go A B C, B C A, C A B: whoever comes after a heavy neighbour is not always the same. What is compared is the
median of the ratios within a round, not the ratio of two medians that were taken at different times.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.errors import BenchmarkError, NotInstalledError

Figures = Mapping[str, float]  # name of a figure -> its value


@dataclass(frozen=True)
class Contender:
    """Something that can be measured. `measure` runs one round."""

    name: str
    measure: Callable[[], Figures]
    is_machine: bool = False  # not a tracker: what the machine itself can do
    most_rounds: int | None = None  # of one that takes a minute a round: it shows its figure in the first ones


@dataclass
class Standing:
    """What a contender showed so far: one value per round and figure, or why it has none."""

    contender: Contender
    rounds: list[Figures] = field(default_factory=list)
    absent: str | None = None

    def median(self, figure: str) -> float | None:
        """Of the rounds that have the figure."""
        values = [figures[figure] for figures in self.rounds if figure in figures]
        return statistics.median(values) if values else None


Standings = Mapping[str, Standing]


def hold(contenders: Sequence[Contender], rounds: int) -> dict[str, Standing]:
    """Measure everybody `rounds` times in rotating order.

    One that is not installed or fails is set aside with the reason; tidelog's own failure is raised.
    """
    standings = {contender.name: Standing(contender) for contender in contenders}
    for number in range(rounds):
        shift = number % len(contenders)
        for contender in [*contenders[shift:], *contenders[:shift]]:
            _measure_once(standings[contender.name], number, rounds)
    return standings


def _measure_once(standing: Standing, number: int, rounds: int) -> None:
    contender = standing.contender
    if standing.absent or (contender.most_rounds is not None and number >= contender.most_rounds):
        return
    try:
        standing.rounds.append(contender.measure())
    except NotInstalledError:
        standing.absent = "not installed"
    except BenchmarkError as error:
        if contender.name == "tidelog":
            raise
        standing.absent = "failed"
        print(f"{contender.name}: {error}", file=sys.stderr)
    else:
        shown = ", ".join(f"{figure} {value:.4g}" for figure, value in standing.rounds[-1].items())
        print(f"  round {number + 1}/{rounds} {contender.name}: {shown}", file=sys.stderr)


def ratio(of: Standing, to: Standing, figure: str) -> float | None:
    """How many times `of` is as large as `to` in this figure: the median of the ratios of the rounds that both ran."""
    pairs = [
        (mine[figure], theirs[figure])
        for mine, theirs in zip(of.rounds, to.rounds, strict=False)
        if figure in mine and figure in theirs
    ]
    return statistics.median(mine / theirs for mine, theirs in pairs if theirs) if pairs else None
