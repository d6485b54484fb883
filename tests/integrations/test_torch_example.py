"""examples/mnist_torch.py: a plain loop on real digits that goes on after a kill and ends when it is asked to."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import torch

import mnist_digits
from tests.integrations.conftest import CAPTURED, Server

SCRIPT = Path(mnist_digits.__file__).parent / "mnist_torch.py"
ENDLESS = 1_000_000
TIMEOUT_S = 120


def start(*arguments: object, key: str | None = None) -> subprocess.Popen[str]:
    """Start the script on some of the digits, with all that a run captures by itself."""
    environment = {**os.environ, **CAPTURED} | ({"TIDELOG_CUSTOM_RUN_ID": key} if key else {})
    command = [sys.executable, str(SCRIPT), "--project", "lightning", "--limit", "1000", *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_run(server: Server, key: str, is_far: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return the run once it is as far as that."""
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        answer = httpx.get(f"{server.url}/api/runs", params={"project": "lightning", "key": key})
        if answer.is_success and is_far(answer.json()):
            run: dict[str, Any] = answer.json()
            return run
        time.sleep(0.1)
    raise AssertionError("the job did not come that far")


def test_the_plain_loop_learns_and_all_of_it_is_on_the_server(to_server: Server) -> None:
    """Curves, parameters, pictures, tables, histograms, the checkpoint, the console and the source."""
    with start("--epochs", 2, key="torch-example") as job:
        output, errors = job.communicate(timeout=TIMEOUT_S)
    assert job.returncode == 0, errors
    run = to_server.run("torch-example")
    losses = [value for _, value in to_server.points(run, "val/loss")]
    assert run["state"] == "finished"
    assert len(losses) == 3
    assert losses[-1] < losses[0]
    assert to_server.attributes(run, prefix="params")["hidden"] == 128
    for path in ("data/digits", "model/checkpoint", "val/mistakes", "val/confusion", "weights/1/weight"):
        assert path in to_server.attributes(run, prefix=path)
    assert output.startswith("validation accuracy: ")
    assert to_server.lines(run, "monitoring/stdout")[0] == output.splitlines()[0]
    assert to_server.attributes(run, prefix="source_code")["entrypoint"].endswith("mnist_torch.py")


def test_a_poor_model_raises_an_alert(to_server: Server) -> None:
    """One that has not been trained at all."""
    with start("--epochs", 0, key="torch-poor") as job:
        _, errors = job.communicate(timeout=TIMEOUT_S)
    assert job.returncode == 0, errors
    events = to_server.ask(f"/api/runs/{to_server.run('torch-poor')['label']}/events")["events"]
    assert [event["title"] for event in events if event["kind"] == "alert"] == ["This model has not learned much"]


def test_a_job_that_was_terminated_goes_on_from_its_checkpoint(to_server: Server, tmp_path: Path) -> None:
    """In the same run, as its second attempt: the curve has each step once."""
    checkpoint = tmp_path / "mnist_torch.pt"
    with start("--epochs", ENDLESS, "--checkpoint", checkpoint, key="torch-resumed") as job:
        wait_for_run(to_server, "torch-resumed", lambda run: checkpoint.exists() and run["points"] > 100)
        job.terminate()
        job.communicate(timeout=TIMEOUT_S)
    assert to_server.run("torch-resumed")["state"] == "failed"
    state = torch.load(checkpoint, weights_only=True)
    assert state["run"] == "torch-resumed"
    with start("--epochs", state["epoch"] + 2, "--checkpoint", checkpoint, "--resume", checkpoint) as job:
        _, errors = job.communicate(timeout=TIMEOUT_S)
    assert job.returncode == 0, errors
    run = to_server.run("torch-resumed")
    steps = [step for step, _ in to_server.points(run, "train/loss")]
    attempts = to_server.ask(f"/api/runs/{run['label']}/attempts")["attempts"]
    assert run["state"] == "finished"
    assert len(attempts) == 2
    assert steps == list(range(len(steps)))
    assert len(steps) >= state["step"] + 2 * 15


def test_a_job_that_is_asked_to_stop_winds_up(to_server: Server, tmp_path: Path) -> None:
    """It ends well: validated, with its checkpoint on the server."""
    with start("--epochs", ENDLESS, "--checkpoint", tmp_path / "stopped.pt", key="torch-stopped") as job:
        run = wait_for_run(to_server, "torch-stopped", lambda run: run["points"] > 0)
        request = {"request": "stop"}
        httpx.post(f"{to_server.url}/api/runs/{run['label']}/request", json=request).raise_for_status()
        output, errors = job.communicate(timeout=TIMEOUT_S)
    assert job.returncode == 0, errors
    assert "validation accuracy" in output
    run = to_server.run("torch-stopped")
    last_trained = to_server.points(run, "train/loss")[-1][0]
    assert run["state"] == "finished"
    assert to_server.points(run, "val/accuracy")[-1][0] == last_trained + 1
    assert "model/checkpoint" in to_server.attributes(run, prefix="model/checkpoint")
