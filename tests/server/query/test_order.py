"""Paging through runs in any order."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.server.query import evaluation
from tests.server.query.conftest import StoredGallery
from tests.server.query.gallery import PATHS, GalleryRun
from tidelog_server.errors import InvalidRequestError
from tidelog_server.query.cursors import decode_cursor, encode_cursor
from tidelog_server.query.order import NOTHING, NUMBERS, TEXTS, Order, Place
from tidelog_server.query.parser import parse, parse_subject
from tidelog_server.query.syntax import Aggregate, Attribute, Subject
from tidelog_server.query.value_types import VIRTUAL
from tidelog_server.runs import table

SORTS = (
    *PATHS, *VIRTUAL, "no/such/path",
    *(f"{function}(metrics/acc)" for function in ("last", "min", "max", "mean", "variance", "count")),
    "min(params/mixed)", "min(no/such/path)",
)  # fmt: skip
ORDER = Order(Attribute("a"), True)


FILTER = "params/flag = true OR NOT exists(params/text)"


@pytest.mark.parametrize(("query", "few_runs"), [("", 0), (FILTER, 0), (FILTER, 1_000)], ids=["all", "walk", "sort"])
def test_pages_visit_each_run_once_in_order(
    gallery: StoredGallery, query: str, few_runs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By every attribute and aggregate, in both directions; runs without the value come last."""
    monkeypatch.setattr(table, "FEW_RUNS", few_runs)
    wanted = [run for run in gallery.runs if evaluation.matches(parse(query), run)]
    for sort in SORTS:
        for descending in (False, True):
            visited = visit(gallery, query, sort, descending)
            assert visited == expected_order(wanted, parse_subject(sort), descending), (sort, descending)


values = st.floats(allow_nan=False) | st.integers(-(2**63) + 1, 2**63 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200)
ids = st.integers(0, 2**63 - 1)
places = st.builds(Place, st.sampled_from([NUMBERS, NOTHING]), values, ids) | st.builds(
    Place, st.just(TEXTS), texts, ids
)


@given(places, st.booleans())
def test_a_cursor_keeps_its_place(place: Place, descending: bool) -> None:
    """Whatever a run's value, bit for bit, and fit for an address."""
    order = Order(Aggregate("min", Attribute("a/b")), descending)
    cursor = encode_cursor(order, place)
    assert repr(decode_cursor(order, cursor)) == repr(place)
    assert cursor.replace("-", "").replace("_", "").isalnum()


def forged(*content: Any) -> str:
    """A cursor of this content, with the mark of `ORDER`."""
    mark = json.loads(base64.urlsafe_b64decode(encode_cursor(ORDER, Place(0, 1.0, 1)) + "=="))[0]
    return base64.urlsafe_b64encode(json.dumps([mark, *content]).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "", "x", "%%%%", "ü", "\ud800", "A" * 5_000, "W10", "bnVsbA", "e30", base64.b64encode(b"[" * 3_000).decode(),
        forged(), forged(0, 1.0), forged(0, 1.0, 1, 1), forged(3, 1.0, 1), forged(-1, 1.0, 1), forged(True, 1.0, 1),
        forged(0, "x", 1), forged(0, True, 1), forged(0, None, 1), forged(0, 2**63, 1), forged(0, 10**400, 1),
        forged(1, 1.0, 1), forged(1, "\0", 1), forged(1, "\ud800", 1), forged(0, 1.0, -1), forged(0, 1.0, 2**63),
        forged(0, 1.0, 1.5),
    ],
)  # fmt: skip
def test_a_cursor_that_was_not_given_out_is_refused(cursor: str) -> None:
    """Nothing in a forged cursor reaches the database but a place that could exist."""
    with pytest.raises(InvalidRequestError, match="is no cursor"):
        decode_cursor(ORDER, cursor)


def test_a_cursor_belongs_to_its_order() -> None:
    """With another sort order or direction it would mean another place."""
    cursor = encode_cursor(ORDER, Place(NUMBERS, 1.0, 1))
    for other in (
        Order(Attribute("b"), True),
        Order(Attribute("a"), False),
        Order(Aggregate("last", Attribute("a")), True),
    ):
        with pytest.raises(InvalidRequestError, match="another sort order"):
            decode_cursor(other, cursor)


def test_places_that_no_run_has_are_places_all_the_same(gallery: StoredGallery) -> None:
    """A cursor made by hand gives a page, though an odd one, and no error of the database."""
    for sort in (
        "sys/creation_time",
        "sys/ended_time",
        "params/number",
        "params/mixed",
        "count(metrics/acc)",
        "sys/name",
    ):
        order = Order(parse_subject(sort), False)
        for segment, value in (
            (0, 2**63 - 1),
            (0, 1e300),
            (0, math.inf),
            (0, math.nan),
            (1, "\U0010ffff"),
            (2, 1e300),
            (2, 2**62),
        ):
            cursor = encode_cursor(order, Place(segment, value, 2**63 - 1))
            table.runs_table(gallery.connection, gallery.project_id, sort=sort, descending=False, after=cursor)


def visit(gallery: StoredGallery, query: str, sort: str, descending: bool) -> list[str]:
    """The keys of all runs, page by page."""
    keys: list[str] = []
    after = None
    while True:
        page = table.runs_table(
            gallery.connection, gallery.project_id, query=query, sort=sort, descending=descending, limit=19, after=after
        )
        keys.extend(row.run.key for row in page.rows)
        after = page.next
        if after is None:
            assert page.total == len(keys)
            return keys


def expected_order(wanted: list[GalleryRun], subject: Subject, descending: bool) -> list[str]:
    """The keys of runs by segment, value and id."""
    groups: tuple[list[tuple[Any, int, str]], ...] = ([], [], [])
    for run in wanted:
        value = sort_value(run, subject)
        segment = TEXTS if isinstance(value, str) else NOTHING if value is None else NUMBERS
        groups[segment].append((run.number if value is None else value, run.id, run.key))
    return [key for group in groups for _, _, key in sorted(group, reverse=descending)]


def sort_value(run: GalleryRun, subject: Subject) -> float | str | None:
    """What a run is sorted by, in plain Python."""
    path = subject.attribute.path if isinstance(subject, Aggregate) else subject.path
    columns = {"sys/id": run.number, "sys/creation_time": run.created_ms, "sys/ended_time": run.ended_ms}
    if path in columns:
        return columns[path]
    found = evaluation._attribute(run, path)
    if found is None or (isinstance(subject, Aggregate) and found[0] != "float_series"):
        return None
    kind, value = found
    if kind == "float_series":
        value = value.aggregate(subject.function if isinstance(subject, Aggregate) else "last")
    if kind == "datetime":
        return float(value.timestamp() * 1000)
    if kind == "string_set":
        return json.dumps(value, ensure_ascii=False)[:200]
    if isinstance(value, str):
        return value[:200]
    if value is not None and not math.isfinite(value):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    return None if value is None else float(value)
