"""Drills with all that is on by default: console, source, hardware, and files in flight, while somebody is killed."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import struct
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.client.programs import finish, run_program, start
from tests.conftest import ServerProcess
from tests.faults.conftest import TIMEOUT_S, Home
from tidelog.journal.segments import find_journals

CLI = "import sys; from tidelog.cli import main; sys.exit(main())"
ON = {f"TIDELOG_CAPTURE_{what}": "yes" for what in ("STDOUT", "STDERR", "SOURCE")}
FILE_BYTES = 300_000
EVERY = 20  # steps between two files
STEP = struct.Struct("<q")

# Logs one of each kind a step; `progress` says at a fixed place how many steps have returned, whatever happens then.
TRAINING = """
import hashlib, os, struct, sys, time, tidelog
url, journals, counter, steps, file_bytes, every = *sys.argv[1:4], *map(int, sys.argv[4:])
progress = os.open(counter, os.O_WRONLY | os.O_CREAT)
run = tidelog.init_run(url=url, directory=journals, custom_run_id="k", flush_interval_s=0.05)
def content(step):
    return hashlib.sha256(b"%d" % step).digest() * (file_bytes // 32)
print("ready", flush=True)
for step in range(steps):
    run["loss"].append(step / 8, step=step)
    run["note"].append(f"text {step}", step=step)
    run["weights"].append(tidelog.Histogram([step, step + 1, step + 2], bins=2), step=step)
    if step % every == 0:
        run["pictures"].append(tidelog.File.from_content(content(step), "bin"), step=step)
    print(f"line {step}", flush=True)
    os.pwrite(progress, struct.pack("<q", step + 1), 0)
    time.sleep(0.003)
run.stop()
"""


def begin(server: ServerProcess, journals: Path, counter: Path, steps: int) -> subprocess.Popen[str]:
    """Start the training, its output thrown away."""
    return start(TRAINING, server.url, journals, counter, steps, FILE_BYTES, EVERY, **ON)


def returned(counter: Path) -> int:
    """How many steps have returned."""
    content = counter.read_bytes() if counter.exists() else b""
    return int(STEP.unpack(content)[0]) if len(content) == STEP.size else 0


def wait_for(process: subprocess.Popen[str], counter: Path, steps: int) -> None:
    """Wait until so many steps have returned."""
    while returned(counter) < steps:
        assert process.poll() is None, finish(process).stderr
        time.sleep(0.002)


def command(*arguments: object) -> str:
    """What a command of tidelog says, which must go well."""
    done = run_program(CLI, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def objects(server: ServerProcess, home: Home, path: str) -> list[dict[str, Any]]:
    """Step and value of each point of a series that holds no numbers."""
    address = f"{server.url}/api/runs/{home.run()['label']}/objects"
    answer = httpx.get(address, params={"path": path, "limit": 10_000}, timeout=TIMEOUT_S).json()
    assert answer["next"] is None
    return [{"step": step, "value": value} for step, value in zip(answer["steps"], answer["values"], strict=True)]


def check(server: ServerProcess, home: Home, steps: range) -> None:
    """Each kind is there once for every step that returned, and perhaps for the one that was under way."""
    count = len(home.series("loss"))
    assert count in steps
    assert home.series("loss") == [(float(step), step / 8) for step in range(count)]
    for path, at_least in (("note", steps[0]), ("weights", steps[0])):
        found = [point["step"] for point in objects(server, home, path)]
        assert found == list(range(len(found)))
        assert len(found) >= at_least
    pictures = objects(server, home, "pictures")
    assert [point["step"] for point in pictures] == list(range(0, count, EVERY))[: len(pictures)]
    assert len(pictures) * EVERY >= steps[0]
    for point in pictures:
        step = int(point["step"])
        answer = httpx.get(
            f"{server.url}/api/runs/{home.run()['label']}/files",
            params={"path": "pictures", "step": step}, timeout=TIMEOUT_S,
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        assert answer.content == hashlib.sha256(b"%d" % step).digest() * (FILE_BYTES // 32)


def check_captured(server: ServerProcess, home: Home, *, all_lines: int | None = None) -> None:
    """Source and hardware are there, and of the console a beginning without a gap; with `all_lines` all of it."""
    lines = [point["value"] for point in objects(server, home, "monitoring/stdout")]
    assert lines[:1] == ["ready"]
    assert lines[1:] == [f"line {number}" for number in range(len(lines) - 1)]
    assert all_lines is None or len(lines) == all_lines + 1
    assert "source_code/command_line" in home.values("source_code")
    assert any(path.startswith("monitoring/cpu") for path in home.values("monitoring"))


@pytest.mark.parametrize("round_", range(3))
def test_a_job_that_is_killed(
    lasting_server: ServerProcess, journals: Path, tmp_path: Path, project: str, round_: int
) -> None:
    """At any moment: `tidelog sync` brings all home that had returned, and `tidelog verify` finds every record."""
    server, home = lasting_server, Home(lasting_server.url, project)
    killed_after = random.randrange(150, 500)
    process = begin(server, journals, tmp_path / "counter", 100_000)
    wait_for(process, tmp_path / "counter", killed_after)
    time.sleep(random.uniform(0.0, 0.05))
    process.send_signal(signal.SIGKILL)
    finish(process)
    command("sync", "--keep", "--directory", journals, "--url", server.url)
    command("verify", "--directory", journals, "--url", server.url)
    done = returned(tmp_path / "counter")
    check(server, home, range(done, done + 2))
    check_captured(server, home)
    assert home.run()["state"] == "crashed"
    command("sync", "--directory", journals, "--url", server.url)
    assert find_journals(str(journals)) == []


@pytest.mark.parametrize("grace_s", [None, 0.05])
def test_a_job_that_is_terminated(
    lasting_server: ServerProcess, journals: Path, tmp_path: Path, project: str, grace_s: float | None
) -> None:
    """SIGTERM ends the run as failed with everything home; a scheduler that kills soon after loses nothing either."""
    server, home = lasting_server, Home(lasting_server.url, project)
    process = begin(server, journals, tmp_path / "counter", 100_000)
    wait_for(process, tmp_path / "counter", 300)
    process.send_signal(signal.SIGTERM)
    if grace_s is not None:
        time.sleep(grace_s)
        process.send_signal(signal.SIGKILL)
    assert finish(process).returncode in (-signal.SIGTERM, -signal.SIGKILL)
    command("sync", "--directory", journals, "--url", server.url)
    done = returned(tmp_path / "counter")
    check(server, home, range(done, done + 2))
    check_captured(server, home)
    if grace_s is None:
        assert home.run()["state"] == "failed"
        assert "SIGTERM" in home.run()["error"]
    assert home.run()["state"] in ("failed", "crashed")


def test_a_server_that_is_killed_while_everything_arrives(
    server: ServerProcess, home: Home, journals: Path, tmp_path: Path
) -> None:
    """Again and again, at any moment, restarted each time: nothing is lost, and nothing is doubled."""
    steps = 1_000
    process = begin(server, journals, tmp_path / "counter", steps)
    kills = 3
    for _ in range(kills):
        wait_for(process, tmp_path / "counter", min(steps, returned(tmp_path / "counter") + random.randrange(50, 200)))
        server.restart()
    done = finish(process)
    assert done.returncode == 0, done.stderr
    command("sync", "--directory", journals, "--url", server.url)
    check(server, home, range(steps, steps + 1))
    check_captured(server, home, all_lines=steps)
    assert home.run()["state"] == "finished"
    assert find_journals(str(journals)) == []
    blobs = [
        path for path in (server.data / "blobs").rglob("*") if path.is_file() and path.stat().st_size == FILE_BYTES
    ]
    # One that was named when its server died, before the table said so, is swept later.
    assert steps // EVERY <= len(blobs) <= steps // EVERY + kills
    unfinished = [name for name in os.listdir(server.data / "blobs" / "incoming") if not name.endswith(".new")]
    assert unfinished == []
