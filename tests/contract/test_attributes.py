"""Single values, deletions and what happens where a value and a series meet, on every engine."""

from __future__ import annotations

import math
import struct
from datetime import datetime, timezone

import pytest

from tests.contract.conftest import Store

VALUES = [
    (b"f" + struct.pack("<d", 0.1), "float", 0.1),
    (b"f" + struct.pack("<d", math.inf), "float", math.inf),
    (b"i" + struct.pack("<q", 2**63 - 1), "int", 2**63 - 1),
    (b"b\x01", "bool", True),
    (b"b\x00", "bool", False),
    (b"s" + "naïve \N{SNOWMAN}".encode(), "string", "naïve \N{SNOWMAN}"),
    (b"s", "string", ""),
    (
        b"d" + struct.pack("<q", 1_800_000_000_123),
        "datetime",
        datetime(2027, 1, 15, 8, 0, 0, 123000, tzinfo=timezone.utc),
    ),
    (b'S["a", "b"]', "string_set", ["a", "b"]),
]


@pytest.mark.parametrize(("encoded", "kind", "value"), VALUES)
def test_value_comes_back(store: Store, encoded: bytes, kind: str, value: object) -> None:
    """A value of each type is stored exactly."""
    sender = store.sender()
    sender.journal.assign("a/b", encoded)
    sender.ship()
    store.folder.fold(sender.run_id)
    attribute = store.attributes(sender.run_id)["a/b"]
    assert (attribute.type, attribute.value) == (kind, value)


def test_nan_is_a_value(store: Store) -> None:
    """NaN is stored as NaN, not as nothing."""
    sender = store.sender()
    sender.journal.assign("a", b"f" + struct.pack("<d", math.nan))
    sender.ship()
    store.folder.fold(sender.run_id)
    value = store.attributes(sender.run_id)["a"].value
    assert isinstance(value, float)
    assert math.isnan(value)


def test_text_that_a_database_refuses(store: Store) -> None:
    """NUL characters do not stop a batch; they come back as the replacement character."""
    sender = store.sender()
    sender.journal.assign("a", b"sbefore\x00after")
    sender.ship()
    store.folder.fold(sender.run_id)
    assert store.attributes(sender.run_id)["a"].value == "before\N{REPLACEMENT CHARACTER}after"


def test_last_assignment_wins(store: Store) -> None:
    """Assigning again replaces the value, in one fold and across folds."""
    sender = store.sender()
    for number in range(3):
        sender.journal.assign("a", b"i" + struct.pack("<q", number))
    sender.ship()
    store.folder.fold(sender.run_id)
    assert store.attributes(sender.run_id)["a"].value == 2
    sender.journal.assign("a", b"stext")
    sender.ship()
    store.folder.fold(sender.run_id)
    assert store.attributes(sender.run_id)["a"].value == "text"


@pytest.mark.parametrize("fold_between", [True, False])
def test_delete_takes_the_namespace(store: Store, fold_between: bool) -> None:
    """A deletion takes the path and everything below it, but nothing that merely begins alike, and nothing logged
    later.
    """
    sender = store.sender()
    for path in ("a", "a/b", "a/b/c", "ab"):
        sender.journal.point(path, 1.0, 0)
    sender.journal.assign("a/name", b"sx")
    sender.ship()
    if fold_between:
        store.folder.fold(sender.run_id)
    sender.journal.point("a/b", 2.0, 1)
    sender.journal.delete("a")
    sender.journal.point("a/b", 3.0, 2)
    sender.ship()
    store.tails.prepare([sender.run_id])
    points = store.points(sender.run_id, "a/b")
    assert points is not None
    assert points.values.tolist() == [3.0]
    store.folder.fold(sender.run_id)
    assert sorted(store.attributes(sender.run_id)) == ["a/b", "ab"]
    assert store.points(sender.run_id, "a") is None


def test_series_wins_over_value(store: Store) -> None:
    """Where one process logs a series and another assigns a value, the series stays whole, and a notice says so."""
    one, other = store.sender(key="shared"), store.sender(key="shared")
    assert one.run_id == other.run_id
    one.journal.point("a", 1.0, 0)
    one.ship()
    store.folder.fold(one.run_id)
    other.journal.assign("a", b"stext")
    other.ship()
    store.folder.fold(one.run_id)
    assert store.attributes(one.run_id)["a"].type == "float_series"
    [notice] = store.events(one.run_id)
    assert (notice.kind, notice.title) == ("notice", "a is a float series and was assigned a string")
    assert "text" in notice.text
    other.journal.assign("b", b"stext")
    other.ship()
    store.folder.fold(one.run_id)
    one.journal.point("b", 1.0, 0)
    one.ship()
    store.folder.fold(one.run_id)
    assert store.attributes(one.run_id)["b"].type == "float_series"


def test_name_is_copied_to_the_run(store: Store) -> None:
    """`sys/name` renames the run in lists."""
    sender = store.sender(name="before")
    assert store.run(sender.run_id).name == "before"
    sender.journal.assign("sys/name", b"safter")
    sender.ship()
    store.folder.fold(sender.run_id)
    assert store.run(sender.run_id).name == "after"
