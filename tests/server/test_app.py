"""The application as a whole."""

from __future__ import annotations

import httpx
import pytest

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
