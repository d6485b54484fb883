"""Connecting to a server for a moment, to read from it or to ask something of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidelog.settings import resolve_token, resolve_url

if TYPE_CHECKING:
    from tidelog.shipping.transport import Transport


def connected(url: str | None, api_token: str | None) -> Transport:
    """Return a connection to close after use; what is not given comes from the environment."""
    from tidelog.shipping.transport import Transport

    return Transport(resolve_url(url), resolve_token(api_token))
