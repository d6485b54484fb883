"""A real server for tests that log through a framework, and a reader of what it holds."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tidelog_integrations.lightning import TidelogLogger

START_TIMEOUT_S = 30.0

# Marks for modules in which Lightning trains a tiny job.
QUIET = [
    # What it advises on loaders and devices is about speed, and a tiny job has none to gain.
    pytest.mark.filterwarnings("ignore::pytorch_lightning.utilities.warnings.PossibleUserWarning"),
    # Lightning 2.6 beside torch 2.13: its own code, nothing that a job can do about it.
    pytest.mark.filterwarnings("ignore:.*LeafSpec.* is deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Checkpoint directory .* exists and is not empty"),
]

# For a job's environment: what tests/conftest.py turns off, as it is for a user.
CAPTURED = {"TIDELOG_CAPTURE_STDOUT": "yes", "TIDELOG_CAPTURE_STDERR": "yes", "TIDELOG_CAPTURE_SOURCE": "yes"}


@dataclass(frozen=True)
class Server:
    """A server in a process of its own, read back over its API."""

    url: str

    def ask(self, path: str, /, **query: Any) -> Any:
        """Return what GET of this path answers."""
        answer = httpx.get(f"{self.url}{path}", params=query, headers={"Accept": "application/json"}, timeout=30)
        assert answer.is_success, answer.text
        return answer.json()

    def run(self, key: str, project: str = "lightning") -> dict[str, Any]:
        """Return the run with this custom_run_id."""
        run: dict[str, Any] = self.ask("/api/runs", project=project, key=key)
        return run

    def attributes(self, run: dict[str, Any], prefix: str = "training") -> dict[str, Any]:
        """Return the values below a path, those of series as their aggregates, by path without the prefix."""
        attributes = self.ask(f"/api/runs/{run['label']}/attributes", prefix=prefix)["attributes"]
        return {
            attribute["path"].removeprefix(f"{prefix}/"): attribute
            if attribute["type"] == "float_series"
            else attribute["value"]
            for attribute in attributes
        }

    def lines(self, run: dict[str, Any], path: str) -> list[str]:
        """Return the texts of a string series, oldest first."""
        page = self.ask(f"/api/runs/{run['label']}/objects", path=path, limit=10_000)
        return [str(value) for value in page["values"]]

    def points(self, run: dict[str, Any], path: str) -> list[tuple[float, float]]:
        """Return step and value of every point of a series."""
        series = self.ask(f"/api/runs/{run['label']}/series", path=path)
        return list(zip(series["steps"], series["values"], strict=True))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on SQLite in a folder of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = tmp_path_factory.mktemp("server")
    script = "import sys; from tidelog.cli import main; sys.exit(main())"
    arguments = ["server", "--data", str(data), "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen([sys.executable, "-c", script, *arguments]) as process:
        wait_until_healthy(f"http://127.0.0.1:{port}", process)
        yield Server(f"http://127.0.0.1:{port}")
        process.terminate()


def wait_until_healthy(url: str, process: subprocess.Popen[bytes]) -> None:
    """Return once the server answers."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/api/health").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    pytest.fail(f"the server did not start; its status is {process.poll()}")


@pytest.fixture
def to_server(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Point tidelog at the server, with journals and everything that a job writes in a folder of the test."""
    monkeypatch.setenv("TIDELOG_URL", server.url)
    monkeypatch.setenv("TIDELOG_PROJECT", "lightning")
    monkeypatch.setenv("TIDELOG_DIR", str(tmp_path / "journals"))
    monkeypatch.chdir(tmp_path)
    return server


@pytest.fixture
def logger(to_server: Server) -> Iterator[TidelogLogger]:
    """A logger of its own run, which is stopped after the test."""
    from tidelog_integrations.lightning import TidelogLogger

    logger = TidelogLogger(name="tiny", tags=["test"], capture_hardware=False)
    yield logger
    logger.experiment.stop()


def stored(server: Server, logger: TidelogLogger) -> dict[str, Any]:
    """Return the run once the server has all of it."""
    assert logger.experiment.wait(30)
    return server.run(logger.version)
