"""A server that dies while a job logs: the loop goes on, nothing is lost, nothing is doubled."""

from __future__ import annotations

from pathlib import Path

from tests.client.programs import finish, run_program, start
from tests.conftest import ServerProcess
from tests.faults.conftest import Home

LOGGING = """
import sys, time, tidelog
run = tidelog.init_run(url=sys.argv[1], directory=sys.argv[2], custom_run_id="k", capture_hardware=False,
                       flush_interval_s=0.05)
slowest, number = 0.0, 0
def log(points):
    global slowest, number
    for _ in range(points):
        before = time.perf_counter()
        run["a"].append(number, step=number)
        run["n"].append({"x": number, "y": -number}, step=number)
        slowest = max(slowest, time.perf_counter() - before)
        number += 1
for line in sys.stdin:
    log(int(line))
    print(number, flush=True)
run.stop()
print(slowest)
"""

LONGEST_CALL_S = 1.0  # of a loop that may wait 50 ms at most; generous, because the machine may be busy


def test_a_killed_server_stops_nothing(server: ServerProcess, home: Home, journals: Path) -> None:
    """Killed in the middle, away for a while, and killed again while it takes in and folds what it missed."""
    process = start(LOGGING, server.url, journals)
    assert process.stdin is not None
    assert process.stdout is not None

    def log(points: int) -> None:
        print(points, file=process.stdin, flush=True)
        assert process.stdout is not None
        assert process.stdout.readline().strip().isdigit()

    log(5_000)
    server.kill()
    log(20_000)
    server.start()
    log(5_000)
    for _ in range(3):
        server.restart()
        log(2_000)
    done = finish(process)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < LONGEST_CALL_S
    expected = [(float(number), float(number)) for number in range(36_000)]
    assert home.series("a") == home.series("n/x") == expected
    assert home.series("n/y") == [(step, -value) for step, value in expected]
    assert (home.run()["state"], home.run()["points"]) == ("finished", 3 * 36_000)
    assert list(journals.iterdir()) == []
    assert done.stderr.count("The run goes on") <= 5, done.stderr


def test_a_server_that_is_not_there_yet_is_no_obstacle(server: ServerProcess, home: Home, journals: Path) -> None:
    """A job that begins without a server gets its data home when one starts."""
    server.kill()
    process = start(LOGGING, server.url, journals)
    assert process.stdin is not None
    assert process.stdout is not None
    print(1_000, file=process.stdin, flush=True)
    assert process.stdout.readline() == "1000\n"
    server.start()
    done = finish(process)
    assert done.returncode == 0, done.stderr
    assert len(home.series("a")) == 1_000


def test_a_job_without_any_server_ends_and_sync_brings_it_home(
    server: ServerProcess, home: Home, journals: Path, sync: object
) -> None:
    """The program's end does not hang, and the command that it names works."""
    assert callable(sync)
    server.kill()
    program = LOGGING.replace("for line in sys.stdin:", "for line in ['1000']:")
    done = run_program(program, server.url, journals)
    assert done.returncode == 0, done.stderr
    assert "tidelog sync --directory" in done.stderr
    server.start()
    sync()
    assert len(home.series("a")) == 1_000
    assert home.run()["state"] == "finished"
