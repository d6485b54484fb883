"""A server with a token asks for it once, and gives the browser a session."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from tidelog_server.access import COOKIE, token_hash
from tidelog_server.app import create_app
from tidelog_server.settings import Settings

TOKEN = "a token of a server"


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[FastAPI]:
    """An application that wants a token."""
    app = create_app(Settings(data=tmp_path, token_hash=token_hash(TOKEN)))
    yield app
    app.state.services.committer.close()
    app.state.services.database.close()


async def log_in(app: FastAPI, token: str) -> tuple[httpx.Response, httpx.Response]:
    """The answer to the login form, and the first page after it."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        form = await client.get("/", follow_redirects=True)
        assert 'action="/login"' in form.text
        answer = await client.post("/login", data={"token": token})
        return answer, await client.get("/")


def test_the_token_opens_the_pages(guarded: FastAPI) -> None:
    """The cookie is out of the reach of scripts and of other sites."""
    answer, page = asyncio.run(log_in(guarded, f" {TOKEN} "))
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(COOKIE)
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert TOKEN not in cookie
    assert page.status_code == 200


def test_another_token_does_not(guarded: FastAPI) -> None:
    """The form says so, and nothing else is shown."""
    answer, page = asyncio.run(log_in(guarded, "guess"))
    assert answer.status_code == 401
    assert "not the server" in answer.text
    assert "set-cookie" not in answer.headers
    assert page.status_code == 303
