"""Many series of many runs in pages, over HTTP."""

from __future__ import annotations

import httpx
import numpy as np
import pytest

from tests.journals import Sender
from tests.server.api.test_reading import JSON, read_frame
from tidelog_server.services import Services


@pytest.fixture
def runs(services: Services) -> list[Sender]:
    """Two runs with series a, b, c of 10 points each; the second run lacks c."""
    senders = [Sender(services.receiver, key=key) for key in ("first", "second")]
    for sender, paths in zip(senders, ("abc", "ab"), strict=True):
        for path in paths:
            sender.journal.column(path, ((float(step), step * 1.5) for step in range(10)))
        sender.ship()
    return senders


def pages(client: httpx.Client, **request: object) -> list[tuple[str, str, float, float]]:
    """(run, path, step, value) of all pages."""
    rows, after = [], None
    while True:
        body = {"runs": ["PROJECT-1", "PROJECT-2"], **request, "after": after}
        answer = client.post("/api/series/points", json=body, headers=JSON).json()
        for item in answer["series"]:
            columns = item["columns"]
            rows += [(item["run"], item["path"], *pair) for pair in zip(columns["step"], columns["value"], strict=True)]
        after = answer["next"]
        if after is None:
            return rows


@pytest.mark.parametrize("limit", [1, 3, 7, 10, 1000])
def test_pages_of_any_size_are_everything_once(client: httpx.Client, runs: list[Sender], limit: int) -> None:
    """In the order of runs, paths and steps, folded or not."""
    pairs = [("PROJECT-1", "a"), ("PROJECT-1", "b"), ("PROJECT-1", "c"), ("PROJECT-2", "a"), ("PROJECT-2", "b")]
    expected = [(*pair, step, step * 1.5) for pair in pairs for step in range(10)]
    assert pages(client, limit=limit) == expected
    runs[1].journal.column("b", [(10.0, 15.0)])
    runs[1].ship()
    assert pages(client, limit=limit) == [*expected, ("PROJECT-2", "b", 10, 15)]
    assert pages(client, limit=limit, start=3, stop=4, pattern="^[bc]$") == [
        row for row in expected if row[1] in "bc" and 3 <= row[2] <= 4
    ]


def test_exact_columns_are_integers_and_the_bits_of_values(client: httpx.Client, services: Services) -> None:
    """A step beyond what a float64 says exactly, and the payload of a NaN, arrive as they were logged."""
    sender = Sender(services.receiver)
    step, nan = 3_999_999_999_999_999_999, np.frombuffer(bytes.fromhex("efbeadde0100f87f"), "<f8")[0]
    from tidelog.journal import records

    number = sender.journal.number("odd")
    sender.journal.stream += records.pack_point(records.point_tag(number), step, 1_800_000_000.123, nan)
    sender.ship()
    for _ in ("in the log", "folded"):
        body = client.post("/api/series/points", json={"runs": ["PROJECT-1"], "exact": True}).content
        header, numbers = read_frame(body)
        [item] = header["series"]
        assert item["columns"] == ["step_millionths", "time_ms", "value"]
        assert item["types"] == ["int64", "int64", "float64"]
        assert numbers.view("<i8").tolist()[:2] == [step, 1_800_000_000_123]
        assert numbers.tobytes()[16:] == bytes.fromhex("efbeadde0100f87f")
        services.folder.fold(sender.run_id)


def test_find_in_pages(client: httpx.Client, runs: list[Sender]) -> None:
    """Which series there are, by expression or by name."""
    request = {"runs": ["PROJECT-2", "PROJECT-1"], "limit": 2}
    first = client.post("/api/series/find", json=request).json()
    rest = client.post("/api/series/find", json={**request, "after": first["next"], "limit": 10}).json()
    found = [(item["run"], item["path"]) for item in first["series"] + rest["series"]]
    assert found == [("PROJECT-2", "a"), ("PROJECT-2", "b"), ("PROJECT-1", "a"), ("PROJECT-1", "b"), ("PROJECT-1", "c")]
    assert rest["next"] is None
    named = client.post("/api/series/find", json={"runs": ["PROJECT-1"], "paths": ["c", "none"]}).json()
    assert [item["path"] for item in named["series"]] == ["c"]
    none = client.post("/api/series/find", json={"runs": ["PROJECT-1"], "types": ["string_series"]}).json()
    assert none == {"series": [], "next": None}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"after": "nonsense"}, 400), ({"after": "1.2.3.4"}, 400), ({"after": "-1.0"}, 400),
        ({"after": f"0.{2**70}"}, 400), ({"pattern": "("}, 400), ({"runs": []}, 422), ({"runs": ["NONE-1"]}, 404),
        ({"limit": 0}, 422), ({"after": "7.0"}, 200),
    ],
)  # fmt: skip
def test_wrong_requests(client: httpx.Client, runs: list[Sender], change: dict[str, object], status: int) -> None:
    """Each is answered with what is wrong."""
    answer = client.post("/api/series/points", json={"runs": ["PROJECT-1"], **change})
    assert answer.status_code == status


def test_a_fork_has_the_series_that_it_only_inherits(client: httpx.Client, services: Services) -> None:
    """As far as they reach up to the fork, in pages of any size; with `own`, only what it logged itself."""
    origin = Sender(services.receiver, key="origin")
    origin.journal.column("a", ((float(step), 1.0) for step in range(10)))
    origin.journal.column("b", ((float(step), 2.0) for step in range(10)))
    origin.journal.column("late", ((float(step), 3.0) for step in range(6, 10)))
    origin.ship()
    fork = Sender(services.receiver, key="fork", fork_run="origin", fork_step=4.0)
    fork.journal.column("b", [(3.0, 9.0), (5.0, 9.0)])
    fork.journal.column("c", [(1.0, 4.0)])
    fork.ship()
    expected = [
        *(("a", step, 1.0) for step in range(5)),
        *(("b", step, 2.0) for step in range(3)), ("b", 3, 9.0), ("b", 5, 9.0),
        ("c", 1, 4.0),
    ]  # fmt: skip
    for limit in (1, 2, 5, 1000):
        found = pages(client, runs=["PROJECT-2"], limit=limit)
        assert [row[1:] for row in found] == expected
    own = pages(client, runs=["PROJECT-2"], own=True)
    assert [row[1:] for row in own] == [("b", 3, 9.0), ("b", 5, 9.0), ("c", 1, 4.0)]
    listed = client.post("/api/series/find", json={"runs": ["PROJECT-2"]}).json()["series"]
    assert [item["path"] for item in listed] == ["a", "b", "c"]
