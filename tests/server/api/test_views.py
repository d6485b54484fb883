"""Saved views through the API."""

from __future__ import annotations

import httpx

from tests.journals import Sender

OF = {"project": "project"}


def save(client: httpx.Client, name: str, address: str, modified_ms: int | None = None) -> str:
    """Keep a view, as an import does where a time is given; the address that it then has."""
    body: dict[str, object] = {"name": name, "address": address}
    if modified_ms is not None:
        body["origin"] = {"author": "ada", "created_ms": 1, "modified_ms": modified_ms}
    answer = client.post("/api/views", params=OF, json=body)
    assert answer.status_code == 201
    return str(answer.json()["address"])


def test_a_view_of_the_same_name_is_replaced(client: httpx.Client, run: Sender) -> None:
    """There is one view of each name."""
    save(client, "best", "q=a > 1")
    assert save(client, "best", "q=a > 2") == "q=a > 2"
    [view] = client.get("/api/views", params=OF).json()["views"]
    assert (view["name"], view["address"], view["author"]) == ("best", "q=a > 2", None)


def test_an_import_replaces_what_is_older(client: httpx.Client, run: Sender) -> None:
    """The later change counts, on whichever side it was made, and times are those of the export."""
    assert save(client, "best", "q=a > 1", modified_ms=10) == "q=a > 1"
    assert save(client, "best", "q=a > 2", modified_ms=9) == "q=a > 1"
    assert save(client, "best", "q=a > 3", modified_ms=11) == "q=a > 3"
    [view] = client.get("/api/views", params=OF).json()["views"]
    assert (view["author"], view["created_ms"], view["modified_ms"]) == ("ada", 1, 11)
    assert save(client, "best", "q=a > 4") == "q=a > 4"
    assert save(client, "best", "q=a > 5", modified_ms=12) == "q=a > 4"


def test_a_view_without_a_name_is_refused(client: httpx.Client, run: Sender) -> None:
    """As on the page."""
    assert client.post("/api/views", params=OF, json={"name": " ", "address": ""}).status_code == 400
