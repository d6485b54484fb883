"""The processes that wrote to a run, as the server gives them, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tidelog.paths import quoted

if TYPE_CHECKING:
    from tidelog.shipping.transport import Transport


def writers_of(server: Transport, label: str) -> list[dict[str, Any]]:
    """Return what the server knows of each writer of a run, the oldest first."""
    writers: list[dict[str, Any]] = []
    wanted: dict[str, str] = {}
    while True:
        page = server.get(f"/runs/{quoted(label)}/writers", wanted)
        writers += page["writers"]
        if page["next"] is None:
            return writers
        wanted = {"after": page["next"]}
