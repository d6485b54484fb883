"""How much a request may carry. The journal route has its own, larger limit."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tidelog_server.api import problems
from tidelog_server.errors import TooLargeError

JSON_BYTES = 1024 * 1024
JOURNAL_PREFIX = "/api/journal/"


class BodyLimit:
    """Refuses larger bodies, as soon as they turn out to be."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(JOURNAL_PREFIX) or scope["method"] in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        size = 0

        async def receive_counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > JSON_BYTES:
                raise TooLargeError(f"A request of more than {JSON_BYTES:,} bytes is over the limit. Nothing was stored.")
            return message

        started = False

        async def send_noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive_counted, send_noted)
        except TooLargeError as error:
            if started:
                raise
            await problems.answer(error)(scope, receive, send)
