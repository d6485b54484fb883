"""How programs end, and what becomes of their runs. Real processes, the stand-in server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import tidelog
from tests.client.conftest import NOBODY, OpenRun
from tests.client.fake_server import FakeServer
from tests.client.programs import CLIENT, finish, run_program, start
from tidelog import lifecycle
from tidelog.journal.reading import Event, Point, State, read_records
from tidelog.journal.segments import find_journals

OPEN = """
import os, signal, sys, tidelog
run = tidelog.init_run("p", url=sys.argv[1], directory=sys.argv[2], capture_hardware=False, custom_run_id="k")
run["x"].append(1.0)
"""


def ending(fake: FakeServer) -> State:
    """Return the last record of the only writer."""
    last = fake.records()[-1]
    assert isinstance(last, State)
    return last


@pytest.mark.parametrize("end", ["", "sys.exit()", "sys.exit(0)", "exit()", "run.stop()", "run.stop(); sys.exit(3)"])
def test_a_program_that_ends_finishes_its_runs(fake: FakeServer, journals: Path, end: str) -> None:
    """With and without stop(), everything is home when the process is gone."""
    done = run_program(OPEN + end, fake.url, journals)
    assert done.returncode == (3 if "(3)" in end else 0), done.stderr
    assert (ending(fake).state, ending(fake).error) == ("finished", None)
    assert list(journals.iterdir()) == []


@pytest.mark.parametrize(
    ("end", "error"),
    [
        ("raise ValueError('boom')", "ValueError: boom"),
        ("with run: raise ValueError('boom')", "ValueError: boom"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("os.kill(os.getpid(), signal.SIGINT)\nimport time; time.sleep(60)", "KeyboardInterrupt"),
    ],
)
def test_an_exception_that_ends_the_program_fails_its_runs(
    fake: FakeServer, journals: Path, end: str, error: str
) -> None:
    """The run has the traceback, and the program ends as it would without tidelog."""
    done = run_program(OPEN + end, fake.url, journals)
    assert done.returncode != 0
    assert error in done.stderr
    assert ending(fake).state == "failed"
    assert error in str(ending(fake).error)
    assert "Traceback" in str(ending(fake).error)


@pytest.mark.parametrize(
    ("end", "status", "error"),
    [
        ("sys.exit(3)", 3, "The program exited with status 3."),
        ("exit(4)", 4, "The program exited with status 4."),
        ("sys.exit('no data')", 1, "The program exited: no data"),
        ("import argparse; argparse.ArgumentParser().error('wrong')", 2, "The program exited with status 2."),
        ("from sys import exit as leave; leave(5)", 5, "The program exited with status 5."),
        ("with run: sys.exit(6)", 6, "The program exited with status 6."),
        ("with run: raise SystemExit(7)", 7, "The program exited with status 7."),
    ],
)
def test_an_exit_with_a_status_fails_the_run(
    fake: FakeServer, journals: Path, end: str, status: int, error: str
) -> None:
    """A number other than 0, or a text; the process has the status that it would have without tidelog."""
    done = run_program(OPEN + end, fake.url, journals)
    assert (done.returncode, ending(fake).state, ending(fake).error) == (status, "failed", error), done.stderr


@pytest.mark.parametrize(
    ("end", "status", "error"),
    [
        ("raise SystemExit(3)", 3, "The program exited with status 3."),
        ("raise SystemExit('no data')", 1, "The program exited: no data"),
        ("leaving = SystemExit(4)\nraise leaving", 4, "The program exited with status 4."),
        ("class Leave(SystemExit): pass\nraise Leave(5)", 5, "The program exited with status 5."),
        ("try: 1 / 0\nexcept ZeroDivisionError as error: raise SystemExit(6) from error", 6,
         "The program exited with status 6."),
        ("raise SystemExit(0)", 0, None),
        ("raise SystemExit", 0, None),
        ("sys.stderr = None\nraise SystemExit(7)", 7, "The program exited with status 7."),
        ("", 0, None),
    ],
)  # fmt: skip
def test_an_exit_that_is_raised_by_hand_counts_like_any(
    fake: FakeServer, journals: Path, tmp_path: Path, end: str, status: int, error: str | None
) -> None:
    """At the end of the program's file; others, which were caught or are only kept, do not count."""
    program = tmp_path / "train.py"
    program.write_text(f"""{OPEN}
kept = [SystemExit(98)]
try:
    raise SystemExit(99)
except SystemExit as caught:
    kept.append(caught)
print("flushed", flush=True)
{end}
""")
    command = [sys.executable, program, fake.url, journals]
    environment = {**os.environ, "PYTHONPATH": CLIENT}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (status, "flushed\n"), done.stderr
    assert (ending(fake).state, ending(fake).error) == ("failed" if error else "finished", error)


@pytest.mark.parametrize(
    "end",
    [
        "try: sys.exit(3)\nexcept SystemExit as caught: assert caught.code == 3 and caught.args == (3,)",
        "import threading; thread = threading.Thread(target=sys.exit, args=(3,)); thread.start(); thread.join()",
        "with run: sys.exit(0)",
    ],
)
def test_an_exit_that_does_not_end_the_program_or_ends_it_well(fake: FakeServer, journals: Path, end: str) -> None:
    """One that is caught, or ends a thread, or has status 0."""
    done = run_program(OPEN + end, fake.url, journals)
    assert (done.returncode, ending(fake).state) == (0, "finished"), done.stderr


def test_an_exception_that_ends_a_thread_is_an_event(fake: FakeServer, journals: Path) -> None:
    """The program goes on and its run may well be finished; what happened is in it, with the whole chain."""
    program = """
import threading
def work():
    try:
        1 / 0
    except ZeroDivisionError as error:
        raise ValueError("boom") from error
thread = threading.Thread(target=work, name="loader")
thread.start()
thread.join()
"""
    done = run_program(OPEN + program, fake.url, journals)
    [event] = [record for record in fake.records() if isinstance(record, Event)]
    assert (event.level, event.title) == ("error", "ValueError ended loader")
    assert "ZeroDivisionError: division by zero" in event.text
    assert "direct cause" in event.text
    assert "ValueError: boom" in event.text
    assert "ValueError: boom" in done.stderr
    assert ending(fake).state == "finished"


def test_the_traceback_of_a_failed_run_is_whole(fake: FakeServer, journals: Path) -> None:
    """With the exceptions that led to the last one."""
    program = "try: {}['key']\nexcept KeyError as error: raise RuntimeError('no key') from error"
    run_program(OPEN + program, fake.url, journals)
    text = str(ending(fake).error)
    assert text.index("KeyError: 'key'") < text.index("direct cause") < text.index("RuntimeError: no key")


def test_an_exception_that_is_caught_is_none_of_our_business(fake: FakeServer, journals: Path) -> None:
    """Only what ends the program counts, and other hooks still hear of it."""
    program = (
        OPEN
        + """
    try: raise ValueError
    except ValueError: pass
    """.replace("\n    ", "\n")
    )
    run_program(program, fake.url, journals)
    assert ending(fake).state == "finished"


def test_sigterm_fails_the_run_and_still_kills(fake: FakeServer, journals: Path) -> None:
    """What a scheduler sends: the state is recorded, everything is sent, and the process dies of the signal."""
    process = start(OPEN + "print('ready', flush=True)\nsignal.pause()", fake.url, journals)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert finish(process).returncode == -signal.SIGTERM
    assert ending(fake).state == "failed"
    assert "SIGTERM" in str(ending(fake).error)
    assert list(journals.iterdir()) == []


def test_a_program_with_a_handler_of_its_own_keeps_it(fake: FakeServer, journals: Path) -> None:
    """One that was there before stays; one that is put around ours decides what becomes of the program."""
    before = "import signal\nsignal.signal(signal.SIGTERM, lambda *_: print('mine'))\n"
    done = run_program(before + OPEN + "os.kill(os.getpid(), signal.SIGTERM)", fake.url, journals)
    assert (done.returncode, done.stdout) == (0, "mine\n")
    around = """
ours = signal.getsignal(signal.SIGTERM)
signal.signal(signal.SIGTERM, lambda *arguments: (ours(*arguments), print('mine')))
os.kill(os.getpid(), signal.SIGTERM)
run['x'].append(2.0)
"""
    done = run_program(OPEN + around, fake.url, journals)
    assert (done.returncode, done.stdout) == (0, "mine\n"), done.stderr
    states = [list(read_records(bytes(stream)))[-1] for stream in fake.streams.values()]
    assert sorted(state.state for state in states if isinstance(state, State)) == ["failed", "finished"]


def test_without_a_server_a_program_ends_soon_and_says_where_its_data_is(journals: Path) -> None:
    """Two lines on stderr, for a program that configured no logging: when it is noticed, and at the end."""
    done = run_program(OPEN + "run.wait(5.0)", NOBODY, journals)
    assert done.returncode == 0
    first, last = done.stderr.splitlines()
    assert "does not answer" in first
    assert first.startswith("tidelog: ")
    assert f"tidelog sync --directory {journals}" in first
    assert f"tidelog sync --directory {journals}" in last


def test_a_program_that_configured_logging_gets_the_messages_there(journals: Path) -> None:
    """Through the logger `tidelog`, once."""
    program = "import logging\nlogging.basicConfig(format='%(name)s|%(message)s')\n" + OPEN
    done = run_program(program, NOBODY, journals)
    assert all(line.startswith("tidelog|") for line in done.stderr.splitlines())


FORK = (
    OPEN
    + """
import multiprocessing
fork = multiprocessing.get_context("fork")
kept = run["kept"]
kept.append(0.0)
"""
)


def values(fake: FakeServer, path: str) -> list[float]:
    """Return the values of one series, of all writers together."""
    found: list[float] = []
    for stream in fake.streams.values():
        records = list(read_records(bytes(stream)))
        numbers = {record.number for record in records if getattr(record, "path", None) == path}
        found += [record.value for record in records if isinstance(record, Point) and record.number in numbers]
    return sorted(found)


def test_a_forked_child_that_logs_is_a_writer_of_the_same_run(fake: FakeServer, journals: Path) -> None:
    """Handles from before the fork and new paths work in it; what it logs comes home with its end."""
    program = (
        FORK
        + """
def work(number):
    kept.append(number)
    run["new"].append(number)
    run["rows"].append({"a": number})
children = [fork.Process(target=work, args=(number,)) for number in (1, 2, 3)]
[child.start() for child in children]
[child.join() for child in children]
kept.append(4.0)
"""
    )
    done = run_program(program, fake.url, journals)
    assert (done.returncode, done.stderr.count("\n")) == (0, 1), done.stderr
    assert len(fake.registrations) == 4
    assert {registration["run_key"] for registration in fake.registrations} == {"k"}
    assert values(fake, "kept") == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert values(fake, "new") == [1.0, 2.0, 3.0]
    assert all(isinstance(list(read_records(bytes(stream)))[-1], State) for stream in fake.streams.values())
    assert list(journals.iterdir()) == []


@pytest.mark.parametrize("leave", ["os._exit(0)", "os.kill(os.getpid(), 9)", "os.kill(os.getpid(), 15)", "sys.exit(0)"])
@pytest.mark.parametrize("logs", [True, False])
def test_a_child_may_leave_as_it_likes(fake: FakeServer, journals: Path, leave: str, logs: bool) -> None:
    """What a child without a goodbye left is brought home by its parent; one that logs nothing leaves no trace."""
    program = (
        FORK
        + f"""
if os.fork() == 0:
    if {logs}:
        kept.append(1.0)
    {leave}
os.wait()
kept.append(2.0)
"""
    )
    done = run_program(program, fake.url, journals)
    assert done.returncode == 0, done.stderr
    assert values(fake, "kept") == ([0.0, 1.0, 2.0] if logs else [0.0, 2.0])
    assert len(fake.registrations) == (2 if logs else 1)
    assert [list(read_records(bytes(stream)))[-1].state for stream in fake.streams.values()] == ["finished"] * (
        1 + logs
    )  # type: ignore[union-attr]
    assert fake.closed == {}
    assert list(journals.iterdir()) == []


def test_a_child_may_be_forked_while_the_parent_imports(fake: FakeServer, journals: Path) -> None:
    """The first fork waits for imports of tidelog's thread: a child forked in their middle could never do them."""
    program = (
        FORK
        + """
import time
begin, number = time.monotonic(), 0
while time.monotonic() < begin + 0.5:
    number += 1
    if os.fork() == 0:
        import httpx
        kept.append(number)
        os._exit(0)
    os.wait()
print(number)
"""
    )
    done = run_program(program, fake.url, journals)
    assert done.stderr.count("\n") == 1, done.stderr
    assert values(fake, "kept") == [float(number) for number in range(int(done.stdout) + 1)]


def test_what_a_dead_child_left_comes_home_while_its_parent_goes_on(fake: FakeServer, journals: Path) -> None:
    """A job that runs for days does not keep it until its end."""
    program = (
        "import time\nfrom tidelog.shipping import delivery\ndelivery.ADOPT_S = 0.0\n"
        + FORK
        + """
if os.fork() == 0:
    kept.append(1.0)
    os._exit(0)
os.wait()
while len(os.listdir(run.directory.parent)) > 1:
    run.wait()
print("adopted")
"""
    )
    done = run_program(program, fake.url, journals)
    assert done.stdout == "adopted\n", done.stderr
    assert values(fake, "kept") == [0.0, 1.0]


def test_offline_children_keep_journals_of_their_own(journals: Path) -> None:
    """Each is found by `tidelog sync`; a child that never logs has none."""
    program = (
        FORK.replace('custom_run_id="k"', 'mode="offline"')
        + """
for number in (1.0, 2.0, None):
    if os.fork() == 0:
        if number: kept.append(number)
        os._exit(0)
    os.wait()
"""
    )
    run_program(program, NOBODY, journals)
    folders = find_journals(str(journals))
    assert len(folders) == 3
    parent = {folder.origin().parent for folder in folders}
    assert len(parent - {None}) == 1


def test_a_child_may_stop_its_copy_of_a_run(fake: FakeServer, journals: Path) -> None:
    """That ends the child's part; the parent goes on."""
    program = (
        FORK
        + """
if os.fork() == 0:
    kept.append(1.0)
    run.stop()
    os._exit(0)
os.wait()
kept.append(2.0)
"""
    )
    assert run_program(program, fake.url, journals).returncode == 0
    assert values(fake, "kept") == [0.0, 1.0, 2.0]


def test_processes_that_give_one_custom_run_id_write_one_run(fake: FakeServer, journals: Path) -> None:
    """Each with a journal of its own; by argument or by environment."""
    program = OPEN.replace(', custom_run_id="k"', "")
    processes = [start(program, fake.url, journals, TIDELOG_CUSTOM_RUN_ID="joined") for _ in range(3)]
    assert [finish(process).returncode for process in processes] == [0, 0, 0]
    assert [registration["run_key"] for registration in fake.registrations] == ["joined"] * 3
    assert values(fake, "x") == [1.0, 1.0, 1.0]


def test_a_stopped_run_is_not_ended_again(open_run: OpenRun) -> None:
    """The program's end looks only at runs that are open."""
    run = open_run()
    assert run._session in lifecycle._open_sessions
    run.stop()
    assert run._session not in lifecycle._open_sessions


def test_a_block_ends_its_run(open_run: OpenRun) -> None:
    """As finished, or as failed if an exception leaves it; the exception goes on."""
    with open_run(custom_run_id="a") as run:
        run["x"].append(1.0)
    with pytest.raises(tidelog.RunStoppedError):
        run["x"].append(1.0)
    with pytest.raises(ZeroDivisionError), open_run(custom_run_id="b") as run:
        _ = 1 / 0
    [end] = [record for record in read_records(_stream(run)) if isinstance(record, State)]
    assert end.state == "failed"
    assert "ZeroDivisionError" in str(end.error)


def _stream(run: tidelog.Run) -> bytes:
    [folder] = find_journals(str(run.directory))
    return folder.read(0, 1 << 30)
