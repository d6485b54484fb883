"""The sampling thread: when it samples, how it ends, and what it survives."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.monitoring.recording_run import RecordingRun
from tidelog.monitoring import HardwareMonitor


@pytest.fixture
def run() -> RecordingRun:
    """A run that keeps everything in memory."""
    return RecordingRun()


def test_a_sample_is_one_append_of_all_figures(run: RecordingRun) -> None:
    """Processor, memory, disk and network come together, with one time."""
    monitor = HardwareMonitor(run, interval_s=0.02)
    began = time.time()
    monitor.start()
    run.wait_for_samples(2)
    monitor.stop()
    assert set(run.samples[1]) >= {
        "cpu/percent",
        "process/cpu_percent",
        "process/memory_gib",
        "memory/used_gib",
        "memory/percent",
        "memory/swap_used_gib",
        "disk/used_gib",
        "disk/percent",
        "network/received_mib_per_s",
        "network/sent_mib_per_s",
    }
    assert all(began <= taken_at <= time.time() for taken_at in run.timestamps)


def test_sizes_of_the_machine_are_assigned_once(run: RecordingRun) -> None:
    """Cores, memory and disk size are attributes of the namespace, not series."""
    monitor = HardwareMonitor(run, namespace="monitoring/rank_1", interval_s=0.02)
    monitor.start()
    run.wait_for_samples(1)
    monitor.stop()
    facts = run.assigned["monitoring/rank_1"]
    assert facts["cpu/cores"] >= 1
    assert facts["memory/total_gib"] > 0.1
    assert facts["disk/total_gib"] > 0.1


def test_stop_takes_a_last_sample(run: RecordingRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run shorter than the interval still shows what the machine did."""
    monkeypatch.setattr("tidelog.monitoring.monitor.SHORTEST_SAMPLE_S", 0.0)
    monitor = HardwareMonitor(run, interval_s=3600)
    monitor.start()
    while "monitoring" not in run.assigned:
        time.sleep(0.005)
    monitor.stop()
    assert len(run.samples) == 1


def test_stop_waits_for_its_thread_and_may_be_called_again(run: RecordingRun) -> None:
    """After stop nothing is appended any more: the run's end can be written."""
    monitor = HardwareMonitor(run, interval_s=0.01)
    monitor.start()
    run.wait_for_samples(1)
    monitor.stop()
    monitor.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "tidelog-hardware-monitor"]


def test_start_twice_is_one_thread(run: RecordingRun) -> None:
    """A second start does not sample twice."""
    monitor = HardwareMonitor(run, interval_s=3600)
    monitor.start()
    monitor.start()
    assert sum(thread.name == "tidelog-hardware-monitor" for thread in threading.enumerate()) == 1
    monitor.stop()


def test_a_run_that_refuses_samples_ends_the_monitor_with_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    """An error from the run is logged and never reaches the training job."""

    class ClosedRun(RecordingRun):
        def append(self, value: dict[str, float], *, timestamp: float) -> None:
            raise RuntimeError("the run has ended")

    monitor = HardwareMonitor(ClosedRun(), interval_s=0.01)
    with caplog.at_level(logging.WARNING, logger="tidelog.monitoring"):
        monitor.start()
        while not caplog.records:
            time.sleep(0.005)
        monitor.stop()
    assert [record.getMessage() for record in caplog.records] == [
        "Hardware monitoring has ended; everything else goes on being logged."
    ]


@pytest.mark.parametrize("interval_s", [0, -1, float("nan")])
def test_an_interval_must_be_positive(run: RecordingRun, interval_s: float) -> None:
    """A wrong interval is refused at the call, by its value."""
    with pytest.raises(ValueError, match="interval_s is"):
        HardwareMonitor(run, interval_s=interval_s)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded, use of fork:DeprecationWarning")
def test_in_a_forked_child_the_monitor_does_nothing(run: RecordingRun) -> None:
    """A data-loader worker inherits the object, not the thread: stop neither hangs nor samples there."""
    monitor = HardwareMonitor(run, interval_s=3600)
    monitor.start()
    child = os.fork()
    if child == 0:
        before = len(run.samples)
        monitor.start()
        monitor.stop()
        os._exit(0 if len(run.samples) == before and threading.active_count() == 1 else 1)
    _, status = os.waitpid(child, 0)
    monitor.stop()
    assert os.waitstatus_to_exitcode(status) == 0


WITHOUT_PSUTIL = """
import logging, sys
sys.modules["psutil"] = None
sys.modules["pynvml"] = None
sys.path.insert(0, {here!r})
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
from recording_run import RecordingRun
from tidelog.monitoring import HardwareMonitor
run = RecordingRun()
monitor = HardwareMonitor(run, interval_s=0.01)
monitor.start()
monitor.stop()
assert run.samples == []
"""


def test_without_psutil_there_is_one_line_in_the_log_and_no_error() -> None:
    """The client's one dependency is httpx; without the extra, monitoring says what to install."""
    script = WITHOUT_PSUTIL.format(here=str(Path(__file__).parent))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "psutil is not installed, so only GPUs are monitored: pip install 'tidelog[monitoring]'\n"
