"""Events and comments, as charts mark them."""

from __future__ import annotations

import httpx
import pytest

from tests.journals import Sender


def test_a_comment_is_kept_and_deleted(client: httpx.Client, run: Sender) -> None:
    """At its step, the first line as title and the rest below."""
    body = {"run": run.run_id, "step": 2.5, "text": "rate halved\nsince it diverged"}
    answer = client.post("/api/marks", json=body)
    assert answer.status_code == 201
    [mark] = client.get("/api/marks", params={"run": run.run_id}).json()["marks"]
    assert (mark["kind"], mark["step"], mark["title"], mark["text"]) == (
        "comment",
        2.5,
        "rate halved",
        "since it diverged",
    )
    assert client.delete(f"/api/marks/{mark['id']}").status_code == 204
    assert client.get("/api/marks", params={"run": run.run_id}).json()["marks"] == []
    assert client.delete(f"/api/marks/{mark['id']}").status_code == 404


def test_a_long_comment_loses_nothing(client: httpx.Client, run: Sender) -> None:
    """What does not fit a title goes on below it."""
    text = "x" * 500
    client.post("/api/marks", json={"run": run.run_id, "text": text})
    [mark] = client.get("/api/marks", params={"run": run.run_id}).json()["marks"]
    assert mark["title"] + mark["text"] == text


@pytest.mark.parametrize(
    ("body", "status"),
    [({"run": 99, "text": "a"}, 404), ({"run": 1, "text": "  "}, 422), ({"run": 1, "text": "a", "step": 1e300}, 422)],
)
def test_a_comment_on_nothing_is_refused(
    client: httpx.Client, run: Sender, body: dict[str, object], status: int
) -> None:
    """Neither a run that is not there nor a text without a word."""
    assert client.post("/api/marks", json=body).status_code == status
