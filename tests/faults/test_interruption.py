"""A person asks a job to end, on its page: real jobs, a real server, from the button to the state of the run."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.client.programs import CLIENT, finish, start
from tests.conftest import ServerProcess
from tests.faults.conftest import TIMEOUT_S, Home
from tidelog.journal.segments import find_journals


@pytest.fixture
def server(lasting_server: ServerProcess) -> ServerProcess:
    """The server, which nothing happens to here."""
    return lasting_server


# Heartbeats are usually 5 s apart; nothing else is made quicker.
BEGIN = """
import os, sys, time, tidelog
from tidelog.shipping import shipper
shipper.HEARTBEAT_S = 0.1
"""

LOOP = (
    BEGIN
    + """
with tidelog.init_run(custom_run_id="k", capture_hardware=False, flush_interval_s=0.1) as run:
    run["x"].append(0.0, step=0)
    run.wait()
    print("ready", flush=True)
    for step in range(1, 100_000):
        try:
            run["x"].append(float(step), step=step)
        except tidelog.RunInterruption:
            run["saved"] = step
            raise
        time.sleep(0.002)
"""
)

SILENT = (
    BEGIN
    + """
import threading
asked = threading.Event()
with tidelog.init_run(custom_run_id="k", capture_hardware=False, on_stop=lambda run: asked.set()) as run:
    run["x"].append(0.0, step=0)
    run.wait()
    print("ready", flush=True)
    assert asked.wait(60)
    run["saved"] = 0
"""
)

RANKS = (
    BEGIN
    + """
rank = os.environ["RANK"]
with tidelog.init_run(custom_run_id="k", capture_hardware=False, flush_interval_s=0.1) as run:
    run["x"].append(0.0, step=0)
    run.wait()
    open(f"{sys.argv[1]}/ready-{rank}", "w").close()
    try:
        for step in range(1, 100_000):
            run["x"].append(float(step), step=step)
            time.sleep(0.002)
    except tidelog.RunInterruption as error:
        open(f"{sys.argv[1]}/{type(error).__name__}-{rank}", "w").close()
        if run.abort_requested:
            raise
"""
)


def ask(server: ServerProcess, home: Home, project: str, request: str) -> str:
    """Press the button; returns what the page of the run says right after."""
    page = f"{server.url}/projects/{project}/runs/{home.run()['label']}"
    answer = httpx.post(f"{page}/request", data={"request": request}, timeout=TIMEOUT_S)
    assert answer.status_code == 303, answer.text
    return httpx.get(page, timeout=TIMEOUT_S).text


@pytest.mark.parametrize(
    ("request_", "state", "outcome"), [("stop", "finished", "stopped"), ("abort", "failed", "aborted")]
)
def test_a_loop_that_logs(
    server: ServerProcess, home: Home, project: str, journals: Path, request_: str, state: str, outcome: str
) -> None:
    """It saves its checkpoint, everything that it logged is home, and the run says how it ended."""
    process = start(LOOP, TIDELOG_URL=server.url, TIDELOG_DIR=str(journals))
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", finish(process).stderr
    ask(server, home, project, request_)
    done = finish(process)
    assert done.returncode != 0
    assert f"to {request_}" in done.stderr
    assert home.run()["state"] == state
    saved = int(home.values("saved")["saved"])
    assert home.series("x") == [(float(step), float(step)) for step in range(saved + 1)]
    page = httpx.get(f"{server.url}/projects/{project}/runs/{home.run()['label']}", timeout=TIMEOUT_S).text
    assert outcome in page
    assert find_journals(str(journals)) == []


def test_a_job_that_logs_nothing_hears_by_its_heartbeat(
    server: ServerProcess, home: Home, project: str, journals: Path
) -> None:
    """Its function is called, and it ends in its own time."""
    process = start(SILENT, TIDELOG_URL=server.url, TIDELOG_DIR=str(journals))
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", finish(process).stderr
    assert "stopping" in ask(server, home, project, "stop")
    done = finish(process)
    assert done.returncode == 0, done.stderr
    assert home.values("saved") == {"saved": 0}
    assert home.run()["state"] == "finished"


@pytest.mark.parametrize(
    ("request_", "state", "error"),
    [("stop", "finished", "RunStopRequestedError"), ("abort", "failed", "RunAbortedError")],
)
def test_both_ranks_of_torchrun(
    server: ServerProcess,
    home: Home,
    project: str,
    journals: Path,
    tmp_path: Path,
    request_: str,
    state: str,
    error: str,
) -> None:
    """The rank whose metrics are dropped hears of it too; the run ends with the last of them."""
    pytest.importorskip("torch")
    script = tmp_path / "training.py"
    script.write_text(RANKS)
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone", script, tmp_path]
    paths = os.pathsep.join(filter(None, [CLIENT, os.environ.get("PYTHONPATH")]))
    environment = {"PYTHONPATH": paths, "TIDELOG_URL": server.url, "TIDELOG_DIR": str(journals), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **environment}
    )
    try:
        while len(list(tmp_path.glob("ready-*"))) < 2:
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.05)
        ask(server, home, project, request_)
        output = process.communicate(timeout=TIMEOUT_S)[0]
    finally:
        process.kill()
    assert (process.returncode == 0) == (request_ == "stop"), output
    heard = {path.name for path in tmp_path.glob(f"{error}-*")}
    assert heard, output
    if request_ == "stop":  # after an abort torchrun ends the other rank as soon as the first one has failed
        assert heard == {f"{error}-0", f"{error}-1"}, output
    assert home.run()["state"] == state
    steps = [step for step, _ in home.series("x")]
    assert steps == [float(step) for step in range(len(steps))]
