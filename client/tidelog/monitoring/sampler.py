"""One thread that samples figures of one kind at even intervals."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

# A last sample is taken only if so much time has passed since the one before: over less, a rate says nothing.
SHORTEST_SAMPLE_S = 0.1
FIRST_SUMMARY_S = 10.0  # a short job that is killed has its sums too
SUMMARY_S = 60.0  # what a job that is killed may lose of its sums

Figures = Mapping[str, float]


class Sampler:
    """Gives `append` a sample every `interval_s` seconds, and `assign` the sums now and then and at the end.

    Runs until `stop` is set, in the thread that calls `run`. What raises goes through to there.
    """

    def __init__(
        self, interval_s: float, read: Callable[[], Figures], append: Callable[[Figures, float], None],
        sums: Callable[[], Figures] | None = None, assign: Callable[[Figures], None] | None = None,
    ) -> None:  # fmt: skip
        self._interval_s = interval_s
        self._read = read
        self._append = append
        self._sums = sums
        self._assign = assign

    def run(self, stop: threading.Event) -> None:
        """Sample until told to stop; then once more. Even a job of a moment has one sample."""
        sampled_at = time.monotonic()
        sampled = False
        due, sums_due = sampled_at + self._interval_s, sampled_at + FIRST_SUMMARY_S
        while not stop.wait(max(0.0, due - time.monotonic())):
            self._sample()
            sampled_at, sampled = time.monotonic(), True
            # After a pause (a laptop's sleep, a stopped process) the next sample is one interval away, not a burst.
            due = max(due + self._interval_s, sampled_at)
            if sampled_at >= sums_due:
                self._sum_up()
                sums_due = sampled_at + SUMMARY_S
        if not sampled or time.monotonic() - sampled_at >= SHORTEST_SAMPLE_S:
            self._sample()
        self._sum_up()

    def _sample(self) -> None:
        taken_at = time.time()
        if sample := self._read():
            self._append(sample, taken_at)

    def _sum_up(self) -> None:
        if self._sums is not None and self._assign is not None and (sums := self._sums()):
            self._assign(sums)
