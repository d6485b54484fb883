"""Load of the training job: this process and its children."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from tidelog.monitoring.processor import ProcessTree

BUSY = "print('ready', flush=True)\nwhile True: pass"


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_busy_child_counts() -> None:
    """What a child process burns is in the figure: that is where data loading happens."""
    clock = Clock()
    with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        tree = ProcessTree(clock)
        burn_until = cpu_seconds(child.pid) + 0.2
        while cpu_seconds(child.pid) < burn_until:
            time.sleep(0.01)
        clock.now = 1.0
        figures = tree.read()
        child.kill()
    assert figures["process/cpu_percent"] >= 19


def test_a_child_that_ended_is_no_error() -> None:
    """Processes come and go between two looks; the rest of the tree still has its figures."""
    clock = Clock()
    with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        tree = ProcessTree(clock)
        child.kill()
    clock.now = 1e-9
    assert tree.read()["process/memory_gib"] > 0


def test_the_machine_is_searched_for_children_at_most_a_500th_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a search that took 2 ms, the next one is a second away, however often samples are taken."""
    clock, searches = Clock(), []
    busy_s = iter([0.0, 0.002, 10.0, 10.002])
    monkeypatch.setattr("tidelog.monitoring.processor.time.thread_time", lambda: next(busy_s))
    monkeypatch.setattr("psutil.Process.children", lambda *_, **__: searches.append(clock.now) or [])
    tree = ProcessTree(clock)
    for clock.now in (0.5, 0.9, 1.0):
        tree.read()
    assert searches == [0.0, 1.0]


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used."""
    import psutil

    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
