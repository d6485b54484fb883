"""TidelogLogger where Lightning uses several processes, and in both of Lightning's packages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integrations.conftest import CAPTURED, Server
from tests.integrations.tiny_training import BATCHES
from tests.waiting import wait_for

SCRIPT = Path(__file__).parent / "tiny_training.py"
TIMEOUT_S = 180


def environment_of(key: str | None, package: str = "pytorch_lightning", **settings: str) -> dict[str, str]:
    """Return what a job finds in its environment, with the run's key if it is given one."""
    given = {} if key is None else {"TIDELOG_CUSTOM_RUN_ID": key}
    return {**os.environ, **given, **settings, "TINY_LIGHTNING": package, "OMP_NUM_THREADS": "1"}


def train(
    key: str | None,
    *arguments: str,
    package: str = "pytorch_lightning",
    launcher: tuple[str, ...] = (),
    **settings: str,
) -> subprocess.CompletedProcess[str]:
    """Run the tiny job as a user would: a script, with the run's key in its environment."""
    command = [sys.executable, *launcher, str(SCRIPT), *arguments]
    environment = environment_of(key, package, **settings)
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
    assert any(place.endswith("-1") for place in monitored(to_server, key))


def test_ranks_of_ddp_share_a_run_whose_key_nobody_gave(to_server: Server) -> None:
    """Rank 0 tells the others. Each samples its own processes, and the machine is sampled once."""
    before = number_of_runs(to_server)
    done = train(None, "--strategy", "ddp", "--devices", "2")
    assert done.returncode == 0, done.stderr
    assert number_of_runs(to_server) == before + 1
    key = newest_key(to_server)
    check_finished(to_server, key, BATCHES)
    check_ranks_are_monitored(to_server, key)


def test_ranks_of_torchrun_share_a_run_whose_key_nobody_gave(to_server: Server) -> None:
    """The same, where each rank is started by torchrun and knows its place from the beginning."""
    launcher = ("-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone")
    before = number_of_runs(to_server)
    done = train(None, "--strategy", "ddp", "--devices", "2", "--opened-early", launcher=launcher)
    assert done.returncode == 0, done.stderr
    assert number_of_runs(to_server) == before + 1
    key = newest_key(to_server)
    check_finished(to_server, key, BATCHES)
    check_ranks_are_monitored(to_server, key)


@pytest.mark.parametrize("strategy", ["ddp", "ddp_spawn"])
def test_a_run_that_was_opened_before_there_were_ranks_samples_the_machine(to_server: Server, strategy: str) -> None:
    """Its figures go on as those of one process; ranks that come later add only what is their own."""
    key = f"opened early, {strategy}"
    done = train(key, "--strategy", strategy, "--devices", "2", "--opened-early")
    assert done.returncode == 0, done.stderr
    check_finished(to_server, key, BATCHES)
    places = monitored(to_server, key)
    assert "cpu/percent" in places[""]
    own = [figures for place, figures in places.items() if place]
    assert own
    assert all(path.startswith("process/") for figures in own for path in figures)


def test_a_stop_ends_all_ranks_at_the_same_batch(to_server: Server) -> None:
    """No rank waits for one that stopped alone, and the job ends well."""
    key = "stopped in two processes"
    environment = environment_of(key)
    command = [sys.executable, str(SCRIPT), "--strategy", "ddp", "--devices", "2", "--max-epochs", "1000000"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as job:
        label = wait_for(lambda: label_of_a_run_with_points(to_server, key), TIMEOUT_S)
        httpx.post(f"{to_server.url}/api/runs/{label}/request", json={"request": "stop"}).raise_for_status()
        output, _ = job.communicate(timeout=TIMEOUT_S)
    assert job.returncode == 0
    assert "steps: " in output
    run = to_server.run(key)
    assert run["state"] == "finished"
    assert to_server.attributes(run)["status"] == "stopped"


def label_of_a_run_with_points(server: Server, key: str) -> str | None:
    """Return the run's label once it trains."""
    answer = httpx.get(f"{server.url}/api/runs", params={"project": "lightning", "key": key})
    return str(answer.json()["label"]) if answer.is_success and answer.json()["points"] > 20 else None


def monitored(server: Server, key: str) -> dict[str, set[str]]:
    """Return the paths of the figures by the part below `monitoring` that is a rank's own; "" is the machine's."""
    found: dict[str, set[str]] = {}
    for path in server.attributes(server.run(key), prefix="monitoring"):
        place, _, rest = path.partition("/")
        own = place.startswith(os.uname().nodename)
        found.setdefault(place if own else "", set()).add(rest if own else path)
    return found


def check_ranks_are_monitored(server: Server, key: str) -> None:
    """Check that both ranks sampled themselves, and one of them the machine."""
    places = monitored(server, key)
    host = os.uname().nodename
    assert set(places) == {f"{host}-0", f"{host}-1"}
    assert all("process/cpu_percent" in figures for figures in places.values())
    assert "cpu/percent" in places[f"{host}-0"]
    assert "cpu/percent" not in places[f"{host}-1"]


def newest_key(server: Server) -> str:
    """Return the key of the run that was opened last."""
    [row] = server.ask("/api/runs/query", project="lightning", limit=1)["runs"]
    return str(server.ask(f"/api/runs/{row['label']}")["key"])


@pytest.mark.parametrize("bar", ["tqdm", "rich"])
def test_a_progress_bar_is_a_few_lines_of_the_console(to_server: Server, bar: str) -> None:
    """The user sees every update as without tidelog; the run keeps each bar as it looked last, readable."""
    key = f"bar of {bar}"
    epochs = 3
    done = train(key, "--progress", bar, "--max-epochs", str(epochs), **CAPTURED)
    assert done.returncode == 0, done.stderr
    run = to_server.run(key)
    lines = to_server.lines(run, "monitoring/stdout")
    assert run["state"] == "finished"
    assert any(f"Epoch {epochs - 1}" in line and f"{BATCHES}/{BATCHES}" in line for line in lines)
    assert f"Epoch {epochs - 1}" in done.stdout
    assert "logs with:" in done.stdout
    assert sum(f"Epoch {epochs - 1}" in line for line in lines) <= 3
    assert not any(control in line for line in lines for control in "\r\x1b")
    to_server.lines(run, "monitoring/stderr")


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
