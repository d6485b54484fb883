"""Dashboards through the API."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journals import Sender
from tidelog_server.services import Services

REFERENCE = Path(__file__).parents[3] / "docs/reference/dashboards.md"


@pytest.fixture
def example() -> dict[str, Any]:
    """The dashboard of the reference."""
    found = re.search(r"```json\n(.*?)```", REFERENCE.read_text("utf-8"), re.DOTALL)
    assert found
    made = json.loads(found[1])
    assert isinstance(made, dict)
    return made


def test_the_example_of_the_reference_works(client: httpx.Client, run: Sender, example: dict[str, Any]) -> None:
    """It is made, listed, read, moved, renamed and deleted; its page is at the address that it names."""
    of = {"project": "project"}
    made = client.post("/api/dashboards", params=of, json=example).json()
    assert client.get(made["url"]).status_code == 200
    assert [one["name"] for one in client.get("/api/dashboards", params=of).json()] == ["Learning rates"]
    address = f"/api/dashboards/{made['id']}"
    moved = client.put(f"{address}/layout", params=of, json={"version": 1, "places": {"2": [0, 6, 3, 2]}}).json()
    assert moved["content"]["widgets"][1]["place"] == {"x": 0, "y": 6, "width": 3, "height": 2}
    renamed = client.patch(address, params=of, json={"version": moved["version"], "name": "Other"}).json()
    assert (renamed["name"], renamed["content"]) == ("Other", moved["content"])
    assert client.delete(address, params=of).status_code == 204
    assert client.get(address, params=of).status_code == 404


def test_an_old_version_changes_nothing(client: httpx.Client, run: Sender, example: dict[str, Any]) -> None:
    """409 says that somebody else was faster."""
    of = {"project": "project"}
    made = client.post("/api/dashboards", params=of, json=example).json()
    address = f"/api/dashboards/{made['id']}"
    client.patch(address, params=of, json={"version": 1, "name": "first"})
    late = client.patch(address, params=of, json={"version": 1, "name": "second"})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "changed_meanwhile")
    assert client.get(address, params=of).json()["name"] == "first"


@pytest.mark.parametrize("content", [{"widgets": [{"id": 1, "kind": "applet"}]}, {"widgets": 3}, {"selection": []}])
def test_other_content_is_refused(client: httpx.Client, run: Sender, content: object) -> None:
    """With a sentence, never a trace."""
    answer = client.post("/api/dashboards", params={"project": "project"}, json={"name": "d", "content": content})
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]["message"]


def test_an_import_brings_each_dashboard_once(client: httpx.Client, run: Sender) -> None:
    """One made at the same moment is the same one, and the later change of it counts."""
    of = {"project": "project"}

    def bring(name: str, changed_ms: int) -> list[str]:
        origin = {"created_ms": 5, "changed_ms": changed_ms}
        assert client.post("/api/dashboards", params=of, json={"name": name, "origin": origin}).status_code == 201
        found = client.get("/api/dashboards", params=of).json()
        return [f"{one['name']} {one['created_ms']} {one['changed_ms']}" for one in found]

    assert bring("one", 10) == ["one 5 10"]
    assert bring("older", 9) == ["one 5 10"]
    assert bring("newer", 11) == ["newer 5 11"]


def test_a_dashboard_is_about_a_run_of_its_project(client: httpx.Client, run: Sender, services: Services) -> None:
    """Its label is told; a run of another project is refused."""
    of, body = {"project": "project"}, {"name": "d", "run": "PROJECT-1"}
    assert client.post("/api/dashboards", params=of, json=body).json()["run"] == "PROJECT-1"
    Sender(services.receiver, project="another")
    assert client.post("/api/dashboards", params=of, json={**body, "run": "ANOTHER-1"}).status_code == 400
