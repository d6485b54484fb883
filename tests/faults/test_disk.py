"""Disks that are full, limited or not there: the program goes on, the loss is said and counted."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.client.programs import run_program
from tests.conftest import ServerProcess
from tests.faults.conftest import Home


@pytest.fixture
def server(lasting_server: ServerProcess) -> ServerProcess:
    """The server, which nothing happens to here."""
    return lasting_server


FULL = """
import os, sys, time, tidelog
from tidelog.journal import journal
journal.RETRY_S = 0.01
url, disk = sys.argv[1:]
run = tidelog.init_run(directory=disk, custom_run_id="k", capture_hardware=False, mode="offline")
ballast = os.open(os.path.join(disk, "ballast"), os.O_CREAT | os.O_WRONLY)
for number in range(100):
    run["x"].append(number, step=number)
try:
    while True:
        os.write(ballast, bytes(1000))
except OSError:
    pass
for number in range(100, 20_000):
    run["x"].append(number, step=number)
    run[f"new/{number % 50}"].append(number, step=number)
    run["n"].append({"y": number}, step=number)
os.ftruncate(ballast, 0)
number, logged = 20_000, 100 + 3 * 19_900
while run._session.stream._refused:
    run["x"].append(number, step=number)
    logged += 1
for number in range(20_000, 20_100):
    run["x"].append(number, step=number)
    run["n"].append({"y": number}, step=number)
run["new/0"].append(-1.0, step=20_000)
run.stop()
print(logged + 201)
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a file system can only be mounted by root: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_stops_nothing_and_is_counted(
    server: ServerProcess, home: Home, small_disk: Path, sync: Callable[[], str], journals: Path
) -> None:
    """No exception; one warning when it begins and one when it is over; what was written before and after is whole."""
    journals.symlink_to(small_disk)
    done = run_program(FULL, server.url, small_disk)
    assert done.returncode == 0, done.stderr
    full, again, *_ = done.stderr.splitlines()
    assert "No space left on device" in full
    assert "can be written again" in again
    assert "cut off" not in sync()
    steps = [int(step) for step, _ in home.series("x")]
    assert steps[:100] == list(range(100))
    assert steps[-100:] == list(range(20_000, 20_100))
    assert all(value == step for step, value in home.series("x"))
    assert home.values("new/0") == {"new/0": -1.0}
    run = home.run()
    assert run["state"] == "finished"
    assert run["dropped"] > 10_000
    assert run["dropped"] + run["points"] == int(done.stdout)


LIMITED = """
import resource, sys, tidelog
url, directory = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
run = tidelog.init_run(url=url, directory=directory, custom_run_id="k", capture_hardware=False, mode="offline")
for number in range(2_000):
    run["x"].append(number, step=number)
    run["n"].append({"y": number}, step=number)
run.stop()
"""


def test_a_limit_on_the_length_of_files_costs_nothing(
    server: ServerProcess, home: Home, journals: Path, sync: Callable[[], str]
) -> None:
    """The journal goes on in another segment; what was written in part is cut out of the one before."""
    done = run_program(LIMITED, server.url, journals)
    assert done.returncode == 0, done.stderr
    sync()
    assert home.series("x") == home.series("n/y") == [(float(number), float(number)) for number in range(2_000)]
    assert home.run()["dropped"] == 0


UNWRITABLE = """
import sys, tidelog
run = tidelog.init_run(url=sys.argv[1], directory=sys.argv[2], custom_run_id="k", capture_hardware=False)
for number in range(1_000):
    run["x"].append(number, step=number)
run.stop()
"""


def test_an_unwritable_directory_is_said_and_loses_nothing(server: ServerProcess, home: Home, tmp_path: Path) -> None:
    """The journal is kept in the temporary directory instead."""
    directory = tmp_path / "file"
    directory.write_text("a file where a folder should be")
    done = run_program(UNWRITABLE, server.url, directory, TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert f"cannot be kept in {directory}" in done.stderr
    assert len(home.series("x")) == 1_000


def test_no_directory_at_all_is_said_and_counted(server: ServerProcess, tmp_path: Path) -> None:
    """The program runs to its end, and says how many records are gone."""
    program = "import tempfile\n" + UNWRITABLE.replace("run = ", "tempfile.tempdir = sys.argv[2]\nrun = ", 1)
    directory = tmp_path / "file"
    directory.write_text("a file where a folder should be")
    done = run_program(program, server.url, directory)
    assert done.returncode == 0, done.stderr
    assert "cannot be written (Not a directory)" in done.stderr
    assert "1,001 records were dropped" in done.stderr
