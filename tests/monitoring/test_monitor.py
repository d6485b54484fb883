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
from tidelog.errors import InvalidValueError, UnsupportedTypeError
from tidelog.monitoring import HardwareMonitor
from tidelog.monitoring.choice import chosen_by
from tidelog.monitoring.sampler import Sampler

THREADS = ("tidelog-hardware-monitor", "tidelog-gpu-monitor", "tidelog-slow-monitor")


@pytest.fixture
def run() -> RecordingRun:
    """A run that keeps everything in memory."""
    return RecordingRun()


def test_a_sample_is_one_append_of_all_figures(run: RecordingRun) -> None:
    """Processor, memory, disk and network come together, with one time."""
    monitor = HardwareMonitor(run, interval_s=0.02)
    began = time.time()
    monitor.start()
    run.wait_for_samples(2, "cpu/percent")
    run.wait_for_samples(1, "disk/percent")
    monitor.stop()
    assert set(run.with_figure("disk/percent")[0]) == {"disk/used_gib", "disk/percent"}  # may hang: a thread of its own
    assert set(run.with_figure("cpu/percent")[1]) >= {
        "cpu/percent",
        "process/cpu_percent",
        "process/memory_gib",
        "memory/used_gib",
        "memory/percent",
        "memory/swap_used_gib",
        "memory/swap_percent",
        "cpu/core/0/percent",
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


def test_a_run_shorter_than_the_interval_has_one_sample(run: RecordingRun) -> None:
    """It is taken when the run ends, however soon that is."""
    monitor = HardwareMonitor(run, interval_s=3600)
    monitor.start()
    while "monitoring" not in run.assigned:
        time.sleep(0.005)
    monitor.stop()
    assert [len(run.with_figure(figure)) for figure in ("cpu/percent", "disk/percent")] == [1, 1]


def test_stop_waits_for_its_thread_and_may_be_called_again(run: RecordingRun) -> None:
    """After stop nothing is appended any more: the run's end can be written."""
    monitor = HardwareMonitor(run, interval_s=0.01)
    monitor.start()
    run.wait_for_samples(1)
    monitor.stop()
    monitor.stop()
    assert not [thread for thread in threading.enumerate() if thread.name in THREADS]


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


def test_a_question_that_hangs_holds_up_nothing_else(run: RecordingRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk on a file server that is gone: the machine is sampled on, and stop() waits no longer than told."""
    answered = threading.Event()
    monkeypatch.setattr("tidelog.monitoring.disk._usage", lambda _: answered.wait(60.0) and {})
    monitor = HardwareMonitor(run, interval_s=0.01)
    monitor.start()
    run.wait_for_samples(20, "cpu/percent")
    monitor.stop(timeout_s=0.1)
    answered.set()
    monitor.stop()
    assert run.with_figure("disk/percent") == []


def test_processor_time_is_summed_up(run: RecordingRun) -> None:
    """The job's processor hours are an attribute, written now and then and at the end."""
    monitor = HardwareMonitor(run, interval_s=0.01)
    monitor.start()
    run.wait_for_samples(3, "process/count")
    monitor.stop()
    assert run.assigned["monitoring"]["process/cpu_hours"] >= 0.0


def test_sums_are_written_while_the_job_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that is killed keeps what was summed up a minute before at the latest."""
    monkeypatch.setattr("tidelog.monitoring.sampler.FIRST_SUMMARY_S", 0.0)
    monkeypatch.setattr("tidelog.monitoring.sampler.SUMMARY_S", 0.0)
    stop, assigned = threading.Event(), []

    def assign(sums: object) -> None:
        assigned.append(sums)
        if len(assigned) == 3:
            stop.set()

    Sampler(0.001, lambda: {"a": 1.0}, lambda *_: None, lambda: {"hours": 1.0}, assign).run(stop)
    assert len(assigned) == 4


@pytest.mark.parametrize("interval_s", [0, -1, float("nan")])
def test_an_interval_must_be_positive(run: RecordingRun, interval_s: float) -> None:
    """A wrong interval is refused at the call, by its value."""
    with pytest.raises(ValueError, match="interval_s is"):
        HardwareMonitor(run, interval_s=interval_s)


@pytest.mark.parametrize(
    ("patterns", "chosen"),
    [
        (["*"], ["cpu/percent", "gpu/0/fan_percent", "gpu/0/power_w"]),
        (["gpu/*"], ["gpu/0/fan_percent", "gpu/0/power_w"]),
        (["!gpu/*"], ["cpu/percent"]),
        (["gpu/*", "!*fan*"], ["gpu/0/power_w"]),
        (["!*fan*", "gpu/*"], ["gpu/0/power_w"]),
        ([], []),
    ],
)
def test_figures_are_chosen_by_patterns(patterns: list[str], chosen: list[str]) -> None:
    """As file names are; what is left out is left out whatever the others say."""
    wanted = chosen_by(patterns)
    assert [path for path in ("cpu/percent", "gpu/0/fan_percent", "gpu/0/power_w") if wanted(path)] == chosen


@pytest.mark.parametrize("patterns", ["gpu/*", ["!"], [3]])
def test_what_is_no_list_of_patterns_is_refused(run: RecordingRun, patterns: object) -> None:
    """At the call, naming it."""
    with pytest.raises((InvalidValueError, UnsupportedTypeError), match="pattern"):
        HardwareMonitor(run, figures=patterns)  # type: ignore[arg-type]


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
