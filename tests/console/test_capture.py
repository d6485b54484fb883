"""What real programs print, as the run has it and as whoever started them has it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.client.conftest import NOBODY
from tests.client.programs import finish, programs_end_with_their_test, run_program, start
from tidelog.journal.reading import Define, TextPoint, read_records
from tidelog.journal.segments import find_journals

__all__ = ["programs_end_with_their_test"]

OPEN = """
import os, pathlib, signal, subprocess, sys, time, tidelog
run = tidelog.init_run("p", mode="offline", directory=sys.argv[1], capture_hardware=False)
"""
HEARING = """
def until_heard(text, runs=1):
    files = pathlib.Path(sys.argv[1])
    while sum(text in file.read_bytes() for file in files.rglob("*.segment")) < runs: time.sleep(0.01)
"""
ON = {"TIDELOG_CAPTURE_STDOUT": "yes", "TIDELOG_CAPTURE_STDERR": "yes"}


def kept(journals: Path, name: str = "stdout") -> list[str]:
    """Return the lines of a stream, of all writers."""
    found: list[str] = []
    for folder in find_journals(str(journals)):
        records = list(read_records(folder.read(0, 1 << 40)))
        numbers = {record.number for record in records if isinstance(record, Define) and record.path.endswith(name)}
        found += [record.text for record in records if isinstance(record, TextPoint) and record.number in numbers]
    return found


def test_a_program_prints_to_whom_it_did_and_to_its_run(tmp_path: Path) -> None:
    """From Python, below Python and from child processes, in the order in which they came; bytes are not touched."""
    program = OPEN + """
print("from Python", flush=True)
os.write(1, b"from below\\n")
subprocess.run(["echo", "from a child"], check=True)
print("to stderr", file=sys.stderr)
os.write(1, b"broken \\xff bytes\\n")
sys.stdout.write("no end")
"""  # fmt: skip
    done = run_program(program.replace("\\xff", "."), tmp_path, **ON)
    assert done.stdout == "from Python\nfrom below\nfrom a child\nbroken . bytes\nno end"
    assert "to stderr\n" in done.stderr
    assert kept(tmp_path) == ["from Python", "from below", "from a child", "broken . bytes", "no end"]
    assert "to stderr" in kept(tmp_path, "stderr")


@pytest.mark.parametrize("ending", ["", "run.stop()", "sys.exit(3)", "1 / 0"])
def test_it_is_all_there_however_the_program_ends(tmp_path: Path, ending: str) -> None:
    """The last line before the end, and the traceback of what ended it; the status is the program's own."""
    done = run_program(OPEN + "for number in range(1000): print(number)\n" + ending, tmp_path, **ON)
    assert done.returncode == {"sys.exit(3)": 3, "1 / 0": 1}.get(ending, 0)
    assert kept(tmp_path) == [str(number) for number in range(1000)]
    assert done.stdout.splitlines() == kept(tmp_path)
    assert ("ZeroDivisionError: division by zero" in kept(tmp_path, "stderr")) == (ending == "1 / 0")


def test_output_after_stop_is_not_the_runs(tmp_path: Path) -> None:
    """The stream is given back: the run ends where it ends, the output goes on."""
    done = run_program(OPEN + "print('in'); run.stop(); print('after'); os.write(1, b'below')", tmp_path, **ON)
    assert kept(tmp_path) == ["in"]
    assert sorted(done.stdout.split()) == ["after", "below", "in"]


def test_a_killed_program_loses_nothing_of_its_output(tmp_path: Path) -> None:
    """What was printed before `kill -9` still reaches its reader."""
    done = run_program(OPEN + "os.write(1, b'last words\\n'); os.kill(os.getpid(), 9)", tmp_path, **ON)
    assert done.returncode == -signal.SIGKILL
    assert done.stdout == "last words\n"


def test_a_child_that_outlives_the_program_still_prints(tmp_path: Path) -> None:
    """Through the relay, which lives as long as anybody prints through it."""
    program = OPEN + """
subprocess.Popen(["sh", "-c", "sleep 0.5; echo survived"])
print("gone")
"""  # fmt: skip
    done = run_program(program, tmp_path, **ON)
    assert done.stdout == "gone\nsurvived\n"


def test_code_that_holds_pythons_lock_may_print_without_end(tmp_path: Path) -> None:
    """Far more than any pipe takes, with no thread of ours able to run: it does not wait for us."""
    program = OPEN + """
import ctypes
libc = ctypes.PyDLL(None)  # calls through PyDLL keep the lock
block = b"x" * 99 + b"\\n"
for _ in range(50_000):
    pass
text = block * 100_000
assert libc.write(1, text, len(text)) == len(text)
"""  # fmt: skip
    done = run_program(program, tmp_path, **ON)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) == 10_000_000
    lines = kept(tmp_path)
    assert lines[0] == "x" * 99
    assert any("are not kept here" in line for line in lines)


def test_the_relay_is_no_child_that_a_program_would_wait_for(tmp_path: Path) -> None:
    """`os.wait()` until there are no more children ends."""
    program = OPEN + """
try:
    while True: os.wait()
except ChildProcessError:
    print("no children")
"""  # fmt: skip
    assert run_program(program, tmp_path, **ON).stdout == "no children\n"


def test_a_relay_that_is_killed_takes_nothing_with_it(tmp_path: Path) -> None:
    """The streams are given back; the program goes on to print."""
    program = OPEN + HEARING + """
import glob
print("before", flush=True)
until_heard(b"before")
pipe = os.readlink("/proc/self/fd/1")
def reads_it(path):
    try: return os.readlink(path) == pipe
    except OSError: return False
found = []
while not found: found = [path for path in glob.glob("/proc/[0-9]*/fd/5") if reads_it(path)]
[relay] = found
os.kill(int(relay.split("/")[2]), 9)
deadline = time.monotonic() + 20
while os.readlink("/proc/self/fd/1") == pipe and time.monotonic() < deadline: time.sleep(0.01)
print("after")
"""  # fmt: skip
    done = run_program(program, tmp_path, **ON)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "before\nafter\n"


def test_a_reader_that_leaves_is_noticed_as_without_tidelog(tmp_path: Path) -> None:
    """`job | head -1`: the program gets its broken pipe, and no hang."""
    process = start(OPEN + "while True: print('more'); time.sleep(0.001)", tmp_path, **ON)
    assert process.stdout is not None
    assert process.stdout.readline() == "more\n"
    process.stdout.close()
    assert process.wait(30) != 0
    assert process.stderr is not None
    assert "BrokenPipeError" in process.stderr.read()


def test_signals_that_end_the_job_do_not_end_its_output(tmp_path: Path) -> None:
    """A scheduler signals every process of a job: what the job says then still comes through."""
    program = OPEN + """
def last(*_):
    print("interrupted", flush=True)
    sys.exit(0)
signal.signal(signal.SIGUSR1, last)
print("ready", flush=True)
time.sleep(60)
"""  # fmt: skip
    process = start(program, tmp_path, **ON)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGUSR1)
    assert finish(process).stdout == "interrupted\n"
    assert kept(tmp_path) == ["ready", "interrupted"]


def test_forked_children_print_into_their_parents_run(tmp_path: Path) -> None:
    """They capture nothing themselves, even when they log or stop."""
    program = OPEN + """
for leave in (lambda: None, run.stop, lambda: run["x"].append(1.0)):
    if os.fork() == 0:
        os.write(1, b"child\\n")
        leave()
        os._exit(0)
    os.wait()
print("parent")
"""  # fmt: skip
    done = run_program(program, tmp_path, **ON)
    assert done.stdout == "child\n" * 3 + "parent\n"
    assert kept(tmp_path) == ["child"] * 3 + ["parent"]


def test_two_runs_hear_the_same_output(tmp_path: Path) -> None:
    """Each from where it begins to where it ends, in whatever order they end."""
    program = OPEN + HEARING + """
print("before", flush=True)
until_heard(b"before")
other = tidelog.init_run("p", mode="offline", directory=sys.argv[1], custom_run_id="other", capture_hardware=False)
print("both", flush=True)
until_heard(b"both", runs=2)
run.stop()
print("after")
other.stop()
print("neither")
"""  # fmt: skip
    done = run_program(program, tmp_path, **ON)
    assert done.stdout == "before\nboth\nafter\nneither\n"
    assert sorted(kept(tmp_path)) == ["after", "before", "both", "both"]


def test_either_stream_can_be_left_alone(tmp_path: Path) -> None:
    """By argument or environment."""
    program = OPEN + "print('out'); print('err', file=sys.stderr)"
    run_program(program, tmp_path, TIDELOG_CAPTURE_STDOUT="no", TIDELOG_CAPTURE_STDERR="yes")
    assert (kept(tmp_path), kept(tmp_path, "stderr")) == ([], ["err"])


def test_a_replaced_stream_is_heard_where_it_is(tmp_path: Path) -> None:
    """A notebook's sys.stdout, pytest's: what is written to the object is kept, and it is left as it was found."""
    program = """
import io, sys
real, sys.stdout = sys.stdout, io.StringIO()
""" + OPEN + """
print("in the notebook", end="")
print(" cell")
run.stop()
assert "write" not in vars(sys.stdout) if hasattr(sys.stdout, "__dict__") else True
print("after")
real.write(sys.stdout.getvalue())
"""  # fmt: skip
    done = run_program(program, tmp_path, **ON)
    assert done.stdout == "in the notebook cell\nafter\n", done.stderr
    assert kept(tmp_path) == ["in the notebook cell"]


def test_a_terminal_stays_one(tmp_path: Path) -> None:
    """Programs that ask whether they print to a terminal get the same answer; what Python prints is kept."""
    ours, theirs = os.openpty()
    program = OPEN + "print(sys.stdout.isatty(), os.isatty(1))"
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], stdout=theirs, stderr=subprocess.PIPE, env={**os.environ, **ON},
        timeout=60, check=True,
    )  # fmt: skip
    assert done.returncode == 0
    os.close(theirs)
    assert os.read(ours, 100) == b"True True\r\n"
    os.close(ours)
    assert kept(tmp_path) == ["True True"]


def test_a_program_without_streams_is_no_error(tmp_path: Path) -> None:
    """Under pythonw and in daemons there is nothing to print to."""
    program = "import sys\nsys.stdout = sys.stderr = None\n" + OPEN + "run['x'].append(1.0)"
    assert run_program(program, tmp_path, **ON).returncode == 0


def test_printing_anywhere_is_safe(tmp_path: Path) -> None:
    """In a signal handler while printing, and in an object's end: no lock of ours is in the way."""
    program = "import io, sys\nsys.stdout = io.StringIO()\n" + OPEN + """
class Loud:
    def __del__(self): print("deleted")
signal.signal(signal.SIGALRM, lambda *_: print("alarm"))
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
deadline = time.monotonic() + 1
while time.monotonic() < deadline:
    print("x"); Loud()
signal.setitimer(signal.ITIMER_REAL, 0)
printed = sys.stdout.getvalue()
run.stop()
sys.__stdout__.write(str(printed.count("\\n")))
"""  # fmt: skip
    done = run_program(program, tmp_path, **ON)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


def test_no_run_waits_for_the_capture_to_begin(tmp_path: Path) -> None:
    """What is printed before the relay is up waits in a pipe."""
    done = run_program(OPEN + "os.write(1, b'first\\n')\nrun.stop()", tmp_path, **ON)
    assert kept(tmp_path) == ["first"]
    assert done.stdout == "first\n"


def test_nothing_is_captured_where_nothing_is_kept(tmp_path: Path) -> None:
    """In mode debug the streams stay as they are."""
    program = OPEN.replace("offline", "debug") + "print(os.readlink('/proc/self/fd/1'))"
    before = run_program("import os; print(os.readlink('/proc/self/fd/1')[:5])", tmp_path)
    assert run_program(program, tmp_path, url=NOBODY, **ON).stdout[:5] == before.stdout[:5]
