"""Writers, attempts and events over HTTP, page by page."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.journals import Sender
from tidelog_server.services import Services

BEGAN_MS = 1_700_000_000_000


def pages(client: httpx.Client, what: str, position: str) -> list[list[dict[str, Any]]]:
    """All pages of a list of the run, two items each."""
    found = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        answer = client.get(f"/api/runs/P-1/{what}", params=query)
        assert answer.status_code == 200, answer.text
        found.append(answer.json()[what])
        if answer.json()["next"] is None:
            return found
        query[position] = answer.json()["next"]


def test_lists_of_a_run_come_in_pages(client: httpx.Client, services: Services) -> None:
    """Each item is on one of them, in the order of the list; the last page says that it is."""
    names = []
    for attempt in range(3):
        began_ms = BEGAN_MS + attempt * 100_000
        sender = Sender(services.receiver, project="p", created_ms=began_ms, ended_ms=began_ms + 50_000)
        sender.journal.event(f"attempt {attempt}")
        sender.journal.end(time_s=(began_ms + 50_000) / 1000)
        sender.ship()
        names.append(sender.name)
    first, last = pages(client, "writers", "after")
    assert [[one["writer"] for one in page] for page in (first, last)] == [names[:2], names[2:]]
    first, last = pages(client, "attempts", "after")
    assert [[one["number"] for one in page] for page in (first, last)] == [[0, 1], [2]]
    found = [event["title"] for page in pages(client, "events", "before") for event in page]
    assert sorted(found) == ["attempt 0", "attempt 1", "attempt 2"]


@pytest.mark.parametrize("after", ["", "x", "1-", "-", "1-2-3", f"{10**19}-1", "1 or 1=1"])
def test_a_position_that_is_none_is_refused(client: httpx.Client, services: Services, after: str) -> None:
    """It is no error of the server."""
    Sender(services.receiver, project="p")
    assert client.get("/api/runs/P-1/writers", params={"after": after}).status_code == 422
