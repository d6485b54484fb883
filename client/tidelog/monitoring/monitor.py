"""The threads that sample the hardware while a run is going on."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from tidelog.cluster import Place, find_place
from tidelog.errors import InvalidValueError
from tidelog.monitoring.choice import EVERYTHING, chosen_by
from tidelog.monitoring.gpus import Gpus, find_gpus
from tidelog.monitoring.probe import Probe, ProbeReader
from tidelog.monitoring.sampler import Figures, Sampler

logger = logging.getLogger(__name__)

# Some figures are slow to get (PCIe throughput: 40 ms of waiting for each GPU) or may hang (a disk on a server that is
# gone). They have a thread of their own and are sampled every so many intervals.
SLOW_INTERVALS = 5


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
    """Appends samples of the machine's figures to `run[namespace]` every `interval_s` seconds.

    Runs on daemon threads of its own, which take well under 1 % of a core at one sample a second: one for the machine,
    one for its GPUs, one for what is slow to get. A driver that hangs stops none of the others. What cannot be read (no
    psutil, no GPU, a figure that a driver does not have) is left out. `figures` chooses by patterns, such as
    `["gpu/*", "!gpu/*/fan_percent"]`. `report` hears (level, title, text) of a GPU that vanishes or comes back.

    In a job of several ranks, the first of a node samples the machine; each samples its own processes, and its share of
    the GPUs. In a forked child the copy of a monitor does nothing: the parent's goes on.
    """

    def __init__(
        self, run: MonitoredRun, namespace: str = "monitoring", interval_s: float = 1.0,
        figures: Sequence[str] = EVERYTHING, report: Callable[[str, str, str], None] | None = None,
    ) -> None:  # fmt: skip
        if not interval_s > 0:
            raise InvalidValueError(f"interval_s is {interval_s!r}; it must be a number of seconds greater than 0")
        self._run = run
        self._namespace = namespace
        self._interval_s = interval_s
        self._wanted = chosen_by(figures)
        self._report = report or _log_event
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._failed = False
        self._pid = os.getpid()

    def start(self) -> None:
        """Begin sampling; returns at once. A second call does nothing."""
        if not self._threads and os.getpid() == self._pid:
            self._begin("tidelog-hardware-monitor", self._watch)

    def stop(self, timeout_s: float = 2.0) -> None:
        """Take a last sample and end the threads. Waits no longer than `timeout_s`: a driver's call can hang."""
        if os.getpid() != self._pid:
            return
        self._stop.set()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:  # the first one begins the others, before it samples itself
            thread.join(max(0.0, deadline - time.monotonic()))

    def _begin(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=self._guarded, args=(work,), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # the run's own methods: nothing that happens there may end the training job
            self._stop.set()
            with self._lock:
                is_first, self._failed = not self._failed, True
            if is_first:
                logger.warning("Hardware monitoring has ended; everything else goes on being logged.", exc_info=True)

    def _watch(self) -> None:
        machine = _Machine(find_place())
        gpus = Gpus(find_gpus(machine.place, self._report, self._wanted), machine.job_processes)
        self._assign({**ProbeReader(machine.facts, self._wanted).read(), **self._chosen(gpus.facts())})
        if gpus:
            sampler = Sampler(self._interval_s, gpus.read, self._append, gpus.accounts.totals, self._assign)
            self._begin("tidelog-gpu-monitor", lambda: sampler.run(self._stop))
        slow = ProbeReader(machine.slow_figures, self._wanted)
        slow_sampler = Sampler(
            SLOW_INTERVALS * self._interval_s, lambda: {**slow.read(), **gpus.read_slowly()}, self._append
        )
        self._begin("tidelog-slow-monitor", lambda: slow_sampler.run(self._stop))
        figures = ProbeReader(machine.figures, self._wanted)
        Sampler(self._interval_s, figures.read, self._append, machine.sums, self._assign).run(self._stop)

    def _append(self, sample: Figures, taken_at: float) -> None:
        self._run[self._namespace].append(dict(sample), timestamp=taken_at)

    def _assign(self, values: Mapping[str, Any]) -> None:
        if values:
            self._run[self._namespace] = dict(values)

    def _chosen(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        return {path: value for path, value in facts.items() if self._wanted(path)}


class _Machine:
    """The probes of everything but the GPUs, as far as psutil is there for them."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.facts: list[Probe[Any]] = []
        self.figures: list[Probe[float]] = []
        self.slow_figures: list[Probe[float]] = []
        self._tree: Any = None
        try:
            # Here, not at the top: it keeps psutil out of `import tidelog`, and a client without psutil works.
            from tidelog.monitoring import disk, memory, network, processor
        except ImportError:
            logger.info("psutil is not installed, so only GPUs are monitored: pip install 'tidelog[monitoring]'")
            return
        self._tree = processor.ProcessTree()
        self.figures = [Probe("process tree", self._tree.read)]
        if place.is_first_on_node:
            # Fixed now: a job that changes its directory later is still on the disk where it began.
            folder = Path.cwd()
            self.facts = [*processor.facts(), *memory.facts(), *disk.facts(folder)]
            self.figures += [*processor.figures(), *memory.figures(), *disk.figures(), *network.figures()]
            self.slow_figures = disk.slow_figures(folder)

    def job_processes(self) -> Collection[int]:
        """Return the numbers of the job's processes."""
        return self._tree.pids if self._tree is not None else (os.getpid(),)

    def sums(self) -> dict[str, float]:
        """Return the processor time that the job took."""
        return {"process/cpu_hours": self._tree.cpu_hours} if self._tree is not None else {}


def _log_event(level: str, title: str, text: str) -> None:
    logger.warning("%s: %s", title, text)
