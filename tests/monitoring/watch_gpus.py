"""Watches the GPUs in a process of its own (the binding loads a driver once per process) and prints what was logged.

Usage: watch_gpus.py [FAULTS_FILE FAULT]. After the first sample the fault is written to the file, as if it happened
then.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from recording_run import RecordingRun

from tidelog.monitoring import HardwareMonitor


def gpu_figures(sample: dict[str, float]) -> dict[str, float]:
    """Return the part of a sample or of the facts that is about GPUs."""
    return {path: value for path, value in sample.items() if path.startswith("gpu/")}


run = RecordingRun()
monitor = HardwareMonitor(run, interval_s=0.02)
monitor.start()
run.wait_for_samples(1)
first = len(run.samples)
if len(sys.argv) == 3:
    Path(sys.argv[1]).write_text(sys.argv[2])
# The sample that is being taken just now may be from before the fault; the one after it is not.
run.wait_for_samples(first + 2)
monitor.stop()
print(
    json.dumps({
        "facts": gpu_figures(run.assigned["monitoring"]),
        "first": gpu_figures(run.samples[0]),
        "last": gpu_figures(run.samples[-1]),
        "others": sorted({path.split("/")[0] for path in run.samples[-1]} - {"gpu"}),
    })
)  # fmt: skip
