"""A server that has one of everything, on each database engine in turn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
import pytest

from tests.conftest import postgresql_database
from tests.everything import Logged, log_everything
from tests.server.conftest import serving
from tidelog_server.app import create_app
from tidelog_server.settings import Settings


@dataclass(frozen=True)
class Full:
    """A server of this process, and what is on it."""

    client: httpx.Client
    logged: Logged


@pytest.fixture(scope="package", params=["sqlite", "postgresql"])
def full(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Full]:
    """A server with everything; tests here only read from it."""
    folder = tmp_path_factory.mktemp("full")
    with ExitStack() as stack:
        address = None
        if request.param == "postgresql":
            address = stack.enter_context(postgresql_database(request.getfixturevalue("postgresql_url")))
        app = create_app(Settings(data=folder / "data", database_url=address))
        url = stack.enter_context(serving(app))
        logged = log_everything(url, folder, project="mnist", text="word")
        client = stack.enter_context(httpx.Client(base_url=url, timeout=30))
        yield Full(client, logged)
