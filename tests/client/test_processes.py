"""Many processes in one run: ranks, spawned workers, notebooks, Ctrl-C. Real processes, the stand-in server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tidelog
from tests.client.conftest import NOBODY, OpenRun
from tests.client.fake_server import FakeServer
from tests.client.programs import CLIENT, finish, run_program, start
from tests.client.test_lifecycle import OPEN, values
from tidelog.journal.reading import State, read_records

RANK = """
import os, sys, time, tidelog
url, journals = sys.argv[1:3]
run = tidelog.init_run(
    "p", url=url, directory=journals, custom_run_id="job", monitoring_interval_s=0.05, flush_interval_s=0.05,
    capture_stdout=False, capture_stderr=False, log_all_ranks="all" in sys.argv,
)
run["x"].append(float(os.environ["RANK"]), step=1)
run["rows"].append({"a": 1.0})
run["lr"] = 0.1
time.sleep(0.5)
run.stop()
"""


def paths(fake: FakeServer) -> dict[int, set[str]]:
    """The paths that each of the writers defined, in any order."""
    found = {}
    for number, stream in enumerate(fake.streams.values()):
        found[number] = {record.path for record in read_records(bytes(stream)) if hasattr(record, "path")}
    return found


def test_rank_0_logs_and_all_ranks_are_monitored(fake: FakeServer, journals: Path) -> None:
    """Each rank is a writer; what the program logs in others is checked and dropped, what tidelog samples is kept."""
    ranks = [start(RANK, fake.url, journals, RANK=str(rank), WORLD_SIZE="3", LOCAL_RANK=str(rank)) for rank in range(3)]
    for rank in ranks:
        done = finish(rank)
        assert done.returncode == 0, done.stderr
    assert len(fake.streams) == 3
    assert values(fake, "x") == [0.0]
    logged = sorted(paths(fake).values(), key=lambda found: "x" in found)
    assert [("x" in found, "lr" in found) for found in logged] == [(False, False), (False, False), (True, True)]
    assert all(any(path.startswith("monitoring/") for path in found) for found in logged)
    assert all(isinstance(list(read_records(bytes(stream)))[-1], State) for stream in fake.streams.values())
    assert list(journals.iterdir()) == []


def test_all_ranks_log_where_that_is_asked_for(fake: FakeServer, journals: Path) -> None:
    """By an argument."""
    ranks = [
        start(RANK, fake.url, journals, "all", RANK=str(rank), WORLD_SIZE="2", LOCAL_RANK=str(rank))
        for rank in range(2)
    ]
    assert [finish(rank).returncode for rank in ranks] == [0, 0]
    assert values(fake, "x") == [0.0, 1.0]


def test_a_rank_of_its_own_run_logs(fake: FakeServer, journals: Path) -> None:
    """A process that shares its run with nobody is never muted: that run would be empty."""
    program = RANK.replace('custom_run_id="job", ', "")
    done = run_program(program, fake.url, journals, RANK="1", WORLD_SIZE="2", LOCAL_RANK="1")
    assert done.returncode == 0, done.stderr
    assert values(fake, "x") == [1.0]


def test_a_muted_rank_checks_and_hears(fake: FakeServer, open_run: OpenRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong arguments raise as in rank 0, and so does a request to stop."""
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    run = open_run(mode="async", url=fake.url, custom_run_id="job", flush_interval_s=0.02)
    run["x"].append(1.0)
    with pytest.raises(tidelog.UnsupportedTypeError):
        run["x"].append(object())
    fake.asks = "stop"
    with pytest.raises(tidelog.RunStopRequestedError):
        _log_for_ever(run)
    run.stop()
    with pytest.raises(tidelog.RunStoppedError):
        run["x"].append(1.0)
    assert values(fake, "x") == []


def _log_for_ever(run: tidelog.Run) -> None:
    end_s = time.monotonic() + 30
    while time.monotonic() < end_s:
        run["x"].append(1.0)


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_workers_of_multiprocessing_write_the_same_run(
    fake: FakeServer, journals: Path, tmp_path: Path, method: str
) -> None:
    """A run and its attributes travel to a worker, which becomes a writer when it logs, and ends with its process."""
    script = tmp_path / "training.py"
    script.write_text(f"""
import multiprocessing, sys
import tidelog

def work(run, series, number):
    if number:
        run["x"].append(float(number))
        series.append(float(number))

if __name__ == "__main__":
    run = tidelog.init_run("p", url={fake.url!r}, directory={str(journals)!r}, capture_hardware=False, name="n")
    run["x"].append(0.0)
    context = multiprocessing.get_context({method!r})
    workers = [context.Process(target=work, args=(run, run["y"], number)) for number in range(4)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]
    assert [worker.exitcode for worker in workers] == [0] * 4
    run.stop()
""")
    done = run_script(script)
    assert done.returncode == 0, done.stderr
    assert values(fake, "x") == [0.0, 1.0, 2.0, 3.0]
    assert values(fake, "y") == [1.0, 2.0, 3.0]
    assert len(fake.streams) == 4  # a worker that logs nothing leaves no trace
    assert all(list(read_records(bytes(stream)))[-1].state == "finished" for stream in fake.streams.values())  # type: ignore[union-attr]
    assert list(journals.iterdir()) == []


def run_script(script: Path) -> subprocess.CompletedProcess[str]:
    """Run a file: spawned processes import the main module by its path."""
    paths = os.pathsep.join(filter(None, [CLIENT, os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip


def test_ctrl_c_drains_and_a_second_one_does_not_wait(journals: Path) -> None:
    """Without a server, the first makes it wait for a few seconds at most; the second ends that at once, and says
    where the data is.
    """
    patient = "from tidelog.shipping import delivery\ndelivery.GIVE_UP_S = 60.0\n"
    process = start(f"{patient}{OPEN}\nrun.wait(2.0)\nprint('ready', flush=True)\nsignal.pause()", NOBODY, journals)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    while "KeyboardInterrupt" not in process.stderr.readline():
        assert process.poll() is None
    time.sleep(0.5)  # it waits for the server now
    assert process.poll() is None
    began_s = time.monotonic()
    process.send_signal(signal.SIGINT)
    done = finish(process)
    assert time.monotonic() - began_s < 30.0  # and not the 60 of a patient one
    assert done.returncode == -signal.SIGINT
    assert f"tidelog sync --directory {journals}" in done.stderr
    [segment] = journals.rglob("*.segment")
    assert b'"failed"' in segment.read_bytes()


NOTEBOOK = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
url, journals = sys.argv[1:]
cell = f'''
import tidelog
run = tidelog.init_run("p", url={url!r}, directory={journals!r}, capture_hardware=False, capture_stdout=False,
                       capture_stderr=False, flush_interval_s=0.05, keep_open=KEEP)
run["x"].append(1.0)
'''
for _ in range(3):
    assert shell.run_cell(cell.replace("KEEP", "False")).success
first = shell.user_ns["run"]
assert shell.run_cell(cell.replace("KEEP", "True")).success
first["x"].append(2.0)
first.stop()
shell.user_ns["run"].stop()
"""


def test_a_cell_that_is_run_again_ends_the_run_before(fake: FakeServer, journals: Path) -> None:
    """In a notebook: no two runs are open, no thread is left behind; keep_open leaves earlier ones open."""
    done = run_program(NOTEBOOK, fake.url, journals)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("was still open in this notebook") == 2
    assert values(fake, "x") == [1.0, 1.0, 1.0, 1.0, 2.0]
    assert len({registration["run_key"] for registration in fake.registrations}) == 4
    states = [list(read_records(bytes(stream)))[-1] for stream in fake.streams.values()]
    assert [state.state for state in states if isinstance(state, State)] == ["finished"] * 4
