"""A real server on each engine and each store of files, and runs that log to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tidelog
from tests.client.programs import programs_end_with_their_test
from tests.conftest import ServerProcess

__all__ = ["programs_end_with_their_test"]

OpenRun = Callable[..., tidelog.Run]


@pytest.fixture(params=["sqlite-folder", "postgresql-s3"])
def files_server(request: pytest.FixtureRequest, start_server: Callable[..., ServerProcess]) -> ServerProcess:
    """A server process: all on one disk, then PostgreSQL with an object store."""
    if request.param == "sqlite-folder":
        return start_server()
    address = request.getfixturevalue("new_postgresql_database")
    return start_server("--database-url", address, "--artifacts", request.getfixturevalue("bucket"))


@pytest.fixture
def journals(tmp_path: Path) -> Path:
    """Where the journals of a test are."""
    return tmp_path / "journals"


@pytest.fixture
def open_run(journals: Path) -> Iterator[OpenRun]:
    """Opens runs on a server that end with the test."""
    opened: list[tidelog.Run] = []

    def open_one(server: ServerProcess, **settings: Any) -> tidelog.Run:
        run = tidelog.init_run(
            **{"project": "files", "url": server.url, "directory": journals, "capture_hardware": False, **settings}
        )
        opened.append(run)
        return run

    yield open_one
    for run in opened:
        run.stop(timeout_s=0.0)
