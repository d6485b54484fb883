"""TidelogLogger where Lightning uses several processes, and in both of Lightning's packages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integrations.conftest import Server
from tests.integrations.tiny_training import BATCHES

SCRIPT = Path(__file__).parent / "tiny_training.py"
TIMEOUT_S = 180


def train(key: str, *arguments: str, package: str = "pytorch_lightning") -> subprocess.CompletedProcess[str]:
    """Run the tiny job as a user would: a script, with the run's key in its environment."""
    environment = {**os.environ, "TIDELOG_CUSTOM_RUN_ID": key, "TINY_LIGHTNING": package}
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)


def check_finished(server: Server, key: str, steps: int) -> dict[str, Any]:
    """Check that one complete run is there, and return its attributes."""
    run = server.run(key)
    attributes = server.attributes(run)
    assert run["state"] == "finished"
    assert [step for step, _ in server.points(run, "training/train/loss_step")] == list(range(steps))
    assert attributes["status"] == "success"
    assert "best_model_path" in {path.removeprefix("model/") for path in attributes}
    return attributes


def test_the_other_package_trains_too(to_server: Server) -> None:
    """In a job that imports lightning.pytorch, the logger is that package's; all other tests use pytorch_lightning."""
    done = train("other package", package="lightning.pytorch")
    assert done.returncode == 0, done.stderr
    assert "logs with: lightning.pytorch." in done.stdout
    check_finished(to_server, "other package", 2 * BATCHES)


@pytest.mark.parametrize("strategy", ["ddp", "ddp_spawn", "ddp_fork"])
def test_two_processes_make_one_run(to_server: Server, strategy: str) -> None:
    """Rank 0 logs, rank 1 does not; each has half of the batches, and the epoch's loss is the mean of both."""
    key = f"two processes, {strategy}"
    before = number_of_runs(to_server)
    done = train(key, "--strategy", strategy, "--devices", "2")
    assert done.returncode == 0, done.stderr
    check_finished(to_server, key, BATCHES)
    assert number_of_runs(to_server) == before + 1


def test_an_exception_in_a_spawned_process_fails_the_run(to_server: Server) -> None:
    """The process that raised is gone, but the run holds its traceback and the points from before it."""
    done = train("failing", "--fails-at", "2", "--strategy", "ddp_spawn", "--devices", "2")
    assert done.returncode != 0
    run = to_server.run("failing")
    assert run["state"] == "failed"
    assert "ArithmeticError: the loss is not a number any more" in run["error"]
    assert len(to_server.points(run, "training/train/loss_step")) == 2


def number_of_runs(server: Server) -> int:
    """Return how many runs the project has."""
    return sum(project["runs"] for project in server.ask("/api/projects")["projects"])
