"""Reading figures: what fails is left out, and counters become rates."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from tidelog.monitoring.probe import Probe, ProbeReader, Rate


def raises(error: Exception) -> Callable[[], dict[str, float]]:
    """Return a way to read a figure that always fails."""

    def read() -> dict[str, float]:
        raise error

    return read


def test_a_failing_probe_loses_no_other() -> None:
    """Whatever one probe raises, the figures before and after it are read."""
    probes = [
        Probe("a", lambda: {"a": 1.0}),
        Probe("b", raises(RuntimeError("no such file in /proc"))),
        Probe("c", lambda: {"c": 3.0}),
    ]
    assert ProbeReader(probes).read() == {"a": 1.0, "c": 3.0}


def test_a_failure_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A figure that never works is one line in the log, not one a second."""
    reader = ProbeReader([Probe("power", raises(OSError("not supported")))])
    with caplog.at_level(logging.DEBUG, logger="tidelog.monitoring"):
        reader.read()
        reader.read()
    assert [record.getMessage() for record in caplog.records] == ["power cannot be read; all other figures are."]


def test_a_rate_is_growth_over_time() -> None:
    """600 more in 2 seconds are 300 a second."""
    clock = iter([10.0, 12.0])
    rate = Rate(lambda: next(clock))
    assert rate.per_second(1_000) is None
    assert rate.per_second(1_600) == 300.0


def test_a_counter_that_was_reset_gives_no_rate() -> None:
    """A counter that went back (an interface came up again) says nothing until it has grown once more."""
    clock = iter([0.0, 1.0, 2.0])
    rate = Rate(lambda: next(clock))
    rate.per_second(1_000)
    assert rate.per_second(5) is None
    assert rate.per_second(25) == 20.0
