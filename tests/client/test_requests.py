"""Somebody asks the job to end: how its program hears of it. The stand-in server, real programs for what ends them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tidelog
from tests.client.conftest import OpenRun
from tests.client.fake_server import FakeServer
from tests.client.programs import run_program
from tidelog.journal.reading import Point, State, read_records
from tidelog.session import Session

WAIT_S = 30.0


@pytest.fixture
def asked(fake: FakeServer, open_run: OpenRun, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tidelog.Run]:
    """Opens a run, and has something asked of it that it has heard of when this returns."""
    heard = threading.Event()
    hear = Session._requested

    def hear_and_say_so(session: Session, request: str) -> None:
        hear(session, request)
        heard.set()

    monkeypatch.setattr(Session, "_requested", hear_and_say_so)

    def ask(request: str, **settings: Any) -> tidelog.Run:
        run = open_run(mode="async", url=fake.url, flush_interval_s=0.02, **settings)
        run["x"].append(0.0, step=0)
        run.wait()
        fake.asks = request
        run["x"].append(1.0, step=1)
        assert heard.wait(WAIT_S)
        return run

    return ask


def values(fake: FakeServer) -> list[float]:
    """The values of all points, in order."""
    return [record.value for record in fake.records() if isinstance(record, Point)]


@pytest.mark.parametrize(
    ("request_", "error"), [("stop", tidelog.RunStopRequestedError), ("abort", tidelog.RunAbortedError)]
)
@pytest.mark.parametrize("way", ["append", "slow append", "row", "extend", "assign", "new path"])
def test_the_next_call_that_logs_raises_and_has_logged(
    fake: FakeServer, asked: Callable[..., tidelog.Run], request_: str, error: type[BaseException], way: str
) -> None:
    """Once: what is logged while the program winds up goes through. Nothing is lost, and nothing is dropped."""
    run = asked(request_)
    calls: dict[str, Callable[[], None]] = {
        "append": lambda: run["x"].append(2.0, step=2),
        "slow append": lambda: run["x"].append(2, step=2),
        "row": lambda: run["x"].append({"a": 2.0, "b": 3.0}),
        "extend": lambda: run["x"].extend([2.0]),
        "assign": lambda: run["lr"].assign(2.0),
        "new path": lambda: run["y"].append(2.0, step=2),
    }
    with pytest.raises(error, match=request_):
        calls[way]()
    run["x"].append(9.0, step=9)
    assert run.stop_requested
    assert run.abort_requested == (request_ == "abort")
    run.stop()
    assert values(fake)[-1] == 9.0
    assert run._session.stream.dropped == 0  # type: ignore[attr-defined]
    if way not in ("row", "extend", "assign"):
        assert values(fake) == [0.0, 1.0, 2.0, 9.0]


def test_an_exception_is_raised_in_the_thread_that_opened_the_run(
    fake: FakeServer, asked: Callable[..., tidelog.Run]
) -> None:
    """Others, such as the one that samples the hardware, go on logging until then."""
    run = asked("stop")
    failed: list[BaseException] = []

    def log() -> None:
        try:
            for step in range(2, 50):
                run["x"].append(float(step), step=step)
        except tidelog.RunInterruption as error:
            failed.append(error)

    thread = threading.Thread(target=log)
    thread.start()
    thread.join()
    assert failed == []
    with pytest.raises(tidelog.RunStopRequestedError):
        run["x"].append(50.0, step=50)
    run.stop()
    assert values(fake) == [float(step) for step in range(51)]


def test_a_function_is_called_once_with_the_run(fake: FakeServer, asked: Callable[..., tidelog.Run]) -> None:
    """In place of the exception; one that fails harms nothing."""
    calls: list[tidelog.Run] = []

    def note(run: tidelog.Run) -> None:
        calls.append(run)
        raise ZeroDivisionError

    run = asked("stop", on_stop=note)
    run["x"].append(2.0, step=2)
    run.wait()
    run.stop()
    assert calls == [run]
    assert values(fake) == [0.0, 1.0, 2.0]


def test_a_request_may_be_ignored(fake: FakeServer, asked: Callable[..., tidelog.Run]) -> None:
    """The program can still ask whether there was one."""
    run = asked("abort", on_abort="ignore")
    run["x"].append(2.0, step=2)
    assert (run.stop_requested, run.abort_requested) == (True, True)


@pytest.mark.parametrize("argument", ["on_stop", "on_abort"])
def test_a_reaction_that_there_is_not(open_run: OpenRun, argument: str) -> None:
    """Raises at the call, and says what there is."""
    with pytest.raises(tidelog.InvalidValueError, match=f"{argument} 'raise' .* is neither"):
        open_run(**{argument: "raise"})


LOOP = """
import sys, tidelog
run = tidelog.init_run(
    "p", url=sys.argv[1], directory=sys.argv[2], capture_hardware=False, custom_run_id="k", flush_interval_s=0.02
)
step = 0
while True:
    try:
        run["x"].append(float(step), step=step)
    except Exception:
        pass  # a loop that skips over errors ends all the same
    step += 1
"""


@pytest.mark.parametrize(("request_", "state"), [("stop", "finished"), ("abort", "failed")])
def test_a_program_that_lets_it_through_ends_and_is_home(
    fake: FakeServer, journals: Path, request_: str, state: str
) -> None:
    """Everything is home, and the run's state says what was asked for."""
    fake.asks = request_
    done = run_program(LOOP, fake.url, journals)
    assert done.returncode == 1, done.stderr
    assert f"somebody asked the run FAKE-1 to {request_}" in done.stderr
    [stream] = fake.streams.values()
    end = list(read_records(bytes(stream)))[-1]
    assert isinstance(end, State)
    assert end.state == state
    assert ("RunAbortedError" in str(end.error)) == (request_ == "abort")
    assert list(journals.iterdir()) == []
