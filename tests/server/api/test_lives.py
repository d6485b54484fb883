"""Trash, requests and edits over HTTP."""

from __future__ import annotations

import zlib
from typing import Any

import httpx
import pytest

from tests.journals import Sender
from tidelog.values.encoding import encode_value
from tidelog_server.services import Services

JOURNAL = {"Content-Type": "application/vnd.tidelog.journal"}


def post(client: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    """The answer to a POST, which must go well."""
    answer = client.post(f"/api{path}", json=body)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


def heartbeat(client: httpx.Client, run: Sender) -> dict[str, Any]:
    """What the writer of a run hears."""
    answer = client.post(f"/api/journal/{run.name}?offset={run.sent}", content=b"", headers=JOURNAL)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


def attributes(client: httpx.Client, prefix: str = "sys") -> dict[str, Any]:
    """Path and value of what the run has below a namespace."""
    found = client.get("/api/runs/PROJECT-1/attributes", params={"prefix": prefix}).json()["attributes"]
    return {attribute["path"]: attribute["value"] for attribute in found}


def test_trash_restore_purge(client: httpx.Client, run: Sender, services: Services) -> None:
    """By label and by query; a purged run is deleted to its writer."""
    assert post(client, "/runs/trash", labels=["PROJECT-1"]) == {"runs": 1}
    assert client.get("/api/runs/query?project=project").json()["runs"] == []
    assert [row["label"] for row in client.get("/api/runs/query?project=project&trashed=true").json()["runs"]] == [
        "PROJECT-1"
    ]
    assert client.get("/api/projects").json()["projects"][0]["runs"] == 0
    [listed] = client.get("/api/projects/project/trash").json()["runs"]
    assert (listed["label"], listed["kind"]) == ("PROJECT-1", "run")
    assert post(client, "/runs/restore", project="project", query='sys/id = "PROJECT-1"') == {"runs": 1}
    assert post(client, "/runs/purge", labels=["PROJECT-1"]) == {"runs": 0, "kept": []}
    assert post(client, "/runs/trash", project="project", query="") == {"runs": 1}
    assert post(client, "/runs/purge", project="project", query="") == {"runs": 1, "kept": []}
    services.maintenance.purge_rows()
    answer = client.post(f"/api/journal/{run.name}?offset=0", content=b"", headers=JOURNAL)
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "run_deleted")
    registration = {"project": "project", "run_key": "run", "writer": run.name, "created_ms": 0}
    assert client.post("/api/writers", json=registration).status_code == 410
    gone_on_with = {"project": "project", "with_id": "PROJECT-1", "writer": "f" * 16, "created_ms": 0}
    assert client.post("/api/writers", json=gone_on_with).status_code == 410


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"labels": ["PROJECT-1"], "query": ""}, 400),
        ({"query": ""}, 400),
        ({"query": "lr >", "project": "project"}, 400),
        ({"query": "", "project": "nobody"}, 404),
        ({"labels": ["PROJECT-1", "PROJECT-77"]}, 404),
        ({"labels": ["\x00"]}, 404),
    ],
)
def test_nothing_happens_where_it_is_not_clear_which_runs_are_meant(
    client: httpx.Client, run: Sender, body: dict[str, Any], status: int
) -> None:
    """An error names what is wrong, and no run is in the trash."""
    assert client.post("/api/runs/trash", json=body).status_code == status
    assert client.get("/api/projects/project/trash").json()["runs"] == []


def test_a_request_reaches_the_writers(client: httpx.Client, run: Sender, services: Services) -> None:
    """In the answer to every batch and heartbeat of each of them, until it is taken back."""
    assert heartbeat(client, run) == {"offset": run.sent, "request": None}
    other = Sender(services.receiver, project="project", key="run")
    assert post(client, "/runs/PROJECT-1/request", request="stop")["requested"] == "stop"
    assert heartbeat(client, run)["request"] == "stop"
    other.journal.point("x", 1.0)
    body = zlib.compress(bytes(other.journal.stream))
    answer = client.post(f"/api/journal/{other.name}?offset=0", content=body, headers=JOURNAL)
    assert answer.json() == {"offset": len(other.journal.stream), "request": "stop"}
    assert post(client, "/runs/PROJECT-1/request", request=None)["requested"] is None
    assert heartbeat(client, run)["request"] is None


def test_a_run_that_has_ended_is_asked_nothing(client: httpx.Client, run: Sender, services: Services) -> None:
    """409, and a job that goes on with a run that was stopped is not stopped again."""
    post(client, "/runs/PROJECT-1/request", request="stop")
    run.journal.end()
    run.ship()
    answer = client.post("/api/runs/PROJECT-1/request", json={"request": "abort"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
    assert client.get("/api/runs/PROJECT-1").json()["requested"] == "stop"
    again = Sender(services.receiver, project="project", key="run")
    assert heartbeat(client, again)["request"] is None


def test_what_people_change_is_read_by_everybody(client: httpx.Client, run: Sender) -> None:
    """Name, description and tags: in the run, its attributes, the table and queries; later logging wins over it."""
    run.journal.assign("sys/name", encode_value("sys/name", "logged before"))
    run.ship()
    changes = {"name": "better", "description": "d", "tags": ["b", "a", "a"], "group_tags": ["g"]}
    assert client.patch("/api/runs/PROJECT-1", json=changes).json()["name"] == "better"
    found = attributes(client)
    assert (found["sys/name"], found["sys/description"]) == ("better", "d")
    assert (found["sys/tags"], found["sys/group_tags"]) == (["a", "b"], ["g"])
    query = 'sys/name = "better" AND sys/tags CONTAINS "a"'
    assert len(client.get("/api/runs/query", params={"project": "project", "query": query}).json()["runs"]) == 1
    client.patch("/api/runs/PROJECT-1", json={"description": "", "tags": None})
    assert {"sys/description", "sys/tags"} & attributes(client).keys() == set()
    run.journal.assign("sys/name", encode_value("sys/name", "logged later"))
    run.ship()
    assert attributes(client)["sys/name"] == "logged later"


@pytest.mark.parametrize(
    "changes",
    [{"name": ""}, {"name": None}, {"name": "x" * 1001}, {"stage": "production"}, {"color": "red"}, {"tags": "a"},
     {"tags": ["a\x00"]}, {"description": "\x00"}],
)  # fmt: skip
def test_a_wrong_change_changes_nothing(client: httpx.Client, run: Sender, changes: dict[str, Any]) -> None:
    """Also where the rest of it is right."""
    answer = client.patch("/api/runs/PROJECT-1", json={"description": "new", **changes})
    assert answer.status_code in (400, 422), answer.text
    assert "sys/description" not in attributes(client)
    assert client.get("/api/runs/PROJECT-1").json()["name"] == "a run"


def test_a_run_reads_what_the_server_knows_of_it(client: httpx.Client, run: Sender, services: Services) -> None:
    """Each of sys/* that follows from the run, as attribute, as column, in queries and as order."""
    services.folder.fold(run.run_id)
    services.maintenance.count_storage()
    found = attributes(client)
    assert found["sys/id"] == "PROJECT-1"
    assert (found["sys/state"], found["sys/failed"], found["sys/trashed"]) == ("running", False, False)
    assert found["sys/size"] > 1_000
    assert found["sys/running_time"] >= 0
    assert "sys/ended_time" not in found
    columns = [path for path in found if path != "sys/running_time"]
    for path in columns:
        body = {"project": "project", "columns": columns, "sort": path, "query": f"exists(`{path}`)"}
        [row] = post(client, "/runs/query", **body)["runs"]
        assert {name: str(value)[:19] for name, value in row["values"].items()} == {
            name: str(found[name])[:19] for name in columns
        }
    one = client.get("/api/runs/PROJECT-1").json()
    assert one["bytes"] == one["series_bytes"] + one["attribute_bytes"] + one["file_bytes"] == found["sys/size"]
    query = "sys/size > 1000 AND sys/running_time:float < 3600 AND sys/failed = false"
    assert len(post(client, "/runs/query", project="project", query=query)["runs"]) == 1
