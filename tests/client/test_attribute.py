"""Appending, extending, assigning and deleting, down to the records in the journal."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest
import torch

import tidelog
from tests.client.conftest import OpenRun, whole_stream
from tidelog.journal.reading import (
    Assign,
    Column,
    Define,
    Delete,
    Event,
    Point,
    Record,
    Row,
    SetChange,
    TextPoint,
    read_records,
)
from tidelog.journal.segments import find_journals
from tidelog.values.encoding import UNNUMBERED_STEP

Written = Callable[[], list[Record]]


def test_an_append_is_one_point(run: tidelog.Run, written: Written) -> None:
    """The first append defines the path, each is 28 bytes with step, time and value."""
    before = time.time()
    run["train/loss"].append(0.5, step=3)
    run["train/loss"].append(1, step=0.1, timestamp=5.0)
    run["train/loss"].log(math.nan)
    definition, first, second, third = written()
    assert definition == Define(2, "train/loss")
    assert first._replace(seconds=0.0) == Point(2, 3_000_000, 0.0, 0.5)
    assert before <= first.seconds <= time.time()
    assert second == Point(2, 100_000, 5.0, 1.0)
    assert third.step == UNNUMBERED_STEP
    assert math.isnan(third.value)


def test_a_timestamp_may_be_a_datetime(run: tidelog.Run, written: Written) -> None:
    """It is kept as seconds since 1970."""
    run["x"].append(1.0, step=1, timestamp=datetime(1970, 1, 2, tzinfo=timezone.utc))
    assert written()[-1] == Point(2, 1_000_000, 86400.0, 1.0)


def test_a_dict_append_is_one_row(run: tidelog.Run, written: Written) -> None:
    """A dict on a namespace gives one record with a value for each path, nested dicts included."""
    for step in (1, 2):
        run["train"].append(
            {"loss": step / 4, "acc": np.float32(0.5), "top": {"k": torch.tensor(5)}}, step=step, timestamp=9.0
        )
    rows = [record for record in written() if isinstance(record, Row)]
    assert rows == [Row(step * 1_000_000, 9.0, (2, 3, 4), (step / 4, 0.5, 5.0)) for step in (1, 2)]


def test_a_dict_append_with_known_keys_takes_new_values(run: tidelog.Run, written: Written) -> None:
    """What is remembered of the keys does not depend on the values: numbers, scalars, then a nested dict."""
    for value in (1, 2.0, np.float32(3), {"deep": 4}, 5):
        run["n"].append({"a": value}, step=0, timestamp=0.0)
    rows = [record for record in written() if isinstance(record, Row)]
    assert [(row.numbers, row.values) for row in rows] == [
        ((2,), (1.0,)), ((2,), (2.0,)), ((2,), (3.0,)), ((3,), (4.0,)), ((2,), (5.0,)),
    ]  # fmt: skip


def test_an_empty_dict_append_is_nothing(run: tidelog.Run, written: Written) -> None:
    """Nothing is recorded, and nothing raises."""
    run["n"].append({})
    run["n"].append({"a": {}})
    run["p"] = {}
    run["e"].extend([])
    assert written() == []


def test_a_dict_that_names_a_path_twice_is_refused(run: tidelog.Run, written: Written) -> None:
    """A row holds one value for each path."""
    with pytest.raises(tidelog.InvalidValueError, match="'n/a/b' twice"):
        run["n"].append({"a/b": 1, "a": {"b": 2}})
    assert written() == []


def test_extend_is_one_column(run: tidelog.Run, written: Written) -> None:
    """Many points of one series are one record."""
    run["x"].extend(np.array([1.0, math.inf]), steps=[0.5, 7], timestamps=[1.0, 2.0])
    assert written()[1:] == [Column(2, (500_000, 7_000_000), (1.0, 2.0), (1.0, math.inf))]


def test_a_long_extend_is_split(run: tidelog.Run, written: Written) -> None:
    """A column holds at most 100,000 points."""
    run["x"].extend(range(250_001), steps=range(250_001))
    lengths = [len(record.values) for record in written()[1:] if isinstance(record, Column)]
    assert lengths == [100_000, 100_000, 50_001]


def test_values_are_assigned_with_their_types(run: tidelog.Run, written: Written) -> None:
    """A nested dict gives one value for each leaf; `assign` is the same as an assignment."""
    run["params"] = {"lr": 0.5, "opt": {"name": "adam"}}
    run["a"]["b"] = 3
    run["flag"].assign(True)
    records = written()
    paths = {record.number: record.path for record in records if isinstance(record, Define)}
    values = {paths[record.number]: record.value[:1] for record in records if isinstance(record, Assign)}
    assert values == {"params/lr": b"f", "params/opt/name": b"s", "a/b": b"i", "flag": b"b"}


def test_a_wrong_value_in_a_dict_assigns_nothing(run: tidelog.Run, written: Written) -> None:
    """All of the values are checked before any is recorded."""
    with pytest.raises(tidelog.UnsupportedTypeError, match="'params/bad' cannot be"):
        run["params"] = {"good": 1, "bad": object()}
    assert written() == []


@pytest.mark.parametrize(
    ("step", "timestamp"), [("1", None), (math.nan, None), (10**13, None), (None, "now"), (None, math.nan)]
)
@pytest.mark.parametrize("known", [False, True])
def test_wrong_arguments_raise_and_record_nothing(
    run: tidelog.Run, written: Written, step: object, timestamp: object, known: bool
) -> None:
    """Before the first point of a series and after it, for one value and for a dict."""
    if known:
        run["n"].append({"x": 1.0})
    before = written()
    for value in (1.0, {"x": 1.0}):
        with pytest.raises(tidelog.ArgumentError):
            run["n" if isinstance(value, dict) else "n/x"].append(value, step=step, timestamp=timestamp)
    assert written() == before


def test_a_path_is_a_series_or_a_value(run: tidelog.Run) -> None:
    """Using a path as both raises at the call and names both kinds."""
    run["series"].append(1.0)
    run["value"] = 1
    with pytest.raises(
        tidelog.KindConflictError, match="'series' is a float series in this run and cannot become an int"
    ):
        run["series"] = 2
    with pytest.raises(
        tidelog.KindConflictError, match="'value' is an int in this run and cannot become a float series"
    ):
        run["value"].append(2.0)
    with pytest.raises(tidelog.KindConflictError):
        run["value"].extend([2.0])
    run["n"].append({"x": 1})
    with pytest.raises(tidelog.KindConflictError):
        run["n/x"].assign(3)


def test_a_refused_conflict_leaves_the_path_as_it_is(run: tidelog.Run, written: Written) -> None:
    """Neither kind is taken up by a call that raised."""
    run["n/value"] = 1
    with pytest.raises(tidelog.KindConflictError):
        run["n"].append({"new": 1.0, "value": 2.0})
    run["n/new"] = "free still"
    run["n/value"] = 2.5
    assert [type(record) for record in written()] == [Define, Assign, Define, Assign, Assign]


def test_a_deleted_path_may_become_anything(run: tidelog.Run, written: Written) -> None:
    """Deleting takes everything below along, and what dict appends remember."""
    run["a"].append({"x": 1.0, "y": 1.0})
    run["ab"].append(1.0)
    del run["a"]
    run["a/x"] = "text"
    with pytest.raises(tidelog.KindConflictError):
        run["a"].append({"x": 2.0, "y": 2.0})
    with pytest.raises(tidelog.KindConflictError):
        run["ab"] = 1
    del run["a"]["x"]
    run["a/x"].append(2.0)
    assert [record.number for record in written() if isinstance(record, Delete)] == [5, 2]


def test_one_path_is_one_attribute(run: tidelog.Run) -> None:
    """However it is spelled; handles may be kept."""
    assert run["a"]["b"] is run["a/b"]
    assert run["/a/b/"] is run["a/b"]


@pytest.mark.parametrize("path", ["", None, 3, "a\n", [1]])
def test_an_impossible_path_raises_at_the_call(run: tidelog.Run, path: object) -> None:
    """Wherever a path is given."""
    for call in (run.__getitem__, run["a"].__getitem__, run.__delitem__, lambda path: run.__setitem__(path, 1)):
        with pytest.raises(tidelog.ArgumentError):
            call(path)  # type: ignore[operator]


def test_many_paths_and_a_million_characters(run: tidelog.Run, written: Written) -> None:
    """20,000 paths in one dict, a path 100 levels deep and a long text are nothing special."""
    wide = {f"layer/{number}/norm": float(number) for number in range(20_000)}
    deep = "/".join(["level"] * 100)
    text = "ü" * 1_000_000
    run["wide"].append(wide, step=1)
    run[deep].append(1.0)
    run["text"] = text
    records = written()
    assert sum(isinstance(record, Define) for record in records) == 20_002
    assert next(record for record in records if isinstance(record, Row)).values == tuple(wide.values())
    assert records[-1].value == b"s" + text.encode()


def test_debug_checks_arguments_and_keeps_nothing(open_run: OpenRun) -> None:
    """Mode debug raises for wrong arguments, takes right ones, and writes no file."""
    run = open_run(mode="debug")
    run["x"].append(1.0)
    run["x"].extend([1.0])
    run["p"] = {"a": 1}
    del run["p"]
    with pytest.raises(tidelog.UnsupportedTypeError):
        run["x"].append(object())
    assert run.wait() is True
    assert not run.directory.exists()


@pytest.mark.parametrize("mode", ["offline", "debug"])
def test_a_stopped_run_takes_nothing_more(open_run: OpenRun, mode: str) -> None:
    """Every way of writing raises, for known paths and for new ones; stopping again does nothing."""
    run = open_run(mode=mode)
    run["x"].append(1.0)
    run.stop()
    run.stop()
    for write in (
        lambda: run["x"].append(1.0),
        lambda: run["y"].append(1.0),
        lambda: run["n"].append({"x": 1.0}),
        lambda: run["x"].extend([1.0]),
        lambda: run.__setitem__("z", 1),
        lambda: run.__delitem__("x"),
    ):
        with pytest.raises(tidelog.RunStoppedError, match="the run was stopped"):
            write()


def test_a_read_only_run_refuses_to_write(open_run: OpenRun) -> None:
    """Every way of writing raises, and names the path."""
    run = open_run(mode="read-only", with_id="MNIST-3")
    for write in (
        lambda: run["x"].append(1.0),
        lambda: run["n"].append({"x": 1.0}),
        lambda: run["x"].extend([1.0]),
        lambda: run.__setitem__("x", 1),
        lambda: run.__delitem__("x"),
    ):
        with pytest.raises(tidelog.ReadOnlyError, match="read-only"):
            write()
    run.stop()


def test_texts_make_a_string_series(run: tidelog.Run, written: Written) -> None:
    """One by one, many at once, and beside numbers in a dict; each with its step and time."""
    run["logs"].append("first", step=1, timestamp=5.0)
    run["logs"].extend(["second", "naïve"], steps=[2, 3], timestamps=[6.0, 7.0])
    run["step"].append({"loss": 0.5, "note": "better"}, step=4, timestamp=8.0)
    texts = [record[1:] for record in written() if isinstance(record, TextPoint)]
    assert texts == [
        (1_000_000, 5.0, "first"), (2_000_000, 6.0, "second"), (3_000_000, 7.0, "naïve"), (4_000_000, 8.0, "better")
    ]  # fmt: skip


def test_a_text_of_more_than_16_mebibytes_raises(run: tidelog.Run, written: Written) -> None:
    """At the call, naming the path; nothing is recorded."""
    before = len(written())
    with pytest.raises(tidelog.InvalidValueError, match="'logs' is 16,777,217 bytes long"):
        run["logs"].append("x" * (16 * 1024 * 1024 + 1))
    assert len(written()) == before


def test_a_value_keeps_its_type(run: tidelog.Run, written: Written) -> None:
    """Another type raises, names both, and records nothing; ints and floats are one type; deletion makes it free."""
    run["lr"] = 1
    run["lr"] = 0.1
    before = len(written())
    with pytest.raises(tidelog.KindConflictError, match="'lr' is a float in this run and cannot become a string"):
        run["lr"] = "0.1"
    with pytest.raises(tidelog.KindConflictError, match="'lr' is a float in this run and cannot become a string set"):
        run["lr"].add("x")
    with pytest.raises(tidelog.KindConflictError, match="cannot become a string series"):
        run["lr"].append("x")
    assert len(written()) == before
    del run["lr"]
    run["lr"] = "0.1"


def test_a_string_set_changes(run: tidelog.Run, written: Written) -> None:
    """One string or several are added and removed; all go with clear."""
    tags = run["sys/tags"]
    tags.add("one")
    tags.add(["b", "a"])
    tags.remove({"a"})
    tags.clear()
    changes = [(record.change, record.items) for record in written() if isinstance(record, SetChange)]
    assert changes == [("+", ("one",)), ("+", ("a", "b")), ("-", ("a",)), ("0", ())]
    with pytest.raises(tidelog.UnsupportedTypeError, match="a set holds str only"):
        tags.add([1])  # type: ignore[list-item]


def test_a_list_of_tags_is_a_set(run: tidelog.Run, written: Written) -> None:
    """sys/tags and sys/group_tags take lists; elsewhere a list is one text."""
    run["sys/tags"] = ["b", "a"]
    run["params/layers"] = [64, 32]
    values = [record.value for record in written() if isinstance(record, Assign)][-2:]
    assert values == [b'S["a", "b"]', b"s[64, 32]"]


def test_tags_given_at_the_start_are_added(open_run: OpenRun, journals: Path) -> None:
    """To what a resumed run has already; group tags beside them."""
    open_run(tags=["a"], group_tags=["g"])
    [folder] = find_journals(str(journals))
    changes = [record for record in read_records(whole_stream(folder)) if isinstance(record, SetChange)]
    assert [(change.change, change.items) for change in changes] == [("+", ("a",)), ("+", ("g",))]


def test_an_alert_is_an_event(run: tidelog.Run, written: Written) -> None:
    """With its level and step; a wrong level, a title that is no text or too long raises."""
    run.alert("Loss is NaN", "since epoch 3", level="error", step=7)
    alert = written()[-1]
    assert isinstance(alert, Event)
    assert alert._replace(seconds=0.0) == Event("alert", "error", 0.0, 7_000_000, "Loss is NaN", "since epoch 3")
    with pytest.raises(tidelog.InvalidValueError, match="info, warning, error"):
        run.alert("x", level="loud")
    with pytest.raises(tidelog.UnsupportedTypeError, match="it is a str"):
        run.alert(ValueError("x"))  # type: ignore[arg-type]
    with pytest.raises(tidelog.InvalidValueError, match="at most 1,000 fit"):
        run.alert("x" * 1001)
