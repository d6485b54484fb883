"""What an empty page shows: the program that logs a first run to this very server."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request


@dataclass(frozen=True)
class FirstRun:
    """What partials/first_run.html is filled with: where the server is as the browser sees it, and what it wants."""

    server: str
    project: str
    wants_token: bool


def first_run(request: Request, project: str) -> FirstRun:
    """The program for a project."""
    server = str(request.base_url).rstrip("/")
    return FirstRun(server, project, wants_token=request.app.state.settings.token_hash is not None)
