"""Series of texts, histograms and files; sets; events; and paths that get several types, on every engine."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.conftest import Store
from tidelog_server.series.objects import chunks
from tidelog_server.series.objects.codec import decode, encode
from tidelog_server.series.objects.points import ObjectPoints

REFERENCE = {"file": 0, "name": "cat.png", "extension": "png", "media_type": "image/png", "size": 3}


def reference(number: int) -> bytes:
    """A reference to a file, as a journal has it."""
    return b"F" + json.dumps({**REFERENCE, "file": number}).encode()


def test_texts_come_back(store: Store) -> None:
    """Texts are kept byte for byte, before and after a fold and across both."""
    sender = store.sender()
    for step, text in enumerate(["", "naïve \N{SNOWMAN}", "NUL \x00 inside", "x" * 100_000]):
        sender.journal.text("logs", text, step)
        sender.ship()
        if step % 2:
            store.folder.fold(sender.run_id)
    sender.journal.text("logs", "not folded")
    sender.ship()
    found = store.objects(sender.run_id, "logs")
    assert found is not None
    assert [step for step, _ in found] == [0, 1, 2, 3, 4]
    assert [value.decode()[:20] for _, value in found] == ["", "naïve ☃", "NUL \x00 inside", "x" * 20, "not folded"]


def test_attribute_of_a_string_series(store: Store) -> None:
    """The attribute has the last text and how many there are; the run counts texts as points."""
    sender = store.sender()
    sender.journal.text("logs", "first", 1)
    sender.journal.text("logs", "second\x00", 2)
    sender.ship()
    store.folder.fold(sender.run_id)
    attribute = store.attributes(sender.run_id)["logs"]
    assert (attribute.type, attribute.value) == ("string_series", "second\N{REPLACEMENT CHARACTER}")
    assert attribute.series is None
    assert attribute.extent is not None
    assert (attribute.extent.points, attribute.extent.last_step) == (2, 2.0)
    assert store.run(sender.run_id).points == 2


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    st.lists(
        st.one_of(st.tuples(st.none() | st.integers(-20, 20), st.text(max_size=30)), st.sampled_from(["ship", "fold"])),
        max_size=40,
    ),
    st.integers(1, 5),
)
def test_whatever_the_order(store: Store, actions: list[tuple[int | None, str] | str], limit: int) -> None:
    """Steps in any order and again, folded or not, small chunks, any page size, from either end: the last write of
    each step counts, and a point without a step comes behind the greatest one.
    """
    sender = store.sender(key=str(id(actions)) + str(store.cache))
    sender.journal.number("logs")
    expected: dict[float, bytes] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "CHUNK_POINTS", 3)
        patch.setattr(chunks, "OPEN_POINTS", 2)
        run_id = sender.run_id
        for action in actions:
            if action == "ship":
                sender.ship()
            elif action == "fold":
                store.folder.fold(run_id)
            else:
                step, text = action
                sender.journal.text(f"logs{run_id}", text, step)
                place = float(step) if step is not None else max(expected, default=-1.0) + 1.0
                expected[place] = text.encode()
        sender.ship()
        wanted = sorted(expected.items()) or None
        before = store.objects(run_id, f"logs{run_id}", limit)
        newest = store.objects(run_id, f"logs{run_id}", limit, newest_first=True)
    assert wanted is None or before == wanted
    assert wanted is None or newest == wanted[::-1]
    with store.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM ingest_log")
        for table in ("object_chunks", "series", "attributes"):
            connection.exec_driver_sql(f"DELETE FROM {table}")


@given(st.lists(st.tuples(st.integers(-(2**62), 2**62), st.integers(0, 2**45), st.binary(max_size=50)), min_size=1))
def test_chunk_round_trip(points: list[tuple[int, int, bytes]]) -> None:
    """A chunk gives back what went into it."""
    import numpy as np

    by_step = {step: (time, value) for step, time, value in points}
    steps = sorted(by_step)
    times = [by_step[step][0] for step in steps]
    values = [by_step[step][1] for step in steps]
    found = decode(encode(ObjectPoints(np.array(steps, np.int64), np.array(times, np.int64), values)))
    assert (found.steps.tolist(), found.times.tolist(), list(found.values)) == (steps, times, values)


def test_long_texts_fill_chunks_by_bytes(store: Store) -> None:
    """A chunk holds half a megabyte of text, or one longer text."""
    sender = store.sender()
    for step in range(8):
        sender.journal.text("logs", f"{step}" * 200_000, step)
    sender.ship()
    store.folder.fold(sender.run_id)
    with store.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT points, bytes FROM object_chunks ORDER BY step_min").all()
    assert [tuple(row) for row in rows] == [(2, 400_000)] * 4


def test_histograms_and_files_come_back(store: Store) -> None:
    """A histogram is kept bit for bit; a reference to a file says which writer's file it is."""
    sender = store.sender()
    sender.journal.histogram("grads", [0.0, 0.5, 1.5], [3.0, 4.0], 7)
    sender.journal.object("images", reference(0), 0)
    sender.journal.object("images", reference(1), 1)
    sender.journal.assign("model", reference(2))
    sender.ship()
    store.folder.fold(sender.run_id)
    [(step, value)] = store.objects(sender.run_id, "grads") or []
    assert (step, struct.unpack("<I5d", value)) == (7.0, (2, 0.0, 0.5, 1.5, 3.0, 4.0))
    images = [json.loads(value) for _, value in store.objects(sender.run_id, "images") or []]
    assert [image["file"] for image in images] == [0, 1]
    attributes = store.attributes(sender.run_id)
    assert attributes["grads"].value == {"bins": 2, "min": 0.0, "max": 1.5, "count": 7.0}
    assert attributes["model"].type == "file"
    model = attributes["model"].value
    assert isinstance(model, dict)
    assert model == {"writer": images[0]["writer"], **REFERENCE, "file": 2}


def test_string_set_grows_and_shrinks(store: Store) -> None:
    """Changes are applied in their order, to what is stored, from several writers, within and across folds."""
    one, other = store.sender(key="shared"), store.sender(key="shared")
    one.journal.assign("sys/tags", b'S["a", "b"]')
    one.journal.change_set("sys/tags", b"+", "c")
    one.journal.change_set("sys/tags", b"-", "a", "never there")
    one.ship()
    store.folder.fold(one.run_id)
    assert store.attributes(one.run_id)["sys/tags"].value == ["b", "c"]
    other.journal.change_set("sys/tags", b"+", "d")
    other.ship()
    one.journal.change_set("sys/tags", b"-", "b")
    one.ship()
    store.folder.fold(one.run_id)
    assert store.attributes(one.run_id)["sys/tags"].value == ["c", "d"]
    other.journal.change_set("sys/tags", b"0")
    other.journal.change_set("sys/tags", b"+", "e")
    other.ship()
    store.folder.fold(one.run_id)
    assert store.attributes(one.run_id)["sys/tags"].value == ["e"]
    assert not store.events(one.run_id)


def test_file_set_grows_and_shrinks(store: Store) -> None:
    """The attribute counts files and bytes; the entries say whose file each is; deleting takes them along."""
    sender = store.sender()
    for number, name in enumerate(["a.txt", "b/c.txt", "b/d.txt"]):
        entry: dict[str, object] = {"name": name, "file": number, "size": 10, "modified_ms": 5}
        sender.journal.change_files("sources", b"+", entry)
    sender.journal.change_files("sources", b"-", "a.txt", "never there")
    sender.ship()
    store.folder.fold(sender.run_id)
    assert store.attributes(sender.run_id)["sources"].value == {"files": 2, "bytes": 20}
    sender.journal.delete("sources")
    sender.ship()
    store.folder.fold(sender.run_id)
    with store.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM file_set_entries").scalar() == 0
    assert "sources" not in store.attributes(sender.run_id)


def test_events_are_there_at_once(store: Store) -> None:
    """An alert is stored with the batch that tells it, once, before any fold."""
    sender = store.sender()
    sender.journal.event("Loss is NaN", level="error", text="at step 3")
    sender.ship()
    [alert] = store.events(sender.run_id)
    assert (alert.kind, alert.level, alert.title, alert.text) == ("alert", "error", "Loss is NaN", "at step 3")


def test_deleted_texts_stay_deleted(store: Store) -> None:
    """Deleting ends a string series, folded or not; what is logged to it afterwards begins another, of any type."""
    sender = store.sender()
    sender.journal.text("a/logs", "old", 5)
    sender.ship()
    store.folder.fold(sender.run_id)
    sender.journal.text("a/logs", "newer", 6)
    sender.journal.delete("a")
    sender.journal.text("a/logs", "new")
    sender.ship()
    assert store.objects(sender.run_id, "a/logs") == [(0.0, b"new")]
    sender.journal.delete("a/logs")
    sender.journal.point("a/logs", 1.0, 0)
    sender.ship()
    store.folder.fold(sender.run_id)
    assert store.objects(sender.run_id, "a/logs") is None
    assert store.attributes(sender.run_id)["a/logs"].type == "float_series"
    assert not store.events(sender.run_id)
    with store.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM object_chunks").scalar() == 0


@pytest.mark.parametrize("folds", [True, False], ids=["several folds", "one fold"])
@pytest.mark.parametrize("numbers_first", [True, False])
def test_series_of_two_types(store: Store, folds: bool, numbers_first: bool) -> None:
    """A path that gets numbers and texts is what came first; a notice says what was not kept, once."""
    sender = store.sender()
    for round_number in range(2):
        for kind in (True, False) if numbers_first else (False, True):
            if kind:
                sender.journal.point("a", 0.5, round_number)
            else:
                sender.journal.text("a", "text", round_number)
            if folds:
                sender.ship()
                store.folder.fold(sender.run_id)
    sender.ship()
    store.folder.fold(sender.run_id)
    attribute = store.attributes(sender.run_id)["a"]
    kinds = ["a float series", "a string series"][:: 1 if numbers_first else -1]
    assert attribute.type == kinds[0][2:].replace(" ", "_")
    [notice] = store.events(sender.run_id)
    assert notice.title == f"a is {kinds[0]} and got points of {kinds[1]}"


@pytest.mark.parametrize("folds", [True, False], ids=["several folds", "one fold"])
def test_value_of_two_types(store: Store, folds: bool) -> None:
    """The value assigned last counts, and a notice keeps the one before; an int and a float are one type."""
    sender = store.sender()
    for value in (b"i" + struct.pack("<q", 3), b"f" + struct.pack("<d", 2.5), b"sfour", b'S["x"]'):
        sender.journal.assign("a", value)
        sender.ship()
        if folds:
            store.folder.fold(sender.run_id)
    store.folder.fold(sender.run_id)
    assert store.attributes(sender.run_id)["a"].value == ["x"]
    notices = sorted((notice.title, notice.text) for notice in store.events(sender.run_id))
    assert [title for title, _ in notices] == [
        "a was a float and became a string",
        "a was a string and became a string set",
    ]
    assert "2.5" in notices[0][1]
    assert "four" in notices[1][1]
