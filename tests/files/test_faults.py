"""Kills, cuts and files that do not hold still: the run goes on, what can come home does, the rest is named."""

from __future__ import annotations

import hashlib
import os
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

import tidelog
from tests.client.programs import finish, run_program, start
from tests.conftest import ServerProcess
from tests.files.conftest import OpenRun
from tests.waiting import wait_for
from tidelog.journal import kept_files
from tidelog.shipping import file_shipper

SYNC = "import sys; from tidelog.cli import main; sys.exit(main())"

KILLED = """
import os, signal, sys, time, tidelog
run = tidelog.init_run(project="files", url=sys.argv[1], directory=sys.argv[2], custom_run_id="k", mode=sys.argv[4],
                       capture_hardware=False)
run["large"].upload(sys.argv[3])
run["small"].upload(b"small")
run["loss"].append(1.0, step=0)
if sys.argv[5] == "child":
    if os.fork():
        os.wait()
        os._exit(0)
    run["of/child"].upload(b"from the child")
if sys.argv[4] == "async":
    while run.label is None:
        time.sleep(0.01)
print("logged", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def listed(server: ServerProcess, path: str, key: str = "k") -> dict[str, Any]:
    """What the server says of the file at a path."""
    with httpx.Client(base_url=f"{server.url}/api", timeout=60) as client:
        label = client.get("/runs", params={"project": "files", "key": key}).json()["label"]
        answer = client.get(f"/runs/{label}/files/list", params={"path": path})
        assert answer.status_code == 200, answer.text
        file: dict[str, Any] = answer.json()["files"][0]
        return file


def sync(server: ServerProcess, journals: Path) -> str:
    """`tidelog sync`, which must succeed."""
    done = run_program(SYNC, "sync", "--directory", journals, "--url", server.url)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file of more than one part."""
    path = tmp_path / "large.bin"
    path.write_bytes(os.urandom(30_000_000))
    return path


@pytest.mark.parametrize("mode", ["offline", "async"])
@pytest.mark.parametrize("who", ["parent", "child"])
def test_sync_brings_the_files_of_a_killed_job_home(
    server: ServerProcess, journals: Path, large: Path, mode: str, who: str
) -> None:
    """Of its forked children too; nothing is left on disk then."""
    done = run_program(KILLED, server.url, journals, large, mode, who)
    assert "logged" in done.stdout, done.stderr
    assert "file" in sync(server, journals)
    assert listed(server, "large")["sha256"] == hashlib.sha256(large.read_bytes()).hexdigest()
    assert listed(server, "small")["state"] == "received"
    if who == "child":
        assert listed(server, "of/child")["state"] == "received"
    assert not [path for path in journals.rglob("*") if path.is_file()]


def test_a_server_that_is_killed_in_the_middle_goes_on_where_it_was(
    server: ServerProcess, open_run: OpenRun, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No part that was acknowledged is sent again."""
    monkeypatch.setattr(file_shipper, "FIRST_PART_BYTES", 1_000_000)
    monkeypatch.setattr(file_shipper, "PART_BYTES", 1_000_000)
    offsets: list[int] = []
    send = file_shipper.FileShipper._send_part

    def note(shipper: file_shipper.FileShipper) -> None:
        offsets.append(shipper._sending[0][1])
        if len(offsets) == 10:
            server.restart()
        send(shipper)

    monkeypatch.setattr(file_shipper.FileShipper, "_send_part", note)
    run = open_run(server, custom_run_id="k")
    run["large"].upload(large)
    assert run.wait(60)
    assert listed(server, "large")["sha256"] == hashlib.sha256(large.read_bytes()).hexdigest()
    assert len(offsets) <= 33
    assert len(set(offsets)) >= 30  # more where a part was cut off by time


def test_metrics_do_not_wait_for_a_large_file(
    server: ServerProcess, open_run: OpenRun, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is logged while a file is on its way arrives before the file does."""
    monkeypatch.setattr(file_shipper, "FIRST_PART_BYTES", 500_000)
    monkeypatch.setattr(file_shipper, "PART_BYTES", 500_000)
    run = open_run(server, custom_run_id="k")
    run["large"].upload(large)
    run["loss"].append(1.0, step=0)
    assert run["loss"].fetch_last() == 1.0
    assert kept_files.numbers(str(run.directory)) == [0]
    assert run.wait(60)


def test_a_large_file_that_vanishes_is_marked_and_named(
    server: ServerProcess, open_run: OpenRun, large: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """Where it could not be linked; the run and its other files are whole."""
    monkeypatch.setattr(os, "link", _refuse)
    run = open_run(server, custom_run_id="k", flush_interval_s=5.0)
    large_again = large.rename(large.with_name("moving.bin"))
    run["large"].upload(large_again)
    large_again.unlink()
    run["small"].upload(b"small")
    run.stop()
    found = listed(server, "large")
    assert found["state"] == "lost"
    assert "moving.bin cannot be read any more" in found["problem"]
    assert "moving.bin cannot be read any more" in caplog.text
    assert listed(server, "small")["state"] == "received"


def _refuse(*_: object) -> None:
    raise OSError(18, "Invalid cross-device link")


def test_a_large_file_that_changes_is_marked(server: ServerProcess, open_run: OpenRun, large: Path) -> None:
    """What is sent is what was in it then, and the run says that it is not what was logged."""
    run = open_run(server, custom_run_id="k", mode="offline")
    run["large"].upload(large)
    run["copied"].upload(_small(large))
    large.write_bytes(b"overwritten in place")
    _small(large).write_bytes(b"overwritten too")
    run.stop()
    sync(server, run.directory.parent.parent.parent)
    found = listed(server, "large")
    assert found["state"] == "received"
    assert "changed after it was logged" in found["problem"]
    assert found["sha256"] == hashlib.sha256(b"overwritten in place").hexdigest()
    assert listed(server, "copied")["sha256"] == hashlib.sha256(b"a small one").hexdigest()


def _small(large: Path) -> Path:
    path = large.with_name("small.bin")
    if not path.exists():
        path.write_bytes(b"a small one")
    return path


def test_a_large_file_that_was_replaced_is_what_it_was(server: ServerProcess, open_run: OpenRun, large: Path) -> None:
    """A link keeps the old content where a new file takes its name, or it is deleted."""
    content = large.read_bytes()
    run = open_run(server, custom_run_id="k", mode="offline")
    run["large"].upload(large)
    (large.parent / "new").write_bytes(b"new")
    os.replace(large.parent / "new", large)
    run.stop()
    sync(server, run.directory.parent.parent.parent)
    found = listed(server, "large")
    assert (found["sha256"], found["problem"]) == (hashlib.sha256(content).hexdigest(), None)


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "device", "nul"])
def test_what_is_no_readable_file_raises_at_the_call(tmp_path: Path, kind: str) -> None:
    """With its name; nothing is recorded."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    path = {"device": "/dev/null", "nul": "a\0b"}.get(kind, str(tmp_path / kind))
    run = tidelog.init_run(mode="debug", directory=tmp_path / "j", capture_hardware=False)
    with pytest.raises(tidelog.InvalidValueError):
        run["x"].upload(path)


def test_a_folder_with_everything_odd_in_it(
    server: ServerProcess, open_run: OpenRun, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Links in circles, pipes, broken links, control characters: the files are there, the rest is named."""
    odd = tmp_path / "odd"
    (odd / "deep").mkdir(parents=True)
    (odd / "deep" / "again").symlink_to(odd)
    (odd / "nowhere").symlink_to(tmp_path / "nothing")
    os.mkfifo(odd / "pipe")
    (odd / "new\nline\x1b.txt").write_text("1")
    (odd / "deep" / "ünï.txt").write_text("2")
    (odd / "..hidden").write_text("3")
    run = open_run(server, custom_run_id="k")
    run["set"].upload_files(odd)
    run["none"].upload_files(f"{odd}/*.nothing")
    with pytest.raises(tidelog.InvalidValueError):
        run["set"].upload_files("a\0b")
    names = [file["name"] for file in run["set"].fetch_files_list()]
    assert names == ["..hidden", "deep/ünï.txt", "new_line_.txt"]
    assert "pipe" in caplog.text
    assert "nowhere" in caplog.text
    assert "no file matches" in caplog.text


def test_a_disk_that_takes_no_copy_costs_the_file_alone(
    server: ServerProcess, open_run: OpenRun, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is named and counted; what is logged after it is there."""

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    run = open_run(server, custom_run_id="k")
    with monkeypatch.context() as patched:
        patched.setattr(kept_files, "_write", full)
        run["model"].upload(b"bytes")
    run["after"].upload(b"more bytes")
    run["loss"].append(1.0)
    run.stop()
    assert "could not be kept (No space left on device)" in caplog.text
    assert listed(server, "after")["state"] == "received"
    with httpx.Client(base_url=f"{server.url}/api", timeout=60) as client:
        found = client.get("/runs", params={"project": "files", "key": "k"}).json()
    assert (found["dropped"], found["state"]) == (1, "finished")


FULL_DISK = """
import sys
from pathlib import Path
import uvicorn
from tidelog_server.app import create_app
from tidelog_server.blobs import local
from tidelog_server.settings import Settings
import errno
real, flag = local._write, Path(sys.argv[3])
def write(*arguments):
    if flag.exists():
        raise OSError(errno.ENOSPC, "No space left on device")
    return real(*arguments)
local._write = write
uvicorn.run(create_app(Settings(data=Path(sys.argv[1]))), port=int(sys.argv[2]), log_level="warning")
"""


def test_a_full_disk_of_the_server_loses_nothing(
    tmp_path: Path, open_run: OpenRun, large: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Metrics go on, files wait on the client, and come when there is room."""
    from tests.conftest import free_port

    flag = tmp_path / "full"
    flag.touch()
    server = ServerProcess(tmp_path / "data", free_port())
    process = start(FULL_DISK, server.data, server.port, flag)
    try:
        wait_for(lambda: answers(server))
        run = open_run(server, custom_run_id="k")
        run["large"].upload(large)
        run["loss"].append(1.0, step=0)
        assert run["loss"].fetch_last() == 1.0
        wait_for(lambda: "Files of this run wait" in caplog.text)
        assert "disk of the server is full" in caplog.text
        flag.unlink()
        assert run.wait(60)
        assert listed(server, "large")["state"] == "received"
        run.stop()
    finally:
        process.send_signal(signal.SIGTERM)
        finish(process)


def answers(server: ServerProcess) -> bool:
    """Whether the server is there."""
    try:
        return httpx.get(f"{server.url}/api/health").is_success
    except httpx.TransportError:
        return False


def test_status_knows_files(server: ServerProcess, open_run: OpenRun, large: Path) -> None:
    """How many wait, and how large they are."""
    run = open_run(server, custom_run_id="k", mode="offline")
    run["large"].upload(large)
    run["small"].upload(b"small")
    done = run_program(SYNC, "status", "--directory", run.directory.parent.parent.parent)
    assert "2 files (30 MB)" in done.stdout
