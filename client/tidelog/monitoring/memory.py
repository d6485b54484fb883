"""Memory of the machine: how much is taken, and whether it has begun to swap."""

from __future__ import annotations

import psutil

from tidelog.monitoring.probe import GIB, Probe


def facts() -> list[Probe[float]]:
    """What does not change: the size of the memory."""
    return [Probe("memory size", lambda: {"memory/total_gib": psutil.virtual_memory().total / GIB})]


def figures() -> list[Probe[float]]:
    """Memory that is not available to a new process, and swap."""
    return [
        Probe("memory", _memory),
        Probe("swap", _swap),
    ]


def _memory() -> dict[str, float]:
    memory = psutil.virtual_memory()
    # "used" leaves out shared memory on some systems and caches differ between them; total - available is the same
    # thing everywhere, and what the per cent figure is made of.
    return {"memory/used_gib": (memory.total - memory.available) / GIB, "memory/percent": memory.percent}


def _swap() -> dict[str, float]:
    swap = psutil.swap_memory()
    return {"memory/swap_used_gib": swap.used / GIB, "memory/swap_percent": swap.percent}
