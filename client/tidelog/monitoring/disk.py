"""Disk traffic of the machine, and how full the disk is that the job writes to."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

from tidelog.monitoring.probe import GIB, MIB, Probe, Rate, known


def facts(folder: Path) -> list[Probe[float]]:
    """What does not change: the size of the disk that holds this folder."""
    return [Probe("disk size", lambda: {"disk/total_gib": psutil.disk_usage(os.fspath(folder)).total / GIB})]


def figures() -> list[Probe[float]]:
    """Bytes read and written by the whole machine."""
    return [Probe("disk traffic", _Traffic().read)]


def slow_figures(folder: Path) -> list[Probe[float]]:
    """How full the disk is that holds this folder: on a file server that is gone, this question hangs."""
    return [Probe("disk usage", lambda: _usage(folder))]


def _usage(folder: Path) -> dict[str, float]:
    usage = psutil.disk_usage(os.fspath(folder))
    return {"disk/used_gib": usage.used / GIB, "disk/percent": usage.percent}


class _Traffic:
    def __init__(self) -> None:
        self._read, self._written = Rate(), Rate()
        self.read()

    def read(self) -> dict[str, float]:
        counters = psutil.disk_io_counters()
        if counters is None:  # no disk that the system counts, as in some containers
            return {}
        return known({
            "disk/read_mib_per_s": self._read.per_second(counters.read_bytes / MIB),
            "disk/write_mib_per_s": self._written.per_second(counters.write_bytes / MIB),
        })  # fmt: skip
