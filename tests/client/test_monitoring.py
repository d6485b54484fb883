"""When the hardware is sampled. What is sampled: tests/monitoring."""

from __future__ import annotations

import threading

import pytest

import tidelog
from tests.client.conftest import OpenRun


class FakeMonitor:
    """Stands for HardwareMonitor, and tells what became of it."""

    made: list[FakeMonitor]

    def __init__(self, run: tidelog.Run, namespace: str, interval_s: float, figures: object, report: object) -> None:
        self.run, self.namespace, self.interval_s, self.figures = run, namespace, interval_s, figures
        self.started = threading.Event()
        self.stopped = False
        self.made.append(self)

    def start(self) -> None:
        self.run[self.namespace].append({"cpu": 1.0})
        self.started.set()

    def stop(self) -> None:
        self.run[self.namespace].append({"cpu": 2.0})
        self.stopped = True


@pytest.fixture(autouse=True)
def monitors(monkeypatch: pytest.MonkeyPatch) -> list[FakeMonitor]:
    """The monitors that runs made."""
    FakeMonitor.made = []
    monkeypatch.setattr("tidelog.monitoring.HardwareMonitor", FakeMonitor)
    monkeypatch.setattr("tidelog.shipping.background.START_DELAY_S", 0.0)
    return FakeMonitor.made


def test_the_hardware_is_sampled_until_the_run_ends(open_run: OpenRun, monitors: list[FakeMonitor]) -> None:
    """Begun in the background, offline too, and stopped while its last sample can still be recorded."""
    run = open_run(capture_hardware=True, monitoring_namespace="machine/0")
    while not monitors:
        run.wait(0.0)
    assert monitors[0].started.wait(30.0)
    assert (monitors[0].namespace, monitors[0].interval_s, monitors[0].figures) == ("machine/0", 1.0, ("*",))
    run.stop()
    assert monitors[0].stopped


@pytest.mark.parametrize("settings", [{"capture_hardware": False}, {"mode": "debug", "capture_hardware": True}])
def test_it_is_left_alone_where_nobody_asked(
    open_run: OpenRun, monitors: list[FakeMonitor], settings: dict[str, object]
) -> None:
    """With capture_hardware=False, and in modes that keep nothing."""
    open_run(**settings).stop()
    assert monitors == []


def test_a_run_that_is_over_at_once_begins_no_sampling(open_run: OpenRun, monitors: list[FakeMonitor]) -> None:
    """A monitor that was begun is stopped, whatever comes first."""
    for key in range(20):
        open_run(capture_hardware=True, custom_run_id=str(key)).stop()
    assert all(monitor.stopped for monitor in monitors)
