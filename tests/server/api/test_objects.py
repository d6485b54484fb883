"""Reading series of texts, histograms and files over HTTP."""

from __future__ import annotations

import json

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


def test_what_was_abandoned_and_what_is_inherited(client: httpx.Client, services: Services) -> None:
    """`abandoned` lists attempts, `abandoned_by` reads what one left behind, `own` leaves out what a fork inherits."""
    for attempt, steps in enumerate((range(4), range(2, 3))):
        began_ms = 1_700_000_000_000 + attempt * 100_000
        sender = Sender(services.receiver, key="resumed", created_ms=began_ms)
        for step in steps:
            sender.journal.text("logs", f"attempt {attempt}", step)
        sender.journal.end(time_s=began_ms / 1000 + 50)
        sender.ship()
    fork = Sender(services.receiver, key="fork", fork_run="resumed", fork_step=1.0)
    fork.journal.text("logs", "of the fork")
    fork.ship()
    address = "/api/runs/PROJECT-1/objects?path=logs"
    page = client.get(address).json()
    assert (page["values"], page["abandoned"]) == (["attempt 0", "attempt 0", "attempt 1"], [1])
    assert client.get(f"{address}&abandoned_by=1").json()["steps"] == [2.0, 3.0]
    assert client.get(f"{address}&abandoned_by=2").status_code == 404
    [stretch, other] = client.get("/api/runs/PROJECT-1/stretches").json()["stretches"]
    assert {stretch["is_abandoned"], other["is_abandoned"]} == {True, False}
    assert {stretch["type"], other["type"]} == {"string_series"}
    inherited = client.get("/api/runs/PROJECT-2/objects?path=logs").json()
    assert inherited["values"] == ["attempt 0", "attempt 0", "of the fork"]
    assert client.get("/api/runs/PROJECT-2/objects?path=logs&own=true").json()["steps"] == [2.0]
    found = client.post("/api/series/find", json={"runs": ["PROJECT-2"], "types": ["string_series"]}).json()
    assert [one["path"] for one in found["series"]] == ["logs"]


def test_a_file_that_is_inherited_is_there_at_once(client: httpx.Client, services: Services) -> None:
    """Whatever of the origin is folded by then."""
    origin = Sender(services.receiver, key="origin")
    for step in range(3):
        said = {"file": step, "name": f"{step}.png", "extension": "png", "media_type": "image/png", "size": 3}
        origin.journal.object("images", b"F" + json.dumps(said).encode(), step)
    Sender(services.receiver, key="fork", fork_run="origin", fork_step=1.0)
    origin.ship()
    [last] = client.get("/api/runs/PROJECT-2/files/list?path=images").json()["files"]
    assert (last["name"], last["step"]) == ("1.png", 1.0)
    assert client.get("/api/runs/PROJECT-2/files/list?path=images&step=2").status_code == 404


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
