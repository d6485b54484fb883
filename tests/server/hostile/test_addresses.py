"""Whatever an address holds, the answer helps: what it asked for, or a page or JSON that says what is wrong with it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server.hostile.addresses import Place, address_of, addresses, parts_of, places_of
from tests.server.hostile.conftest import Full
from tidelog_server.app import create_app
from tidelog_server.settings import Settings


def all_places() -> list[Place]:
    """Every route, of an application that is never started."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(data=Path(folder)))
        app.state.services.committer.close()
        app.state.services.database.close()
        return places_of(app)


PLACES = all_places()
READ = [place for place in PLACES if "GET" in place.methods]


def test_the_routes_are_found() -> None:
    """Those of the API with their prefix, those of packages of pages too."""
    paths = {place.path for place in PLACES}
    assert paths >= {"/api/health", "/api/runs/{label}/files", "/search", "/projects/{project:path}/runs/{label}/table"}


@pytest.mark.parametrize("place", READ, ids=lambda place: place.path)
@settings(max_examples=8, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_address_is_a_fault_of_the_server(full: Full, place: Place, data: st.DataObject) -> None:
    """Unknown, repeated, huge, negative and malformed parts of any route end in an answer below 500, without trace."""
    address = data.draw(addresses(place, full.logged))
    with full.client.stream("GET", address) as answer:
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            return
        answer.read()
    assert answer.status_code < 500, f"{address}\n{answer.text[:2000]}"
    if answer.status_code >= 400:
        assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/projects/%00",
        "/projects/%00/dashboards",
        "/projects/%00/runs.csv",
        "/projects/mnist/dashboards/9223372036854775808",
        "/projects/mnist/dashboards/9223372036854775808/layout.css",
        "/projects/mnist/dashboards/-1",
        "/projects/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/projects/mnist/runs/%ff%fe",
        "/static/..%2f..%2fpyproject.toml",
        "/static/%00",
        "/static/dist/",
        "/search?q=%00&after=%00",
        f"/projects/{'x' * 10_000}",
        f"/projects/mnist/runs/{'%2f' * 1_000}",
        "/projects/\u202e\U0001f30a",
    ],
)
def test_what_an_address_does_not_lead_to_is_a_page(full: Full, path: str) -> None:
    """NUL, numbers beyond every database, ways out of a folder, bytes that are no text: a 4xx that people can read."""
    answer = full.client.get(path)
    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert answer.headers["content-type"].startswith("text/html")
        assert "All projects" in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_another_method_is_refused(full: Full, method: str) -> None:
    """An address does not take a method that it does not know, and says so: in JSON, to people as a page."""
    parts = {name: values[0] for name, values in parts_of(full.logged).items()}
    known = {place.path for place in PLACES if method in place.methods}
    for path in sorted({place.path for place in PLACES} - known):
        address = address_of(path, parts, [])
        answer = full.client.request(method, address, content=b"\xff\x00garbage")
        assert 400 <= answer.status_code < 500, f"{address}: {answer.text}"
        kind = "application/json" if address.startswith("/api/") else "text/html"
        assert answer.headers["content-type"].startswith(kind), address
