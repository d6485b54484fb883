"""The runs table, its columns and comparisons over HTTP."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.journals import Sender
from tidelog_server.api import table as table_api
from tidelog_server.services import Services


@pytest.fixture
def two_runs(services: Services, run: Sender) -> tuple[int, int]:
    """The numbers of PROJECT-1 and of a run beside it, both folded."""
    other = Sender(services.receiver, project="project", key="other", name="another run")
    other.journal.assign("lr", b"f" + bytes.fromhex("000000000000e03f"))
    other.journal.assign("sys/tags", b'S["a","b"]')
    other.journal.assign("when", b"d" + (1_800_000_000_000).to_bytes(8, "little"))
    other.journal.point("a/loss", float("nan"), 0)
    other.journal.end()
    other.ship()
    for run_id in (run.run_id, other.run_id):
        services.folder.fold(run_id)
    return run.run_id, other.run_id


def post(client: httpx.Client, address: str, content: Any) -> Any:
    """The answer to a request that is right."""
    response = client.post(address, json=content)
    assert response.status_code == 200, response.text
    return response.json()


def test_runs_are_found_by_query_with_their_values(client: httpx.Client, two_runs: tuple[int, int]) -> None:
    """Datetimes in ISO 8601, NaN as a text, null where a run has no value."""
    columns = ["lr", "a/loss", "min(a/loss)", "sys/tags", "when"]
    page = post(client, "/api/runs/query", {"project": "project", "columns": columns, "sort": "lr"})
    assert (page["total"], page["total_is_exact"], page["next"]) == (2, True, None)
    assert [row["label"] for row in page["runs"]] == ["PROJECT-2", "PROJECT-1"]
    assert page["runs"][0]["values"] == {
        "lr": 0.5, "a/loss": "NaN", "min(a/loss)": None, "sys/tags": ["a", "b"],
        "when": "2027-01-15T08:00:00.000+00:00",
    }  # fmt: skip
    assert page["runs"][1]["values"] == {
        "lr": 0.1, "a/loss": 0.001, "min(a/loss)": 0.001, "sys/tags": None, "when": None,
    }  # fmt: skip
    row = page["runs"][0]
    assert (row["run_id"], row["name"], row["key"], row["state"]) == (two_runs[1], "another run", "other", "finished")
    assert row["url"] == "/projects/project/runs/PROJECT-2"


def test_pages_follow_one_another(client: httpx.Client, two_runs: tuple[int, int]) -> None:
    """`next` of one page is `after` of the next, in the body or in the address."""
    wanted = {"project": "project", "query": "lr > 0", "sort": "lr", "descending": False, "limit": 1}
    first = post(client, "/api/runs/query", wanted)
    second = client.get("/api/runs/query", params={**wanted, "after": first["next"]}).json()
    assert [row["run_id"] for page in (first, second) for row in page["runs"]] == list(two_runs)
    assert second["next"] is None


def test_an_address_can_ask_for_columns(client: httpx.Client, two_runs: tuple[int, int]) -> None:
    """`column` may be given several times."""
    page = client.get("/api/runs/query?project=project&query=another&column=lr&column=max(a/loss)").json()
    assert [row["values"] for row in page["runs"]] == [{"lr": 0.5, "max(a/loss)": None}]


def test_a_wrong_query_is_answered_with_its_place(client: httpx.Client, two_runs: tuple[int, int]) -> None:
    """So that a page can put a caret under it."""
    response = client.post("/api/runs/query", json={"project": "project", "query": "lr > AND"})
    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["code"], error["position"], error["length"]) == ("invalid_query", 5, 3)
    assert "a value after >" in error["message"]


def test_the_paths_of_a_project_can_be_searched(client: httpx.Client, two_runs: tuple[int, int]) -> None:
    """With their types, columns of the run first."""
    found = client.get("/api/projects/project/paths").json()["paths"]
    assert found[0] == {"path": "sys/id", "type": "string"}
    assert {"path": "a/loss", "type": "float_series"} in found
    assert client.get("/api/projects/project/paths?containing=LOSS&limit=5").json() == {
        "paths": [{"path": "a/loss", "type": "float_series"}]
    }


def test_a_project_with_slashes_in_its_name_has_paths_too(client: httpx.Client, services: Services) -> None:
    """Team/project is a usual name."""
    Sender(services.receiver, project="team/vision", key="run")
    assert client.get("/api/projects/team/vision/paths").status_code == 200
    assert client.get("/api/projects/team%2Fvision/paths").status_code == 200


def test_runs_are_compared(client: httpx.Client, two_runs: tuple[int, int]) -> None:
    """Values in the order of the runs that were asked for."""
    compared = post(client, "/api/runs/compare", {"runs": list(reversed(two_runs))})
    assert [run["label"] for run in compared["runs"]] == ["PROJECT-2", "PROJECT-1"]
    assert compared["complete"] is True
    found = {attribute["path"]: attribute for attribute in compared["attributes"]}
    types = ["float", "float"]
    assert found["lr"] == {"path": "lr", "same": False, "series": False, "types": types, "values": [0.5, 0.1]}
    assert found["a/loss"]["series"] is True
    assert found["a/loss"]["values"] == ["NaN", 0.001]
    assert found["sys/tags"]["values"] == [["a", "b"], None]


WRONG = [
    ("/api/runs/query", {}, 422),
    ("/api/runs/query", {"project": "no such project"}, 404),
    ("/api/runs/query", {"project": "\x00"}, 422),
    ("/api/runs/query", {"project": "\ud800"}, 422),
    ("/api/runs/query", {"project": "project", "limit": 0}, 422),
    ("/api/runs/query", {"project": "project", "limit": 201}, 422),
    ("/api/runs/query", {"project": "project", "limit": "many"}, 422),
    ("/api/runs/query", {"project": "project", "query": 5}, 422),
    ("/api/runs/query", {"project": "project", "query": "\x00"}, 400),
    ("/api/runs/query", {"project": "project", "query": "x" * 10_001}, 400),
    ("/api/runs/query", {"project": "project", "columns": ["x"] * 201}, 422),
    ("/api/runs/query", {"project": "project", "columns": [""]}, 422),
    ("/api/runs/query", {"project": "project", "columns": [" "]}, 400),
    ("/api/runs/query", {"project": "project", "sort": "a\x00"}, 400),
    ("/api/runs/query", {"project": "project", "after": "nonsense"}, 400),
    ("/api/runs/query", [], 422),
    ("/api/runs/compare", {"runs": [1]}, 400),
    ("/api/runs/compare", {"runs": [1, 1]}, 400),
    ("/api/runs/compare", {"runs": [0, 1]}, 422),
    ("/api/runs/compare", {"runs": [1, 2**70]}, 422),
    ("/api/runs/compare", {"runs": [1, 999]}, 404),
    ("/api/runs/compare", {"runs": list(range(1, 300))}, 422),
]


@pytest.mark.parametrize(("address", "content", "status"), WRONG)
def test_bad_input_is_answered_with_a_reason(
    client: httpx.Client, two_runs: Any, address: str, content: Any, status: int
) -> None:
    """A 4xx of the one shape, never a 500."""
    response = client.post(address, content=json.dumps(content), headers={"Content-Type": "application/json"})
    assert response.status_code == status, response.text
    assert response.json()["error"]["message"]


@pytest.mark.parametrize(
    "address",
    [
        "/api/projects/none/paths", "/api/projects/%00/paths", "/api/projects/project/paths?limit=0",
        "/api/projects/project/paths?containing=%00", "/api/runs/query", "/api/runs/query?project=%00",
        "/api/runs/query?project=project&limit=0",
    ],
)  # fmt: skip
def test_bad_addresses_are_answered_with_a_reason(client: httpx.Client, two_runs: Any, address: str) -> None:
    """The same for what comes in the address."""
    response = client.get(address)
    assert response.status_code in (404, 422), response.text
    assert response.json()["error"]["message"]


def test_openapi_describes_every_answer(client: httpx.Client) -> None:
    """Requests have examples; the answers, though they are written without a model's help, have models."""
    document = client.get("/api/openapi.json").json()
    operation = document["paths"]["/api/runs/query"]["post"]
    assert operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/TablePageOut")
    assert table_api.EXAMPLE_QUERY in str(document["components"]["schemas"]["TableRequest"])


def test_answers_are_what_the_models_say(client: httpx.Client, two_runs: tuple[int, int]) -> None:
    """No field is missing, none is more."""
    page = post(client, "/api/runs/query", {"project": "project", "columns": ["lr", "sys/tags", "when", "a/loss"]})
    compared = post(client, "/api/runs/compare", {"runs": list(two_runs)})
    columns = client.get("/api/projects/project/paths").json()
    for content, model in (
        (page, table_api.TablePageOut), (compared, table_api.ComparisonOut), (columns, table_api.ColumnList),
    ):  # fmt: skip
        assert model.model_validate(content, strict=True).model_dump() == content
