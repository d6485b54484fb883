"""Search finds what was printed and what is called so, on every engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.conftest import Store
from tidelog.values.encoding import encode_value
from tidelog_server.dashboards.content import Content
from tidelog_server.dashboards.store import create_dashboard
from tidelog_server.errors import InvalidRequestError
from tidelog_server.search import logs
from tidelog_server.search.logs import LogHit, search_logs
from tidelog_server.search.names import NameHit, search_names
from tidelog_server.search.phrases import phrase_of

OOM = "RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB"


def log_run(store: Store, number: int, lines: list[str], project: str = "project") -> str:
    """A run that printed these lines; its label."""
    sender = store.sender(project=project, key=f"run-{number}", name=f"run number {number}")
    for step, line in enumerate(lines):
        sender.journal.text("monitoring/stdout", line, step)
    sender.journal.assign("sys/tags", encode_value("sys/tags", {f"tag-{number}", "baseline"}))
    sender.journal.assign("params/optimizer", encode_value("params/optimizer", "AdamW"))
    sender.ship()
    store.folder.fold(sender.run_id)
    return store.run(sender.run_id).label


def found(store: Store, phrase: str, **options: object) -> list[LogHit]:
    """All hits, over as many pages as there are."""
    hits: list[LogHit] = []
    after = None
    while True:
        with store.database.read() as connection:
            page = search_logs(connection, phrase_of(phrase), after=after, **options)  # type: ignore[arg-type]
        hits.extend(page.hits)
        after = page.next
        if after is None:
            return hits


def test_which_runs_printed_it(store: Store) -> None:
    """The newest run first, each with the last line that has the words, and with what stands around them."""
    log_run(store, 1, ["start", f"first {OOM}", "retry", OOM, "end"])
    log_run(store, 2, ["all well", "memory of cuda out"])
    newest = log_run(store, 3, ["x" * 500 + " " + OOM])
    hits = found(store, "cuda out of memory")
    assert [hit.label for hit in hits] == [newest, "PROJECT-1"]
    assert (hits[1].step, hits[1].found, hits[1].path) == (3.0, "CUDA out of memory", "monitoring/stdout")
    assert hits[1].before == "RuntimeError: "
    assert hits[0].before.endswith("x RuntimeError: ")
    assert len(hits[0].before) == logs.BEFORE_CHARACTERS


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_pages_visit_each_series_once(store: Store, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However small the pages, however often the search is cut off by its time."""
    monkeypatch.setattr(logs, "CHUNKS_AT_ONCE", 2)
    labels = [log_run(store, number, ["needle " + "word " * 20_000, "needle", "hay"] * 8) for number in range(3)]
    assert [hit.label for hit in found(store, "needle", limit=limit)] == labels[::-1]
    assert [hit.label for hit in found(store, "needle", limit=limit, clock=hurried())] == labels[::-1]


def hurried() -> Iterator[float]:
    """A clock on which the time is always up."""
    ticks = iter(range(0, 10**9, 1000))
    return lambda: next(ticks)  # type: ignore[return-value]


def test_only_one_project_and_not_the_trash(store: Store) -> None:
    """A search may be limited; what was thrown away is not found."""
    log_run(store, 1, [OOM])
    log_run(store, 2, [OOM], project="other")
    project_id = store.run(1).project_id
    with store.database.write() as connection:
        connection.exec_driver_sql("UPDATE runs SET trashed_ms = 1 WHERE label = 'OTHER-1'")
    assert [hit.label for hit in found(store, "out of memory", project_id=project_id)] == ["PROJECT-1"]
    assert [hit.label for hit in found(store, "out of memory")] == ["PROJECT-1"]


def test_a_wrong_place_to_go_on_from(store: Store) -> None:
    """Is explained."""
    with store.database.read() as connection, pytest.raises(InvalidRequestError):
        search_logs(connection, phrase_of("x"), after="1; DROP TABLE runs")


def names(store: Store, text: str) -> list[NameHit]:
    """What has these words in its name."""
    with store.database.read() as connection:
        return search_names(connection, text)


def test_everything_has_a_name(store: Store) -> None:
    """Projects, runs, dashboards, attributes and values are found by any part, in any capitals."""
    log_run(store, 7, ["x"], project="Vision")
    project_id = store.run(1).project_id
    with store.database.write() as connection:
        create_dashboard(connection, project_id, "report", "Weekly vision report", Content())
    kinds = {(hit.kind, hit.name) for hit in names(store, "vision")}
    assert {("project", "Vision"), ("run", "run number 7"), ("dashboard", "Weekly vision report")} <= kinds
    assert [(hit.kind, hit.name) for hit in names(store, "OPTIM")] == [("attribute", "params/optimizer")]
    [value] = names(store, "adamw")
    assert (value.kind, value.label, value.detail) == ("value", "VISION-1", "params/optimizer: AdamW")
    assert [hit.label for hit in names(store, "tag-7")] == ["VISION-1"]
    assert [hit.label for hit in names(store, "NUMBER run")] == ["VISION-1"]


@pytest.mark.parametrize("text", ["", "  ", "%", "_", "\x00", "'; DROP TABLE runs; --", "\\", "x" * 5_000])
def test_hostile_words_find_nothing(store: Store, text: str) -> None:
    """Signs mean themselves, whatever they mean in SQL."""
    log_run(store, 1, ["hello"])
    assert names(store, text) == []
