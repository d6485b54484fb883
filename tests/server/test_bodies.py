"""Bodies of requests, before the application sees them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from starlette.types import Message, Receive, Scope, Send

from tidelog_server.bodies import BODY_BYTES, BodyLimit

FORM: Scope = {"type": "http", "method": "POST", "path": "/projects/mnist/views", "headers": []}


def handled(messages: Iterable[Message]) -> tuple[list[bytes], list[int]]:
    """Give these messages to an application behind the limit: the bodies that it saw, the statuses that were sent."""
    bodies: list[bytes] = []
    statuses: list[int] = []
    coming = iter(messages)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        bodies.append((await receive())["body"])

    async def receive() -> Message:
        return next(coming)

    async def send(message: Message) -> None:
        if "status" in message:
            statuses.append(message["status"])

    asyncio.run(BodyLimit(app)(FORM, receive, send))
    return bodies, statuses


def part(body: bytes, *, more: bool = False) -> Message:
    """A message with a part of a body."""
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_comes_whole() -> None:
    """In however many parts it was sent."""
    assert handled([part(b"name=", more=True), part(b"best")]) == ([b"name=best"], [])


def test_a_body_that_was_cut_off_does_nothing() -> None:
    """A form of which half has come would be taken for another one."""
    assert handled([part(b"labels=A-1&lab", more=True), {"type": "http.disconnect"}]) == ([], [])


def test_a_body_that_is_too_large_is_refused() -> None:
    """Before the application sees any of it."""
    assert handled([part(bytes(BODY_BYTES), more=True), part(b"x")]) == ([], [413])
