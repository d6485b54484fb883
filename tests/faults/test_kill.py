"""`kill -9` of a training job: nothing whose call returned is lost, nothing is doubled."""

from __future__ import annotations

import signal
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.client.programs import finish, start
from tests.conftest import ServerProcess
from tests.faults.conftest import Home
from tidelog.journal.segments import find_journals


@pytest.fixture
def server(lasting_server: ServerProcess) -> ServerProcess:
    """The server, which nothing happens to here."""
    return lasting_server


# Tells after each append how many have returned: 8 bytes at a fixed place of a file, which outlive the process too.
LOGGING = """
import os, signal, struct, sys, tidelog
url, journals, counter, mode = sys.argv[1:]
progress = os.open(counter, os.O_WRONLY | os.O_CREAT)
run = tidelog.init_run(url=url, directory=journals, mode=mode, custom_run_id="k", capture_hardware=False)
print("ready", flush=True)
for number in range(50_000):
    run["a/b"].append(number / 8, step=number)
    os.pwrite(progress, struct.pack("<q", number + 1), 0)
while True:
    signal.pause()
"""


def returned(counter: Path) -> int:
    """Return how many appends have returned."""
    content = counter.read_bytes() if counter.exists() else b""
    return int(struct.unpack("<q", content)[0]) if len(content) == 8 else 0


@pytest.mark.parametrize("mode", ["async", "offline"])
@pytest.mark.parametrize("killed_after", [1, 9_000, 31_000])
def test_every_append_that_returned_is_on_the_server(
    server: ServerProcess,
    home: Home,
    sync: Callable[[], str],
    journals: Path,
    tmp_path: Path,
    mode: str,
    killed_after: int,
) -> None:
    """Killed in the middle of 50,000 appends, with and without a shipper: `tidelog sync` brings all of them home."""
    counter = tmp_path / "counter"
    process = start(LOGGING, server.url, journals, counter, mode)
    while returned(counter) < killed_after:
        assert process.poll() is None, finish(process).stderr
    process.send_signal(signal.SIGKILL)
    finish(process)
    sync()
    points = home.series("a/b")
    assert len(points) in (returned(counter), returned(counter) + 1)  # one may have been written and not counted yet
    assert points == [(float(number), number / 8) for number in range(len(points))]
    assert home.run()["state"] == "crashed"
    assert find_journals(str(journals)) == []


def test_sync_twice_and_again_changes_nothing(
    server: ServerProcess, home: Home, sync: Callable[[], str], journals: Path, tmp_path: Path
) -> None:
    """There is nothing left to send, and the server holds the same."""
    counter = tmp_path / "counter"
    process = start(LOGGING, server.url, journals, counter, "offline")
    while returned(counter) < 5_000:
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    finish(process)
    sync()
    before = home.series("a/b"), home.run()
    assert "Nothing to do" in sync()
    assert (home.series("a/b"), home.run()) == before


def test_sync_while_the_job_runs(
    server: ServerProcess, home: Home, sync: Callable[[], str], journals: Path, tmp_path: Path
) -> None:
    """Beside a running shipper, again and again: each point once, and the job's own end ends the run."""
    small_segments = "from tidelog.journal import open_segments\nopen_segments.SEGMENT_BYTES = 20_000\n"
    program = small_segments + LOGGING.replace("while True:\n    signal.pause()", "run.stop()")
    process = start(program, server.url, journals, tmp_path / "counter", "async")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    while process.poll() is None:
        sync()
    assert finish(process).returncode == 0
    sync()
    assert home.series("a/b") == [(float(number), number / 8) for number in range(50_000)]
    assert (home.run()["state"], home.run()["points"]) == ("finished", 50_000)


def test_a_torn_tail_costs_only_the_torn_record(
    server: ServerProcess, home: Home, sync: Callable[[], str], journals: Path, tmp_path: Path
) -> None:
    """A write cut in its middle: the rest comes home, the tail is kept and named."""
    counter = tmp_path / "counter"
    process = start(LOGGING, server.url, journals, counter, "offline")
    while returned(counter) < 1_000:
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    finish(process)
    [folder] = find_journals(str(journals))
    with open(folder.segments()[-1].path, "ab") as segment:
        segment.write(folder.read(folder.end() - 28, 13))
    assert "13 bytes of it were cut off" in sync()
    points = home.series("a/b")
    assert len(points) in (returned(counter), returned(counter) + 1)
    assert len(list(journals.rglob("torn-*.bin"))) == 1
