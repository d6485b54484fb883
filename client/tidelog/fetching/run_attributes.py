"""The attributes of a run as the server gives them, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tidelog.shipping.transport import Transport


def attributes_of(server: Transport, run: str, prefix: str = "") -> Iterator[dict[str, Any]]:
    """Yield the attributes of a run at or below `prefix`, sorted by path; `run` is its label, ready for an address."""
    after: str | None = ""
    while after is not None:
        page = server.get(f"/runs/{run}/attributes", {"prefix": prefix, "after": after})
        yield from page["attributes"]
        after = page["next"]
