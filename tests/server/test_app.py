"""The application as a whole."""

from __future__ import annotations

import httpx
import pytest

from tests.conftest import ServerProcess
from tidelog_server.services import Services


def test_page_that_fails_is_a_page(client: httpx.Client, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the server behind a page is told in HTML, without anything of the inside."""

    def fail() -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(services.database, "read", fail)
    response = client.get("/")
    assert response.status_code >= 500
    assert response.headers["content-type"].startswith("text/html")
    assert "secret" not in response.text
    assert "Traceback" not in response.text


def test_open_event_stream_does_not_hold_up_the_end(server: ServerProcess) -> None:
    """A page that is open somewhere does not keep the server from stopping: the stream ends, it is not cut off."""
    with httpx.stream("GET", f"{server.url}/api/events?run=1", timeout=30) as stream:
        lines = stream.iter_lines()
        assert next(lines) == "retry: 2000"
        server.stop()
        assert list(lines) == [""]
