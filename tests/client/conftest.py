"""What the client's tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tidelog
from tests.client.fake_server import FakeServer
from tests.client.programs import programs_end_with_their_test
from tidelog.journal.reading import Record, read_records
from tidelog.journal.segments import JournalFolder, find_journals

NOBODY = "http://127.0.0.1:1"  # a port at which nobody listens

__all__ = ["programs_end_with_their_test"]

OpenRun = Callable[..., tidelog.Run]


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on the environment that it happens to run in."""
    for name in ("URL", "API_TOKEN", "PROJECT", "MODE", "CUSTOM_RUN_ID", "DIR"):
        monkeypatch.delenv(f"TIDELOG_{name}", raising=False)


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    """A server that can be told to misbehave."""
    server = FakeServer()
    yield server
    server.stop()


@pytest.fixture
def journals(tmp_path: Path) -> Path:
    """Where the journals of a test are."""
    return tmp_path / "journals"


@pytest.fixture
def open_run(journals: Path) -> Iterator[OpenRun]:
    """Opens runs that end with the test; offline unless told otherwise."""
    opened: list[tidelog.Run] = []

    def open_one(**settings: Any) -> tidelog.Run:
        settings = {"project": "p", "mode": "offline", "directory": journals, "url": NOBODY} | settings
        run = tidelog.init_run(**{"capture_hardware": False, **settings})
        opened.append(run)
        return run

    yield open_one
    for run in opened:
        run.stop(timeout_s=0.0)


@pytest.fixture
def run(open_run: OpenRun) -> tidelog.Run:
    """An offline run."""
    return open_run()


@pytest.fixture
def written(journals: Path) -> Callable[[], list[Record]]:
    """Reads the records of the only journal, without those that every run begins with."""

    def read() -> list[Record]:
        [folder] = find_journals(str(journals))
        return [*read_records(whole_stream(folder))][4:]

    return read


def whole_stream(folder: JournalFolder) -> bytes:
    """Return everything that a journal holds."""
    return folder.read(folder.segments()[0].start, 1 << 40)
