"""Runs for the tests that read back: a small project whose every value is known."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import tidelog

PROJECT = "digits"
MOMENT = datetime(2026, 3, 4, 5, 6, 7, 250_000, tzinfo=timezone.utc)
RUNS = 3
STEPS = 40


def log_runs(url: str, directory: Path, project: str = PROJECT) -> list[str]:
    """Log three runs and return their labels, oldest first. Run n has lr n/10 and loss (n + 1)/(1 + step)."""
    labels = []
    for number in range(RUNS):
        with tidelog.init_run(
            project=project, name=f"run {number}", url=url, directory=directory, capture_hardware=False
        ) as run:
            run["params"] = {"lr": number / 10, "depth": number, "name": f"net-{number}", "wide": number > 0}
            run["data/made"] = MOMENT
            if number == 2:
                run["data/score"] = float("nan")
            for step in range(STEPS):
                moment = MOMENT.timestamp() + step
                run["train"].append({"loss": (number + 1) / (1 + step), "step time": step / 8}, step / 2, moment)
            assert run.wait(30)
            assert run.label is not None
            labels.append(run.label)
    return labels
