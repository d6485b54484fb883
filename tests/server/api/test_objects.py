"""Reading series of texts, histograms and files over HTTP."""

from __future__ import annotations

import httpx

from tests.journals import Sender
from tidelog_server.services import Services


def test_pages_from_either_end(client: httpx.Client, services: Services, run: Sender) -> None:
    """Pages follow one another by `next`, from the first point or from the last."""
    for step in range(5):
        run.journal.text("logs", f"line {step}", step)
    run.ship()
    first = client.get("/api/runs/PROJECT-1/objects?path=logs&limit=3").json()
    assert first["type"] == "string_series"
    assert first["values"] == ["line 0", "line 1", "line 2"]
    rest = client.get(f"/api/runs/PROJECT-1/objects?path=logs&after={first['next']}").json()
    assert (rest["steps"], rest["next"]) == ([3.0, 4.0], None)
    newest = client.get("/api/runs/PROJECT-1/objects?path=logs&limit=2&newest_first=true").json()
    assert newest["values"] == ["line 3", "line 4"]
    before = client.get(f"/api/runs/PROJECT-1/objects?path=logs&newest_first=true&before={newest['next']}").json()
    assert (before["steps"], before["next"]) == ([0.0, 1.0, 2.0], None)
    part = client.get("/api/runs/PROJECT-1/objects?path=logs&start=1&stop=2").json()
    assert part["steps"] == [1.0, 2.0]


def test_histogram_as_json(client: httpx.Client, run: Sender) -> None:
    """Edges and counts, exactly."""
    run.journal.histogram("grads", [0.0, 0.1, 0.5], [1.0, 2.0], 3)
    run.ship()
    page = client.get("/api/runs/PROJECT-1/objects?path=grads").json()
    assert page["values"] == [{"edges": [0.0, 0.1, 0.5], "counts": [1.0, 2.0]}]
    [attribute] = client.get("/api/runs/PROJECT-1/attributes?prefix=grads").json()["attributes"]
    assert (attribute["type"], attribute["points"], attribute["last_step"]) == ("histogram_series", 1, 3.0)


def test_no_such_series(client: httpx.Client, run: Sender) -> None:
    """A float series, a value or nothing at the path is 404."""
    for path in ("a/loss", "none"):
        response = client.get(f"/api/runs/PROJECT-1/objects?path={path}")
        assert (response.status_code, response.json()["error"]["code"]) == (404, "series_not_found")


def test_events_page_by_page(client: httpx.Client, run: Sender) -> None:
    """Newest first, and each once."""
    for number in range(5):
        run.journal.event(f"alert {number}", level="error", text="why")
    run.ship()
    titles, before = [], ""
    while True:
        page = client.get(f"/api/runs/PROJECT-1/events?limit=2{before}").json()
        titles += [event["title"] for event in page["events"]]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert titles == [f"alert {number}" for number in (4, 3, 2, 1, 0)]
    assert client.get("/api/runs/PROJECT-1/events?before=x").status_code == 422
