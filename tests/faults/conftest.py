"""What the fault tests share: real programs, and what the real server holds in the end."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.client.programs import programs_end_with_their_test, run_program
from tests.conftest import ServerProcess, free_port

__all__ = ["programs_end_with_their_test"]

TIMEOUT_S = 60.0


class Home:
    """What the server has of the runs of one project, asked over its API."""

    def __init__(self, url: str, project: str) -> None:
        self._url = f"{url}/api"
        self._project = project

    def run(self, key: str = "k") -> dict[str, Any]:
        """Return a run."""
        run: dict[str, Any] = self._get("/runs", project=self._project, key=key)
        return run

    def series(self, path: str, key: str = "k") -> list[tuple[float, float]]:
        """Return (step, value) of all points of a series."""
        label = self.run(key)["label"]
        series = self._get(f"/runs/{label}/series", path=path)
        return list(zip(series["steps"], map(float, series["values"]), strict=True))

    def values(self, prefix: str = "", key: str = "k") -> dict[str, Any]:
        """Return path and value of the attributes below a namespace."""
        address, after, found = f"/runs/{self.run(key)['label']}/attributes", "", {}
        while after is not None:
            page = self._get(address, prefix=prefix, after=after)
            found.update({attribute["path"]: attribute["value"] for attribute in page["attributes"]})
            after = page["next"]
        return found

    def _get(self, path: str, /, **parameters: str) -> Any:
        headers = {"Accept": "application/json"}
        response = httpx.get(self._url + path, params=parameters, headers=headers, timeout=TIMEOUT_S)
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture(autouse=True)
def project(monkeypatch: pytest.MonkeyPatch) -> str:
    """The project that the test's programs log to: no other test has it."""
    name = f"p{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("TIDELOG_PROJECT", name)
    return name


@pytest.fixture(scope="session")
def lasting_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server for all tests that do nothing to it."""
    server = ServerProcess(tmp_path_factory.mktemp("server"), free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def home(server: ServerProcess, project: str) -> Home:
    """What has come home."""
    return Home(server.url, project)


@pytest.fixture
def journals(tmp_path: Path) -> Path:
    """Where journals are: a folder with spaces and more than ASCII in its name."""
    return tmp_path / "my journals ü 損失"


@pytest.fixture
def sync(server: ServerProcess, journals: Path) -> Callable[[], str]:
    """Runs `tidelog sync`, which must succeed without a traceback, and returns what it says."""

    def run_sync() -> str:
        program = "import sys; from tidelog.cli import main; sys.exit(main())"
        done = run_program(program, "sync", "--directory", journals, "--url", server.url)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr == ""
        return done.stdout

    return run_sync
