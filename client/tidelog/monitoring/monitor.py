"""The thread that samples the hardware while a run is going on."""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path
from typing import Any, Protocol

from tidelog.errors import InvalidValueError
from tidelog.monitoring import gpu
from tidelog.monitoring.probe import Probe, ProbeReader

logger = logging.getLogger(__name__)

# A last sample at the end is taken only if so much time has passed: over less, a rate says nothing.
SHORTEST_SAMPLE_S = 0.1


class MonitoredNamespace(Protocol):
    """What the monitor asks of `run[namespace]`."""

    def append(self, value: Any, *, timestamp: Any = None) -> None:
        """Append one sample of several series."""


class MonitoredRun(Protocol):
    """What the monitor asks of a run; `tidelog.Run` is one."""

    def __getitem__(self, path: str) -> MonitoredNamespace:
        """Return the namespace at this path."""

    def __setitem__(self, path: str, value: Any) -> None:
        """Assign facts that do not change."""


class HardwareMonitor:
    """Appends a sample of the machine's figures to `run[namespace]` every `interval_s` seconds.

    Runs on a daemon thread of its own, which takes well under 1 % of a core at one sample a second. All figures of a
    sample are one append with one time. What cannot be read (no psutil, no GPU, a figure that a driver does not have)
    is left out. In a forked child the copy of a monitor does nothing: the parent's goes on.
    """

    def __init__(self, run: MonitoredRun, namespace: str = "monitoring", interval_s: float = 1.0) -> None:
        if not interval_s > 0:
            raise InvalidValueError(f"interval_s is {interval_s!r}; it must be a number of seconds greater than 0")
        self._run = run
        self._namespace = namespace
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()

    def start(self) -> None:
        """Begin sampling; returns at once. A second call does nothing."""
        if self._thread is None and os.getpid() == self._pid:
            self._thread = threading.Thread(target=self._watch, name="tidelog-hardware-monitor", daemon=True)
            self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """Take a last sample and end the thread. Waits no longer than `timeout_s`: a driver's call can hang."""
        if self._thread is not None and os.getpid() == self._pid:
            self._stop.set()
            self._thread.join(timeout_s)

    def _watch(self) -> None:
        try:
            facts, figures = _probes()
            self._run[self._namespace] = ProbeReader(facts).read()
            self._sample_until_stopped(ProbeReader(figures))
        except Exception:  # the run's own methods: nothing that happens there may end the training job
            logger.warning("Hardware monitoring has ended; everything else goes on being logged.", exc_info=True)

    def _sample_until_stopped(self, reader: ProbeReader[float]) -> None:
        sampled_at = time.monotonic()
        due = sampled_at + self._interval_s
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            self._sample(reader)
            sampled_at = time.monotonic()
            # After a pause (a laptop's sleep, a stopped process) the next sample is one interval away, not a burst.
            due = max(due + self._interval_s, sampled_at)
        if time.monotonic() - sampled_at >= SHORTEST_SAMPLE_S:
            self._sample(reader)

    def _sample(self, reader: ProbeReader[float]) -> None:
        taken_at = time.time()
        if sample := reader.read():
            self._run[self._namespace].append(sample, timestamp=taken_at)


def _probes() -> tuple[list[Probe[float | str]], list[Probe[float]]]:
    """Return the probes for what does not change and for what does, of everything that this machine has."""
    facts: list[Probe[Any]] = []
    figures: list[Probe[float]] = []
    try:
        # Here, not at the top: it keeps psutil out of `import tidelog`, and a client without psutil works.
        from tidelog.monitoring import disk, memory, network, processor
    except ImportError:
        logger.info("psutil is not installed, so only GPUs are monitored: pip install 'tidelog[monitoring]'")
    else:
        # Fixed now: a job that changes its directory later is still on the disk where it began.
        folder = Path.cwd()
        facts += [*processor.facts(), *memory.facts(), *disk.facts(folder)]
        figures += [*processor.figures(), *memory.figures(), *disk.figures(folder), *network.figures()]
    for device in gpu.find_gpus():
        facts += device.facts()
        figures += device.figures()
    return facts, figures
