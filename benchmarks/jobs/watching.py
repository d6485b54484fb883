"""A program that does nothing but be watched."""

from __future__ import annotations

import ctypes
import os
import time

from benchmarks.child import cpu_used_s


def watch(folder: str, gpus: int, library: str | None, seconds: float) -> dict[str, float]:
    """The share of a core that monitoring takes: CPU with it less CPU without, in the same process."""
    os.environ["FAKE_NVML_GPUS"] = str(gpus)
    if library is not None:
        ctypes.CDLL(library, mode=ctypes.RTLD_GLOBAL)  # the binding then finds it by its name
    import tidelog
    from tidelog.monitoring import HardwareMonitor

    with tidelog.init_run(mode="offline", directory=folder, capture_hardware=False) as run:
        idle_s = _used_in(seconds)
        monitor = HardwareMonitor(run)
        monitor.start()
        time.sleep(min(1.0, seconds))  # what is done once, at the beginning
        watched_s = _used_in(seconds)
        monitor.stop()
    return {"share": max(0.0, watched_s - idle_s) / seconds}


def _used_in(seconds: float) -> float:
    before = cpu_used_s()
    time.sleep(seconds)
    return cpu_used_s() - before
