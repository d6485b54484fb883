"""Logging in with the server's token, on servers that want one."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from tidelog_server.access import COOKIE, COOKIE_SECONDS, session_of, token_hash
from tidelog_server.pages.problems import PageRoute
from tidelog_server.pages.templating import render

router = APIRouter(route_class=PageRoute)


@dataclass(frozen=True)
class LoginPage:
    """The context of pages/login.html."""

    was_refused: bool


@router.get("/login")
def show_login(request: Request) -> Response:
    """The form for the token; a server without one has nothing to ask for."""
    if request.app.state.settings.token_hash is None:
        return RedirectResponse("/", status_code=303)
    return render(request, "pages/login.html", LoginPage(was_refused=False))


@router.post("/login")
async def log_in(request: Request) -> Response:
    """Give the browser a session if the token is right. Scripts cannot read the cookie, other sites cannot send it."""
    token = parse_qs((await request.body()).decode(errors="replace")).get("token", [""])[0]
    hashed = request.app.state.settings.token_hash
    if hashed is None or not hmac.compare_digest(token_hash(token.strip()), hashed):
        return render(request, "pages/login.html", LoginPage(was_refused=True), status=401)
    response = RedirectResponse("/", status_code=303)
    response.set_cookie(
        COOKIE,
        session_of(hashed),
        max_age=COOKIE_SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response
