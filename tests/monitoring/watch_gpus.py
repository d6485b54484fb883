"""Watches the GPUs in a process of its own (the binding loads a driver once per process) and prints what was logged.

Usage: watch_gpus.py SETTINGS, a JSON object. `then`: [file, text], written to after the first samples, as if it
happened then. `and_then`: the same once more. `figures`: patterns. `awaited`: a figure that a sample must have had.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from recording_run import RecordingRun

from tidelog.monitoring import HardwareMonitor, gpus

FAST = "gpu/0/power_w"
OTHERS = ("cpu", "disk", "memory", "network", "process")


def gpu_figures(sample: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a sample or of the facts that is about GPUs."""
    return {path: value for path, value in sample.items() if path.startswith("gpu/")}


def last_with(part: str) -> dict[str, float]:
    """Return the GPU figures of the last sample with such a figure."""
    return gpu_figures((run.with_figure(part) or [{}])[-1])


settings = json.loads(sys.argv[1])
gpus.REOPEN_S = 0.0
run = RecordingRun()
events: list[tuple[str, str]] = []
monitor = HardwareMonitor(
    run, interval_s=0.02, figures=settings.get("figures", ["*"]), report=lambda *event: events.append(event[:2])
)
monitor.start()
part = settings.get("awaited", "process/count")
run.wait_for_samples(2, part)
first = last_with("gpu/")
for happening in ("then", "and_then"):
    if happening in settings:
        file, text = settings[happening]
        Path(file).write_text(text)
        for kind in ("process/count", "gpu/0", "disk/percent"):
            # The sample that is being taken just now may be from before it; the one after it is not.
            run.wait_for_samples(len(run.with_figure(kind)) + 2, kind)
monitor.stop(10.0)
print(
    json.dumps({
        "facts": gpu_figures(run.assigned["monitoring"]),
        "first": first,
        "last": last_with(FAST),
        "slow": last_with("pcie"),
        "last of GPU 1": last_with("gpu/1/power_w"),
        "others": sorted({path.split("/")[0] for sample in run.samples[-40:] for path in sample} & {*OTHERS}),
        "samples": [gpu_figures(sample) for sample in run.with_figure("gpu/")],
        "events": events,
    })
)  # fmt: skip
