"""How long a call takes, and what a point costs in CPU time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.child import cpu_used_s, wait_for_helpers
from benchmarks.loggers import Logger, Place, open_logger

ROW_SERIES = 100
WARM_UP_CALLS = 20
SETTLE_S = (
    1.0  # a tracker's thread imports and registers at first, which is not what a call costs for the rest of a run
)
NS = 1e-9


def time_calls(
    logger: str, folder: str, url: str | None, seconds: float, rows: bool, pause_s: float, most_calls: int
) -> dict[str, float]:
    """Call for `seconds`, `pause_s` of busy work apart; the percentiles of what a call took, in seconds a point."""
    opened = open_logger(logger, Place(Path(folder), url))
    call, logged, points = _call(opened, rows)
    for step in range(WARM_UP_CALLS):
        call(step, logged)
    time.sleep(min(SETTLE_S, seconds))
    took = sorted(_durations_ns(call, logged, seconds, pause_s, most_calls))
    opened.close()
    return {
        "p50": took[len(took) // 2] * NS / points,
        "p99": took[len(took) * 99 // 100] * NS / points,
        "max": took[-1] * NS,
        "calls": float(len(took)),
    }


def spend_cpu(logger: str, folder: str, url: str | None, points: int, rows: bool) -> dict[str, float]:
    """Log `points` and end the run; CPU seconds a point of the whole process and its helpers, from opening the run on.

    A short run goes first and is not counted: imports and a store's first migration are a matter of `startup`.
    """
    _log_run(logger, Place(Path(folder), url), WARM_UP_CALLS, rows)
    before_s = cpu_used_s()
    logged = _log_run(logger, Place(Path(folder), url), points, rows)
    return {"cpu": (cpu_used_s() - before_s) / logged}


def _log_run(logger: str, place: Place, points: int, rows: bool) -> int:
    """Log at least so many points as one run, from opening it to its end; returns how many."""
    opened = open_logger(logger, place)
    call, logged, each = _call(opened, rows)
    calls = -(-points // each)
    for step in range(calls):
        call(step, logged)
    opened.close()
    wait_for_helpers()
    return calls * each


def _call(logger: Logger, rows: bool) -> tuple[Callable[[int, Any], None], Any, int]:
    """What a training loop calls with its step, what with, and how many points that logs."""
    if not rows:
        return logger.log, 0.5, 1
    return logger.log_row, {f"metric_{number:03d}": number / 7 for number in range(ROW_SERIES)}, ROW_SERIES


def _durations_ns(
    call: Callable[[int, Any], None], logged: Any, seconds: float, pause_s: float, most_calls: int
) -> list[int]:
    """What each call took, with the clock itself and the logger's method around it: the bare loop shows those."""
    clock = time.perf_counter_ns
    took: list[int] = []
    pause_ns = int(pause_s / NS)
    step = WARM_UP_CALLS
    end = clock() + int(seconds / NS)
    now = 0
    while now < end and len(took) < most_calls:
        before = clock()
        call(step, logged)
        now = clock()
        took.append(now - before)
        step += 1
        while pause_ns and clock() - now < pause_ns:
            pass
    return took
