"""Processor load of the machine, and the share of it (and of the memory) that the training job takes."""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil

from tidelog.monitoring.probe import GIB, Probe, Rate, known

# Listing a machine's processes to find our children takes 1 ms per 50 of them. It is done again only when 500 times as
# long has passed, so that it never costs more than 0.2 % of a core, however many processes there are.
RESCAN_FACTOR = 500
SECONDS_PER_HOUR = 3600.0


def facts() -> list[Probe[float]]:
    """What does not change: the number of cores."""
    return [Probe("cpu cores", lambda: known({"cpu/cores": psutil.cpu_count()}))]


def figures() -> list[Probe[float]]:
    """The load of the machine and of each of its cores."""
    psutil.cpu_percent(None, percpu=True)  # psutil measures from its last call; the first has nothing to measure from
    return [Probe("cpu", _load)]


def _load() -> dict[str, float]:
    """Return the cores' loads, and their mean as the machine's: the system is asked once for both."""
    cores = psutil.cpu_percent(None, percpu=True)
    return {
        "cpu/percent": sum(cores) / max(1, len(cores)),
        **{f"cpu/core/{number}/percent": load for number, load in enumerate(cores)},
    }


class ProcessTree:
    """Processor time and memory of this process and all processes below it (data-loader workers, mostly)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._root = psutil.Process()
        self._tree = [self._root]
        self.pids = frozenset({self._root.pid})
        self._rescan_at = clock()
        self._cpu_s: dict[psutil.Process, float] = {}
        self._total_cpu_s = 0.0
        self._cpu_rate = Rate(clock)
        self.read()

    def read(self) -> dict[str, float]:
        """Return load in per cent of one core, memory in GiB (pages shared by several processes count in each)."""
        if self._clock() >= self._rescan_at:
            self._rescan()
        cpu_s: dict[psutil.Process, float] = {}
        memory_bytes = 0
        for process in self._tree:
            try:
                times = process.cpu_times()
                memory_bytes += process.memory_info().rss
            except psutil.Error:  # it ended, or it is not ours to look at
                continue
            cpu_s[process] = times.user + times.system
        self._count(cpu_s)
        cores = self._cpu_rate.per_second(self._total_cpu_s)
        return known({
            "process/cpu_percent": None if cores is None else 100 * cores,
            "process/memory_gib": memory_bytes / GIB,
            "process/count": float(len(cpu_s)),
        })  # fmt: skip

    @property
    def cpu_hours(self) -> float:
        """The processor time of the tree since this object was made."""
        return self._total_cpu_s / SECONDS_PER_HOUR

    def _count(self, cpu_s: dict[psutil.Process, float]) -> None:
        """Add what each process used since it was last looked at; one seen for the first time adds nothing yet."""
        self._total_cpu_s += sum(max(0.0, now - self._cpu_s.get(process, now)) for process, now in cpu_s.items())
        self._cpu_s = cpu_s

    def _rescan(self) -> None:
        started = time.thread_time()
        known_processes = {process: process for process in self._tree}
        children = self._root.children(recursive=True)
        # psutil keeps what it has looked up on its Process objects, so those that are still there are kept.
        self._tree = [self._root, *(known_processes.get(child, child) for child in children)]
        self.pids = frozenset(process.pid for process in self._tree)
        self._rescan_at = self._clock() + RESCAN_FACTOR * (time.thread_time() - started)
