"""The main job on every database engine: a script logs, the server keeps, API and pages show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

import tidelog
from tests.conftest import ServerProcess


@pytest.fixture
def engine_server(start_server: Callable[..., ServerProcess], database_url: str) -> ServerProcess:
    """A server process on SQLite, then one on PostgreSQL."""
    return start_server("--database-url", database_url)


def test_log_kill_read_show(engine_server: ServerProcess, tmp_path: Path) -> None:
    """What was logged is read back by the client, survives `kill -9` of the server, and is on the pages."""
    where = {"url": engine_server.url, "directory": tmp_path}
    run = tidelog.init_run(project="end to end", name="first", tags=["a"], capture_hardware=False, **where)
    run["params"] = {"lr": 0.1, "net": {"depth": 3}}
    for step in range(3000):
        run["train"].append({"loss": 1 / (1 + step), "accuracy": step / 3000}, step=step)
    assert run["params"].fetch() == {"lr": 0.1, "net": {"depth": 3}}
    assert run["train/loss"].fetch_last() == 1 / 3000
    engine_server.restart()
    run["train"].append({"loss": 0.0, "accuracy": 1.0}, step=3000)
    values = run["train/accuracy"].fetch_values()
    assert values["value"].iloc[-1] == 1.0
    run.stop()
    with httpx.Client(base_url=engine_server.url, timeout=30) as client:
        found = client.get("/api/runs", params={"project": "end to end", "key": run.key}).json()
        assert (found["state"], found["points"]) == ("finished", 6002)
        for page, text in (
            ("/", "end to end"),
            ("/projects/end%20to%20end", found["label"]),
            (found["url"], "accuracy"),
            ("/projects/end%20to%20end?q=%60train/loss%60:float%20%3C%200.5", "first"),
        ):
            response = client.get(page)
            assert response.status_code == 200, page
            assert text in response.text, page
