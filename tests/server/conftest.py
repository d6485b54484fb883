"""A server in this process, spoken to over HTTP, so that tests see its services as well."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from tests.journals import Sender
from tidelog_server.app import create_app
from tidelog_server.server_command import listen
from tidelog_server.services import Services
from tidelog_server.settings import Settings


class ThreadedServer(uvicorn.Server):
    """Uvicorn beside the test. `ready` is set once it serves."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(uvicorn.Config(app, log_level="warning", lifespan="on"))
        self.ready = threading.Event()

    async def startup(self, sockets: list | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serve `app` on a free port of the loopback address; gives its URL."""
    listening = listen("127.0.0.1", 0)
    server = ThreadedServer(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    assert server.ready.wait(30)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:  # also when what was done with it fails: its thread would hold up the end of all tests
        server.should_exit = True
        thread.join()
        listening.close()


@dataclass(frozen=True)
class Served:
    """A server of this process: its application, and its address."""

    app: FastAPI
    url: str


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A server without users on the loopback address."""
    app = create_app(Settings(data=tmp_path / "data"))
    with serving(app) as url:
        yield Served(app, url)


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    """A program on this machine."""
    with httpx.Client(base_url=served.url, timeout=30) as client:
        yield client


@pytest.fixture
def services(served: Served) -> Services:
    """What works behind `client`."""
    services = served.app.state.services
    assert isinstance(services, Services)
    return services


@pytest.fixture
def run(services: Services) -> Sender:
    """The writer of a run PROJECT-1 that holds the series `a/loss` (1,000 points) and the value `lr`."""
    sender = Sender(services.receiver, project="project", key="run", name="a run")
    sender.journal.column("a/loss", ((float(step), 1 / (1 + step)) for step in range(1000)))
    sender.journal.assign("lr", b"f" + bytes.fromhex("9a9999999999b93f"))
    sender.ship()
    return sender
