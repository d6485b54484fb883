"""Who may use a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.server.conftest import serving
from tidelog_server.access import is_loopback, load_or_make_token, token_hash
from tidelog_server.app import create_app
from tidelog_server.settings import Settings

TOKEN = "correct horse battery staple"


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[httpx.Client]:
    """A stranger in front of a server that wants a token."""
    app = create_app(Settings(data=tmp_path / "data", token_hash=token_hash(TOKEN)))
    with serving(app) as url, httpx.Client(base_url=url) as client:
        yield client


def test_program_needs_the_token(guarded: httpx.Client) -> None:
    """Without the token, or with another, a program gets 401 in the shape of an error; with it, what it wants."""
    assert guarded.get("/api/projects").json()["error"]["code"] == "access_denied"
    assert guarded.get("/api/projects", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert guarded.get("/api/projects", headers={"authorization": f"Basic {TOKEN}"}).status_code == 401
    assert guarded.get("/api/projects", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert guarded.get("/api/health").status_code == 200


def test_person_is_sent_to_the_login(guarded: httpx.Client) -> None:
    """A page sends strangers to the login; the token there opens the pages, by a cookie that scripts cannot read."""
    assert guarded.get("/").headers["location"] == "/login"
    assert guarded.post("/login", data={"token": "wrong"}).status_code == 401
    answer = guarded.post("/login", data={"token": TOKEN})
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert TOKEN not in cookie
    assert guarded.get("/").status_code == 200


def test_forged_cookie(guarded: httpx.Client) -> None:
    """A cookie that the server did not make opens nothing."""
    for value in ("", "x", "a" * 64, '"', "\xe9".encode().hex()):
        assert guarded.get("/api/projects", headers={"cookie": f"tidelog_session={value}"}).status_code == 401


def test_other_sites_are_refused(client: httpx.Client) -> None:
    """A page of another site cannot make a browser change anything here, not even without a token."""
    body = {"runs": [1], "paths": ["a"]}
    assert client.post("/api/charts", json=body, headers={"origin": "http://evil.example"}).status_code == 403
    assert client.post("/api/charts", json=body, headers={"origin": str(client.base_url)}).status_code == 404


def test_other_names_are_refused(client: httpx.Client) -> None:
    """A host name that someone pointed at this machine does not reach a server without a token (DNS rebinding)."""
    response = client.get("/api/projects", headers={"host": "evil.example"})
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "forbidden"


def test_token_is_told_once_and_kept_as_a_hash(tmp_path: Path) -> None:
    """The first start makes a token and tells it; later ones know only its hash; an explicit one replaces it."""
    hashed, token = load_or_make_token(tmp_path, None)
    assert token is not None
    assert token_hash(token) == hashed
    assert load_or_make_token(tmp_path, None) == (hashed, None)
    [file] = tmp_path.iterdir()
    assert token not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    assert load_or_make_token(tmp_path, "chosen") == (token_hash("chosen"), None)


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("127.8.8.8", True), ("0.0.0.0", False), ("::", False),
     ("10.0.0.1", False), ("example.org", False)],
)  # fmt: skip
def test_loopback(host: str, expected: bool) -> None:
    """Only addresses that cannot be reached from outside go without a token."""
    assert is_loopback(host) is expected


def test_a_start_that_was_killed_before_it_told_a_token_makes_one(tmp_path: Path) -> None:
    """Else nobody could ever come in."""
    (tmp_path / "admin-token.sha256").touch()
    hashed, token = load_or_make_token(tmp_path, None)
    assert token is not None
    assert hashed == token_hash(token)
