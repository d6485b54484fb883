"""Deletion of attributes by people: in the order of the log, with all that hangs on a path, on every engine."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.contract.conftest import Store
from tests.journals import Sender
from tidelog.values.encoding import encode_value
from tidelog_server import tables
from tidelog_server.errors import AttributeNotFoundError, InvalidRequestError
from tidelog_server.series import deletion, fold
from tidelog_server.series.fold import Folder, Plan

ENTRY = {"name": "a.txt", "file": 0, "size": 3, "modified_ms": 0}


def log_everything(store: Store) -> Sender:
    """A run with each kind of thing below `a`, and a value beside it whose path begins alike."""
    sender = store.sender()
    journal = sender.journal
    journal.column("a/loss", ((float(step), float(step)) for step in range(10_000)))
    journal.text("a/log", "line", step=1)
    journal.histogram("a/weights", [0.0, 1.0], [3.0], step=1)
    journal.assign("a/lr", encode_value("a/lr", 0.1))
    journal.change_set("a/tags", b"+", "x")
    journal.change_files("a/files", b"+", ENTRY)
    journal.assign("ab", encode_value("ab", "stays"))
    sender.ship()
    return sender


def delete(store: Store, run_id: int, path: str) -> int:
    """Delete as API and pages do."""
    return deletion.delete_at(store.folder, store.run(run_id), deletion.path_of(path))


def rows_of(store: Store, table: sa.Table, run_id: int) -> int:
    """How many rows of a table belong to the run."""
    with store.database.read() as connection:
        return connection.scalar(sa.select(sa.func.count()).where(table.c.run_id == run_id)) or 0


@pytest.mark.parametrize("is_folded", [True, False])
def test_everything_at_and_below_a_path_goes(store: Store, is_folded: bool) -> None:
    """Values, sets and series of all kinds, with every row that they took, folded or not; nothing beside them."""
    sender = log_everything(store)
    if is_folded:
        store.folder.fold(sender.run_id)
    assert delete(store, sender.run_id, "/a/") == 6
    assert list(store.attributes(sender.run_id)) == ["ab"]
    for name in ("series", "chunks", "object_chunks", "file_set_entries", "ingest_log"):
        assert rows_of(store, tables.metadata.tables[name], sender.run_id) == 0, name
    [notice] = store.events(sender.run_id)
    assert (notice.kind, notice.title, notice.text[:20]) == ("notice", "a was deleted", "6 attributes deleted")


def test_what_is_logged_afterwards_begins_anew(store: Store) -> None:
    """With the first step, and with any type."""
    sender = log_everything(store)
    delete(store, sender.run_id, "a")
    sender.journal.point("a/log", 5.0)
    sender.journal.text("a/loss", "now a text")
    sender.ship()
    store.folder.fold(sender.run_id)
    found = store.attributes(sender.run_id)
    assert {path: one.type for path, one in found.items()} == {
        "a/log": "float_series",
        "a/loss": "string_series",
        "ab": "string",
    }
    points = store.points(sender.run_id, "a/log")
    assert points is not None
    assert (points.steps.tolist(), points.values.tolist()) == ([0], [5.0])
    assert delete(store, sender.run_id, "a") == 2
    assert [event.title for event in store.events(sender.run_id)] == ["a was deleted", "a was deleted"]


def test_a_batch_that_arrives_meanwhile(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is acknowledged while the deletion is worked out stays: it was logged after it."""
    sender = log_everything(store)
    store.folder.fold(sender.run_id)
    apply, arrived = fold.apply, []

    def apply_later(connection: sa.Connection, plan: Plan) -> bool:
        if not arrived and store.database.is_sqlite:  # PostgreSQL works out and writes in one transaction
            arrived.append(True)
            return False
        return apply(connection, plan)

    monkeypatch.setattr(fold, "apply", apply_later)
    sender.journal.point("a/loss", 7.0, step=20_000)
    sender.ship()  # in the log, not folded, when the deletion begins
    delete(store, sender.run_id, "a/loss")
    assert store.points(sender.run_id, "a/loss") is None
    sender.journal.point("a/loss", 8.0, step=20_001)
    sender.ship()
    points = store.points(sender.run_id, "a/loss")
    assert points is not None
    assert points.values.tolist() == [8.0]


def test_a_fold_elsewhere_does_not_undo_it(store: Store) -> None:
    """A fold that another process worked out before the deletion takes no effect after it."""
    sender = log_everything(store)
    store.folder.fold(sender.run_id)
    sender.journal.point("a/loss", 7.0, step=20_000)
    sender.ship()
    with store.database.read() as connection:
        elsewhere = Folder(store.database, store.cache)._plan(connection, sender.run_id, None)
    assert elsewhere is not None
    delete(store, sender.run_id, "a")
    with store.database.write() as connection:
        assert not fold.apply(connection, elsewhere)
    assert list(store.attributes(sender.run_id)) == ["ab"]


def test_a_wide_namespace_goes_in_slices(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many paths there are, a transaction deletes a limited number of them."""
    monkeypatch.setattr(deletion, "PATHS_PER_SLICE", 100)
    sender = store.sender()
    sender.journal.row({f"wide/{number}": 1.0 for number in range(1_050)}, step=1.0)
    sender.ship()
    sizes: list[int] = []
    apply = fold.apply

    def counting(connection: sa.Connection, plan: Plan) -> bool:
        sizes.append(len(plan.deleted_paths))
        return apply(connection, plan)

    monkeypatch.setattr(fold, "apply", counting)
    assert delete(store, sender.run_id, "wide") == 1_050
    assert sizes == [0, *[100] * 10, 50]
    assert store.attributes(sender.run_id) == {}
    assert len(store.events(sender.run_id)) == 1


def test_what_cannot_be_deleted(store: Store) -> None:
    """No path, what belongs to every run, and what is not there; nothing changes, and the message says so."""
    sender = log_everything(store)
    for path in ("", "/", "sys", "sys/id", "sys/state"):
        with pytest.raises(InvalidRequestError):
            delete(store, sender.run_id, path)
    for path in ("nothing", "a/los", "a%", "a/l_g"):
        with pytest.raises(AttributeNotFoundError, match="Nothing was deleted"):
            delete(store, sender.run_id, path)
    assert len(store.attributes(sender.run_id)) == 7


def test_a_run_of_an_import_is_emptied_in_silence(store: Store) -> None:
    """What belongs to every run goes, too; a run that a job of this server wrote to is left alone."""
    sender = store.sender(key="imported", origin="0" * 16)
    sender.journal.column("a/loss", ((float(step), float(step)) for step in range(100)))
    sender.journal.assign("sys/stage", encode_value("sys/stage", "none"))
    sender.journal.change_set("sys/tags", b"+", "x")
    sender.ship()
    assert deletion.empty(store.folder, store.run(sender.run_id)) == 3
    assert (store.attributes(sender.run_id), store.events(sender.run_id)) == ({}, [])
    for name in ("series", "chunks", "ingest_log"):
        assert rows_of(store, tables.metadata.tables[name], sender.run_id) == 0, name
    job = log_everything(store)
    with pytest.raises(InvalidRequestError, match="was not imported"):
        deletion.empty(store.folder, store.run(job.run_id))
    assert rows_of(store, tables.ingest_log, job.run_id) == 1
