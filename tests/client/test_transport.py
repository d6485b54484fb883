"""The one place that talks HTTP: what each answer means."""

from __future__ import annotations

import logging
from collections.abc import Callable

import httpx
import pytest

import tidelog
from tests.client.fake_server import FakeServer
from tidelog import errors
from tidelog.shipping.transport import Transport


def answering(answer: Callable[[httpx.Request], httpx.Response]) -> Transport:
    """Return a transport whose server is a function."""
    return Transport("http://server", None, httpx.MockTransport(answer))


def refusal(status: int, code: str, **fields: object) -> Callable[[httpx.Request], httpx.Response]:
    """Return a server that answers everything with an error."""
    error = {"code": code, "message": "Because.", **fields}
    return lambda _: httpx.Response(status, json={"error": error}, headers={"Retry-After": "7"})


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, "access_denied", errors.AccessDeniedError),
        (403, "forbidden", errors.AccessDeniedError),
        (404, "run_not_found", errors.RunNotFoundError),
        (404, "project_not_found", errors.NotFoundError),
        (410, "run_deleted", errors.RunDeletedError),
        (404, "writer_not_found", errors.WriterNotFoundError),
        (400, "malformed_journal", errors.JournalRefusedError),
        (400, "invalid_request", errors.RequestRefusedError),
        (413, "too_large", errors.RequestRefusedError),
        (429, "too_many", errors.ServerBusyError),
        (500, "internal_error", errors.ServerBusyError),
        (503, "unavailable", errors.ServerBusyError),
    ],
)
def test_an_error_of_the_server_is_one_of_ours(status: int, code: str, error: type[Exception]) -> None:
    """Its message says which server refused what, and why."""
    with pytest.raises(error, match=r"the server at http://server refused GET /api/x: Because\.") as caught:
        answering(refusal(status, code)).get("/x")
    assert type(caught.value) is error


def test_the_fields_of_an_error_arrive() -> None:
    """Where to go on from, and when to come back."""
    with pytest.raises(errors.OffsetGapError) as gap:
        answering(refusal(409, "offset_gap", expected=12)).get("/x")
    assert gap.value.expected == 12
    with pytest.raises(errors.ServerBusyError) as busy:
        answering(refusal(503, "unavailable")).get("/x")
    assert busy.value.retry_after_s == 7.0


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(502, html="<h1>Bad gateway</h1>"),
        httpx.Response(503, json=[]),
        httpx.Response(200, text="a page"),
        httpx.Response(504, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}),
    ],
)
def test_what_a_proxy_answers_is_tried_again(response: httpx.Response) -> None:
    """Pages and odd JSON are no answer of a tidelog server; nobody is told to give up because of them."""
    with pytest.raises(errors.ServerBusyError):
        answering(lambda _: response).get("/x")


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("no"), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut")]
)
def test_no_answer_is_an_unreachable_server(error: Exception) -> None:
    """httpx's errors stay behind ours as their cause."""

    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(tidelog.ServerUnreachableError, match="does not answer") as caught:
        answering(fail).get("/x")
    assert caught.value.__cause__ is error


def test_an_impossible_address_is_refused() -> None:
    """It is said with the address."""
    with pytest.raises(tidelog.ServerError, match="http://\\["):
        Transport("http://[", None).get("/x")


def test_requests_do_not_fill_the_programs_log(fake: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    """httpx's line for each request is left out for ours, and for nobody else's."""
    caplog.set_level(logging.INFO)
    transport = Transport(fake.url, None)
    with pytest.raises(tidelog.ServerError):
        transport.get("/health")
    transport.close()
    assert caplog.text == ""
    with httpx.Client() as other:
        other.get(f"{fake.url}/other")
    assert "HTTP Request" in caplog.text
