"""Whatever comes in over HTTP, the answer is a 4xx in the one shape of an error, and nothing is half stored."""

from __future__ import annotations

import zlib
from typing import Any

import httpx
import pytest

from tests.journals import MemoryJournal, Sender
from tidelog_server.services import Services

JOURNAL = {"content-type": "application/vnd.tidelog.journal"}
WRITER = "0123456789abcdef"
NEW_WRITER = {"project": "p", "run_key": "k", "with_id": None, "writer": WRITER, "created_ms": 0}


def error_of(response: httpx.Response) -> dict[str, Any]:
    """The error in the answer, its shape checked."""
    body = response.json()
    assert set(body) == {"error"}
    assert isinstance(body["error"]["code"], str)
    assert len(body["error"]["message"]) > 10
    return body["error"]


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", "/api/nothing", b"", 404),
        ("GET", "/api/runs/PROJECT-999", b"", 404),
        ("GET", "/api/runs/..%2f..%2fetc%2fpasswd", b"", 404),
        ("GET", "/api/runs/%00", b"", 404),
        ("GET", "/api/runs/PROJECT-99999999999999999999", b"", 404),
        ("GET", "/api/runs?project=p&key=k", b"", 404),
        ("GET", "/api/runs", b"", 422),
        ("GET", "/api/runs/PROJECT-1/series?path=none", b"", 404),
        ("GET", "/api/runs/PROJECT-1/series?path=a/loss&limit=0", b"", 422),
        ("GET", "/api/runs/PROJECT-1/series?path=a/loss&start=nan", b"", 422),
        ("GET", "/api/runs/PROJECT-1/series?path=a/loss&after=1e400", b"", 422),
        ("DELETE", "/api/runs/PROJECT-1", b"", 405),
        ("POST", "/api/charts", b"", 422),
        ("POST", "/api/charts", b"{", 422),
        ("POST", "/api/charts", b"[]", 422),
        ("POST", "/api/charts", b'{"runs": ["x"], "paths": ["a"]}', 422),
        ("POST", "/api/charts", b'{"runs": [], "paths": ["a"]}', 422),
        ("POST", "/api/charts", b'{"runs": [99], "paths": ["a"]}', 404),
        ("POST", "/api/charts", b'{"runs": [1], "paths": ["a"], "buckets": 1e9}', 422),
        ("POST", "/api/charts", b'{"runs": [1], "paths": ["a"], "start": 1e300}', 422),
        ("POST", "/api/charts", b'{"runs": [1], "paths": ["a"], "start": NaN}', 422),
        ("POST", "/api/charts", b'{"runs": [99999999999999999999], "paths": ["a"]}', 422),
        ("POST", "/api/charts", b"\xff" * 100, 400),
        ("POST", "/api/charts", b" " * (1024 * 1024 + 1), 413),
        ("POST", "/api/writers", b"{}", 422),
        ("GET", "/api/events", b"", 422),
        ("GET", "/api/events?run=x", b"", 422),
    ],
    ids=range(27),
)
def test_refused(client: httpx.Client, run: Sender, method: str, path: str, content: bytes, status: int) -> None:
    """Malformed, oversized, of the wrong type, or about what is not there: a 4xx that says what is wrong."""
    headers = {"content-type": "application/json"} if content else {}
    response = client.request(method, path, content=content, headers=headers)
    assert response.status_code == status, response.text
    error_of(response)


@pytest.mark.parametrize(
    "change",
    [
        {"run_key": None},
        {"with_id": "P-1"},
        {"run_key": None, "with_id": "NONE-1"},
        {"run_key": ""},
        {"run_key": "a\x00b"},
        {"run_key": "x" * 256},
        {"project": ""},
        {"project": " padded "},
        {"project": "line\nbreak"},
        {"project": 7},
        {"writer": "../../../etc"},
        {"writer": "0" * 17},
        {"created_ms": -1},
        {"created_ms": 10**30},
        {"pid": "x"},
        {"name": "x" * 1001},
        {"name": ["list"]},
    ],
)
def test_registration_refused(client: httpx.Client, change: dict[str, Any]) -> None:
    """A registration that names no run, two, or an impossible one makes neither project nor run."""
    response = client.post("/api/writers", json={**NEW_WRITER, **change})
    assert 400 <= response.status_code < 500, response.text
    error_of(response)
    assert client.get("/api/projects").json() == {"projects": []}


def test_surrogates_are_refused(client: httpx.Client) -> None:
    """Text that is no text in UTF-8 is refused, not stored."""
    body = b'{"project": "\\ud800", "run_key": "k", "writer": "0123456789abcdef", "created_ms": 0}'
    response = client.post("/api/writers", content=body, headers={"content-type": "application/json"})
    assert 400 <= response.status_code < 500, response.text
    assert client.get("/api/projects").json() == {"projects": []}


def a_batch() -> bytes:
    """A good batch of one point."""
    journal = MemoryJournal()
    journal.point("a", 1.0)
    return zlib.compress(bytes(journal.stream))


@pytest.mark.parametrize(
    ("path", "content", "headers", "status", "code"),
    [
        (f"/api/journal/{WRITER}?offset=0", a_batch(), JOURNAL, 404, "writer_not_found"),
        ("/api/journal/..%2f..%2fx?offset=0", a_batch(), JOURNAL, 405, "method_not_allowed"),
        ("/api/journal/XYZ?offset=0", a_batch(), JOURNAL, 422, "invalid_request"),
        ("/api/journal/{writer}", a_batch(), JOURNAL, 422, "invalid_request"),
        ("/api/journal/{writer}?offset=-1", a_batch(), JOURNAL, 422, "invalid_request"),
        ("/api/journal/{writer}?offset=1e3", a_batch(), JOURNAL, 422, "invalid_request"),
        ("/api/journal/{writer}?offset=99999999", a_batch(), JOURNAL, 409, "offset_gap"),
        ("/api/journal/{writer}?offset={sent}", a_batch()[:-3], JOURNAL, 400, "malformed_journal"),
        ("/api/journal/{writer}?offset={sent}", b"\x00" * 100, JOURNAL, 400, "malformed_journal"),
        ("/api/journal/{writer}?offset={sent}", a_batch(), {"content-type": "text/plain"}, 400, "invalid_request"),
        ("/api/journal/{writer}?offset={sent}", b"x" * (33 * 1024 * 1024 + 1), JOURNAL, 413, "too_large"),
    ],
    ids=range(11),
)
def test_batch_refused(
    client: httpx.Client, run: Sender, path: str, content: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    """A batch for nobody, from nowhere or of garbage is refused, and the run is as it was."""
    before = client.get("/api/runs/PROJECT-1").json()
    response = client.post(path.format(writer=run.name, sent=run.sent), content=content, headers=headers)
    assert response.status_code == status, response.text
    assert error_of(response)["code"] == code
    after = client.get("/api/runs/PROJECT-1").json()
    assert {**before, "points": after["points"]} == after


def test_gap_says_what_is_expected(client: httpx.Client, run: Sender) -> None:
    """The client is told where to go on."""
    response = client.post(f"/api/journal/{run.name}?offset={run.sent + 5}", content=a_batch(), headers=JOURNAL)
    assert error_of(response)["expected"] == run.sent


def test_database_that_fails(
    client: httpx.Client, services: Services, run: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that cannot be used is a 503 with Retry-After, which clients wait for."""
    from sqlalchemy.exc import OperationalError

    def fail() -> None:
        raise OperationalError("SELECT", {}, Exception("disk I/O error"))

    monkeypatch.setattr(services.database, "read", fail)
    response = client.get("/api/projects")
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0
    assert "disk I/O" not in error_of(response)["message"]


def test_fault_of_the_server_shows_no_trace(
    client: httpx.Client, services: Services, run: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody foresaw is a 500 in the same shape, without anything of the inside."""

    def fail() -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(services.database, "read", fail)
    response = client.get("/api/projects")
    assert response.status_code == 500
    assert "secret" not in response.text
    error_of(response)
