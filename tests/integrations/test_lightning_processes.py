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


@pytest.mark.parametrize("package", ["lightning.pytorch", "pytorch_lightning"])
def test_both_packages_train(to_server: Server, package: str) -> None:
    """The logger belongs to the package that the job has imported, and works with it."""
    done = train(f"one process, {package}", package=package)
    assert done.returncode == 0, done.stderr
    assert f"logs with: {package}." in done.stdout
    check_finished(to_server, f"one process, {package}", 2 * BATCHES)


@pytest.mark.parametrize("strategy", ["ddp", "ddp_spawn", "ddp_fork"])
def test_two_processes_make_one_run(to_server: Server, strategy: str) -> None:
    """Rank 0 logs, rank 1 does not; each has half of the batches, and the epoch's loss is the mean of both."""
    key = f"two processes, {strategy}"
    before = number_of_runs(to_server)
    done = train(key, "--strategy", strategy, "--devices", "2")
    assert done.returncode == 0, done.stderr
    check_finished(to_server, key, BATCHES)
    assert number_of_runs(to_server) == before + 1


def test_a_spawned_process_joins_a_run_of_ones_own(to_server: Server) -> None:
    """A run that the main process opened gets what the spawned one logs, and ends with the main process."""
    done = train("own run, spawned", "--strategy", "ddp_spawn", "--devices", "2", "--own-run")
    assert done.returncode == 0, done.stderr
    check_finished(to_server, "own run, spawned", BATCHES)


@pytest.mark.parametrize("strategy", ["auto", "ddp_spawn"])
def test_a_job_that_dies_of_an_exception_is_failed(to_server: Server, strategy: str) -> None:
    """Wherever the exception is raised, the run holds its traceback and the points from before it."""
    key = f"failing, {strategy}"
    devices = "1" if strategy == "auto" else "2"
    done = train(key, "--fails-at", "2", "--strategy", strategy, "--devices", devices)
    assert done.returncode != 0
    run = to_server.run(key)
    assert run["state"] == "failed"
    assert "ArithmeticError: the loss is not a number any more" in run["error"]
    assert len(to_server.points(run, "training/train/loss_step")) == 2


def number_of_runs(server: Server) -> int:
    """Return how many runs the project has."""
    return sum(project["runs"] for project in server.ask("/api/projects")["projects"])
