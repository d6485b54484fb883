"""How much a request may carry. The routes of the journal and of parts of files have their own, larger limits."""

from __future__ import annotations

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tidelog_server.api import problems
from tidelog_server.errors import TooLargeError

BODY_BYTES = 1024 * 1024
JOURNAL_PREFIX = "/api/journal/"
FILES_PREFIX = "/api/files/"


class BodyLimit:
    """Reads the body before the application does, and refuses it as soon as it turns out to be too large."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request pass, or answer it with the limit."""
        is_limited = scope["type"] == "http" and scope["method"] not in ("GET", "HEAD")
        if not is_limited or _has_its_own(scope):
            await self.app(scope, receive, send)
            return
        try:
            body = await _body(receive)
        except ClientDisconnect:
            return  # what came of the request is not all of it, and nobody waits for an answer
        if body is None:
            error = TooLargeError(f"A request of more than {BODY_BYTES:,} bytes is over the limit. Nothing was stored.")
            await problems.answer(error)(scope, receive, send)
            return
        await self.app(scope, _Replay(body, receive), send)


def _has_its_own(scope: Scope) -> bool:
    path = scope["path"]
    return bool(path.startswith(JOURNAL_PREFIX) or (scope["method"] == "PATCH" and path.startswith(FILES_PREFIX)))


class _Replay:
    """Gives the body that was read, then whatever the connection brings."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None if it is too large. Raises `ClientDisconnect` if it ends before that."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_BYTES:
            return None
        if not message.get("more_body", False):
            return b"".join(parts)
