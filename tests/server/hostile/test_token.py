"""On a server with a token nothing but the login is answered without it, and the token is written nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from tests.conftest import ServerProcess
from tests.server.hostile.addresses import Place, address_of, places_of
from tidelog_server.access import COOKIE, session_of, token_hash
from tidelog_server.app import create_app
from tidelog_server.settings import Settings

TOKEN = "a-token-that-is-in-no-log"
OPEN = {"/api/health", "/login"}
PARTS = dict.fromkeys(("dashboard_id", "view_id", "mark_id", "number", "widget_id"), "1")


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[FastAPI]:
    """An application that wants a token."""
    app = create_app(Settings(data=tmp_path, token_hash=token_hash(TOKEN)))
    yield app
    app.state.services.committer.close()
    app.state.services.database.close()


def answers(app: FastAPI, headers: dict[str, str]) -> list[tuple[str, Place, httpx.Response]]:
    """What each route says to an empty request of each method that it takes."""

    async def ask() -> list[tuple[str, Place, httpx.Response]]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as client:
            return [
                (method, place, await client.request(method, _address(place)))
                for place in places_of(app)
                for method in sorted(place.methods)
            ]

    return asyncio.run(ask())


def _address(place: Place) -> str:
    names = ("project", "name", "label", "writer", "path")
    return address_of(place.path, {**dict.fromkeys(names, "x"), **PARTS}, [])


def test_every_route_wants_the_token(guarded: FastAPI) -> None:
    """Pages, data, files, exports, event streams and forms: a stranger gets 401, or the login, and nothing else."""
    for method, place, answer in answers(guarded, {}):
        if place.path in OPEN:
            continue
        if method == "GET" and not place.path.startswith("/api/"):
            assert (answer.status_code, answer.headers["location"]) == (303, "/login"), place.path
        else:
            assert answer.status_code == 401, f"{method} {place.path}"
        assert len(answer.content) < 400


def test_static_files_and_nothing_beside_them_are_open(guarded: FastAPI) -> None:
    """The login page has its style; no address that begins as an open one leads out of there."""

    async def ask(*paths: str) -> list[int]:
        transport = httpx.ASGITransport(app=guarded)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return [(await client.get(path)).status_code for path in paths]

    assert asyncio.run(ask("/static/favicon.svg", "/login", "/api/health")) == [200, 200, 200]
    tricks = (
        "/static/../api/projects",
        "/static/%2e%2e/api/projects",
        "/login/../",
        "/api/health/../projects",
        "/loginx",
    )
    assert all(status in (303, 401, 404) for status in asyncio.run(ask(*tricks)))


@pytest.mark.parametrize("site", ["http://evil.example", "null", "http://127.0.0.1:1", "http://["])
def test_no_form_is_taken_from_another_site(guarded: FastAPI, site: str) -> None:
    """Not even with the cookie of somebody who has logged in: whatever changes something looks at the origin."""
    cookie = f"{COOKIE}={session_of(token_hash(TOKEN))}"
    changing = 0
    for method, place, answer in answers(guarded, {"cookie": cookie, "origin": site}):
        if method not in ("GET", "HEAD"):
            assert answer.status_code == 403, f"{method} {place.path}"
            changing += 1
    assert changing > 30


@pytest.mark.parametrize("fetch_site", ["cross-site", "same-site"])
def test_a_browser_that_names_no_origin_still_says_where_it_comes_from(guarded: FastAPI, fetch_site: str) -> None:
    """Sec-Fetch-Site tells another site's request from our own, where Origin is left out."""
    headers = {"authorization": f"Bearer {TOKEN}", "sec-fetch-site": fetch_site}
    for method, place, answer in answers(guarded, headers):
        if method not in ("GET", "HEAD"):
            assert answer.status_code == 403, f"{method} {place.path}"


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "[", "[::1", "", "localhost:x", "a@b", "\\"]
)
def test_a_host_that_is_not_ours_is_refused(tmp_path: Path, host: str) -> None:
    """Without a token, a name that somebody pointed at this machine gets nothing, and a malformed one no trace."""
    app = create_app(Settings(data=tmp_path))

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get("/", headers={"host": host})

    answer = asyncio.run(ask())
    app.state.services.committer.close()
    app.state.services.database.close()
    assert answer.status_code == (200 if host == "localhost:x" else 403)


def test_the_token_is_in_no_log(start_server: Callable[..., ServerProcess]) -> None:
    """Right or wrong, in a header, in a form or by mistake in an address: nothing of it is printed."""
    server = start_server(TIDELOG_SERVER_TOKEN=TOKEN)
    with httpx.Client(base_url=server.url) as client:
        assert client.get("/api/projects", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
        assert client.get("/api/projects", headers={"authorization": f"Bearer {TOKEN}x"}).status_code == 401
        assert client.get(f"/api/projects?token={TOKEN}").status_code == 401
        refused = client.post("/login", data={"token": f"{TOKEN}x"})
        assert refused.status_code == 401
        assert TOKEN not in refused.text
        assert client.post("/login", data={"token": TOKEN}).status_code == 303
        assert client.get("/").status_code == 200
        assert client.get("/projects/none/runs/NONE-1").status_code == 404
    server.stop()
    assert TOKEN not in "".join(server.output)
