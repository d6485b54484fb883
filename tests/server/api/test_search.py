"""Search through the API."""

from __future__ import annotations

import httpx

from tests.journals import Sender
from tests.server.conftest import Served


def test_names_and_logs(client: httpx.Client, run: Sender, served: Served) -> None:
    """Both searches answer as the reference says."""
    run.journal.text("console", "Epoch 1: CUDA out of memory", 0)
    run.ship()
    served.app.state.services.folder.fold(run.run_id)
    [hit] = client.get("/api/search/logs", params={"q": "out of memory", "project": "project"}).json()["hits"]
    assert (hit["label"], hit["before"], hit["found"]) == ("PROJECT-1", "Epoch 1: CUDA ", "out of memory")
    names = client.get("/api/search/names", params={"q": "a run"}).json()
    assert [(one["kind"], one["label"]) for one in names] == [("run", "PROJECT-1")]


def test_bad_searches(client: httpx.Client, run: Sender) -> None:
    """No word, a missing project, a wrong place: a sentence each."""
    for params in ({"q": "?!"}, {"q": "x", "project": "none"}, {"q": "x", "after": "y"}):
        answer = client.get("/api/search/logs", params=params)
        assert answer.status_code in (400, 404)
        assert answer.json()["error"]["message"]
