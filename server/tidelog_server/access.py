"""Who may use this server.

On a loopback address, without a token, whoever can reach the address may: that is the machine's own user. Everywhere
else each request carries the token, as `Authorization: Bearer ...` or, from a browser that has logged in, in a cookie.
Only the token's hash is kept. Requests from other web sites are refused in both cases, whatever they carry.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from tidelog_server.api import problems
from tidelog_server.errors import AccessDeniedError, ForbiddenError, TidelogServerError
from tidelog_server.settings import Settings

COOKIE = "tidelog_session"
COOKIE_SECONDS = 30 * 24 * 3600
TOKEN_FILE = "admin-token.sha256"
TOKEN_BYTES = 24
OPEN_PATHS = ("/api/health", "/login", "/static/", "/favicon.ico")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OWN_SITE = ("same-origin", "none")  # "none": typed into the address bar


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def load_or_make_token(data: Path, chosen: str | None) -> tuple[str, str | None]:
    """The hash of the server's token, and the token itself if it was made just now and has to be told.

    `chosen` replaces what is stored.
    """
    file = data / TOKEN_FILE
    known = file.read_text().strip() if file.exists() else ""  # empty if a start was killed before it had told one
    if chosen is None and known:
        return known, None
    token = chosen or secrets.token_urlsafe(TOKEN_BYTES)
    data.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(token_hash(token))
    return token_hash(token), None if chosen else token


def token_hash(token: str) -> str:
    """What is kept of a token. It is random and long, so a fast hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def session_of(hashed_token: str) -> str:
    """The value of a browser's cookie: worth nothing without the server, and void once the token changes."""
    return hmac.new(hashed_token.encode(), b"tidelog session 1", hashlib.sha256).hexdigest()


class AccessControl:
    """Refuses what may not come in, before anything else sees the request."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request pass, or answer it with what is missing."""
        if scope["type"] == "http":
            try:
                self._check(scope)
            except AccessDeniedError as error:
                await _refuse(error, scope, receive, send)
                return
            except ForbiddenError as error:
                await problems.answer(error)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        host = _host_name(headers.get("host", ""))
        if self._settings.token_hash is None and host not in self._settings.allowed_hosts:
            raise ForbiddenError(
                f"This server answers on {', '.join(self._settings.allowed_hosts)} only, and the request names the "
                f"host {host[:80]!r}. Start it with --host and a token to serve other names."
            )
        if scope["method"] not in SAFE_METHODS:
            _check_origin(headers)
        if self._settings.token_hash is not None and not scope["path"].startswith(OPEN_PATHS):
            _check_token(headers, self._settings.token_hash)


def _check_origin(headers: Headers) -> None:
    """Refuse what a page of another site makes a browser send; programs send no such headers."""
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2] != headers.get("host"):
        raise ForbiddenError(f"A page of {origin[:80]} may not change anything here.")
    if headers.get("sec-fetch-site", "same-origin") not in OWN_SITE:
        raise ForbiddenError("A page of another site may not change anything here.")


def _check_token(headers: Headers, hashed: str) -> None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and hmac.compare_digest(token_hash(token.strip()), hashed):
        return
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        cookie = None
    if cookie is not None and hmac.compare_digest(cookie.value.encode(), session_of(hashed).encode()):
        return
    raise AccessDeniedError(
        "This server wants a token, and the request has none that is valid. Nothing was stored. Set TIDELOG_API_TOKEN "
        "to the token that the server printed at its first start."
    )


async def _refuse(error: TidelogServerError, scope: Scope, receive: Receive, send: Send) -> None:
    """JSON for programs, the login page for people."""
    response = problems.answer(error)
    if not scope["path"].startswith("/api/") and scope["method"] == "GET":
        response.status_code = 303
        response.headers["location"] = "/login"
    await response(scope, receive, send)


def _host_name(host: str) -> str:
    """The name in a Host header, without port and brackets; empty for what is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
