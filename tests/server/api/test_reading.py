"""What the API says of a run is what was logged."""

from __future__ import annotations

import json
import struct

import httpx
import numpy as np
from fastapi.routing import iter_route_contexts

from tests.journals import Sender
from tests.server.conftest import Served
from tidelog_server.runs.runs import runs_by_id
from tidelog_server.services import Services

JSON = {"accept": "application/json"}


def read_frame(body: bytes) -> tuple[dict, np.ndarray]:
    """Header and numbers of a binary frame."""
    assert body[:4] == b"TLF1"
    (length,) = struct.unpack_from("<I", body, 4)
    start = (8 + length + 7) // 8 * 8
    return json.loads(body[8 : 8 + length]), np.frombuffer(body, "<f8", offset=start)


def test_health(client: httpx.Client) -> None:
    """A server that works says so, with its version."""
    answer = client.get("/api/health").json()
    assert answer["status"] == "ok"
    assert answer["version"]


def test_run_by_label_and_by_key(client: httpx.Client, run: Sender) -> None:
    """A run is found by its label and by the client's own id."""
    by_label = client.get("/api/runs/PROJECT-1").json()
    assert by_label == client.get("/api/runs", params={"project": "project", "key": "run"}).json()
    assert (by_label["run_id"], by_label["name"], by_label["state"]) == (run.run_id, "a run", "running")
    assert by_label["url"] == "/projects/project/runs/PROJECT-1"


def test_attributes_see_what_was_acknowledged(client: httpx.Client, run: Sender) -> None:
    """Attributes are complete at once, and a prefix narrows them."""
    found = {item["path"]: item for item in client.get("/api/runs/PROJECT-1/attributes").json()["attributes"]}
    assert found["lr"] == {"path": "lr", "type": "float", "value": 0.1}
    assert found["a/loss"]["points"] == 1000
    assert found["a/loss"]["last_step"] == 999
    assert found["a/loss"]["max"] == 1.0
    narrowed = client.get("/api/runs/PROJECT-1/attributes", params={"prefix": "a"}).json()["attributes"]
    assert [item["path"] for item in narrowed] == ["a/loss"]


def test_attributes_page_by_page(client: httpx.Client, run: Sender) -> None:
    """Pages of any size together are the whole, columns of the run among them; types narrow them."""
    run.journal.row({f"wide/{number:03}": 0.0 for number in range(40)}, step=0)
    run.ship()
    where = "/api/runs/PROJECT-1/attributes"
    whole = client.get(where).json()
    assert whole["next"] is None
    names = [item["path"] for item in whole["attributes"]]
    assert names == sorted(names)
    for limit in (1, 7, 1_000):
        found, after = [], ""
        while after is not None:
            page = client.get(where, params={"limit": limit, "after": after}).json()
            assert len(page["attributes"]) <= limit
            found.extend(page["attributes"])
            after = page["next"]
        assert [item["path"] for item in found] == names
    typed = client.get(where, params={"type": ["float", "string"]}).json()["attributes"]
    assert {item["type"] for item in typed} == {"float", "string"}
    assert [item["path"] for item in typed] == [
        item["path"] for item in whole["attributes"] if item["type"] in ("float", "string")
    ]
    assert client.get(where, params={"type": "nonsense"}).status_code == 422


def test_infinite_and_missing_numbers_in_json(client: httpx.Client, run: Sender) -> None:
    """JSON has no NaN: it is a text there, in attributes and in series."""
    run.journal.point("odd", float("nan"), 0)
    run.journal.point("odd", float("-inf"), 1)
    run.ship()
    series = client.get("/api/runs/PROJECT-1/series", params={"path": "odd"}, headers=JSON).json()
    assert series["values"] == ["NaN", "-Infinity"]
    [attribute] = client.get("/api/runs/PROJECT-1/attributes", params={"prefix": "odd"}).json()["attributes"]
    assert attribute["last"] == "-Infinity"
    assert attribute["mean"] is None


def test_series_in_pages(client: httpx.Client, run: Sender) -> None:
    """A series is read page by page, without a gap or a repeat, whether folded or not."""
    for _ in ("in the log", "folded"):
        steps: list[float] = []
        after: int | None = None
        while True:
            parameters = {"path": "a/loss", "limit": 300, "start": 10} | ({} if after is None else {"after": after})
            page = client.get("/api/runs/PROJECT-1/series", params=parameters, headers=JSON).json()
            steps += page["steps"]
            after = page["next"]
            if after is None:
                break
        assert steps == list(range(10, 1000))
        client.get("/api/runs/PROJECT-1/attributes")


def test_binary_series_equals_json(client: httpx.Client, run: Sender) -> None:
    """The binary frame holds the same numbers as the JSON."""
    header, numbers = read_frame(client.get("/api/runs/PROJECT-1/series", params={"path": "a/loss"}).content)
    page = client.get("/api/runs/PROJECT-1/series", params={"path": "a/loss"}, headers=JSON).json()
    assert header["series"][0]["columns"] == ["step", "time", "value"]
    assert numbers.tolist() == page["steps"] + page["times"] + page["values"]


def test_chart_of_several_series(client: httpx.Client, run: Sender) -> None:
    """A chart answers for each series that there is, and says nothing of others."""
    run.journal.column("b", ((float(step), float(step)) for step in range(20)))
    run.ship()
    request = {"runs": [run.run_id], "paths": ["a/loss", "b", "none"], "buckets": 100}
    header, numbers = read_frame(client.post("/api/charts", json=request).content)
    loss, b = header["series"]
    assert (loss["path"], loss["points"], loss["buckets"]) == ("a/loss", 1000, 100)
    assert loss["columns"] == ["step", "time", "min", "max", "first", "last", "mean"]
    assert (b["path"], b["columns"]) == ("b", ["step", "time", "value"])
    assert numbers[b["offsets"][2] :].tolist() == list(range(20))
    as_json = client.post("/api/charts", json=request, headers=JSON).json()
    assert as_json["series"][0]["columns"]["max"][0] == 1.0


def test_series_with_the_same_steps_share_that_column(client: httpx.Client, run: Sender) -> None:
    """It is in the frame once."""
    run.journal.column("c", ((float(step), -float(step)) for step in range(1000)))
    run.ship()
    request = {"runs": [run.run_id], "paths": ["a/loss", "c"], "buckets": 100, "columns": "drawn"}
    header, numbers = read_frame(client.post("/api/charts", json=request).content)
    loss, c = header["series"]
    assert loss["offsets"][0] == c["offsets"][0]
    assert len({*loss["offsets"], *c["offsets"]}) * 100 == len(numbers)
    as_json = client.post("/api/charts", json=request, headers=JSON).json()["series"]
    for item, expected in zip(header["series"], as_json, strict=True):
        found = {
            name: numbers[at : at + 100].tolist() for name, at in zip(item["columns"], item["offsets"], strict=True)
        }
        assert found == expected["columns"]


def test_relative_axis_counts_from_the_start_of_the_run(client: httpx.Client, services: Services) -> None:
    """A window of relative time is in seconds since the run was created."""
    sender = Sender(services.receiver, key="relative")
    with services.database.read() as connection:
        created_s = runs_by_id(connection, [sender.run_id])[0].created_ms / 1000
    for second in range(20):
        sender.journal.point("a", float(second), second, seconds=created_s + second)
    sender.ship()
    request = {"runs": [sender.run_id], "paths": ["a"], "axis": "relative", "start": 4.5, "stop": 7.5}
    [series] = client.post("/api/charts", json=request, headers=JSON).json()["series"]
    assert series["columns"]["value"] == [5, 6, 7]
    assert series["start_ms"] == round(created_s * 1000)


def test_every_endpoint_is_documented(client: httpx.Client, served: Served) -> None:
    """OpenAPI names every route below /api, says what it does, and what it answers."""
    document = client.get("/api/openapi.json").json()
    routes = {
        (method.lower(), context.path.replace(":path}", "}"))
        for context in iter_route_contexts(served.app.routes)
        if context.path.startswith("/api/") and context.path != "/api/openapi.json"
        for method in context.methods
    }
    documented = {(method, path) for path, methods in document["paths"].items() for method in methods}
    assert routes == documented
    for methods in document["paths"].values():
        for operation in methods.values():
            assert operation["description"]
            assert operation["responses"]
