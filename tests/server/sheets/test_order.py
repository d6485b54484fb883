"""Paging through a sheet by one key and by several."""

from __future__ import annotations

import itertools

import pytest

from tests.server.query.conftest import StoredGallery
from tests.server.query.test_order import SORTS, forged
from tidelog_server.errors import InvalidRequestError
from tidelog_server.query.parser import parse_subject
from tidelog_server.runs import table
from tidelog_server.sheets.order import SortKey
from tidelog_server.sheets.store import Sheets
from tidelog_server.sheets.table import select

SHEETS = Sheets


def pages(gallery: StoredGallery, keys: list[SortKey], query: str = "", limit: int = 19) -> list[int]:
    """The numbers of all runs in order, page by page."""
    sheets, after, visited = Sheets(), None, []
    while True:
        selection = select(gallery.connection, sheets, gallery.project_id, query=query, keys=keys)
        page = selection.page(limit, after)
        assert page.start == len(visited)
        visited += page.run_ids
        after = page.next
        if after is None:
            assert selection.total == len(visited)
            return visited


@pytest.mark.parametrize("descending", [False, True])
def test_one_key_orders_as_the_database_does(gallery: StoredGallery, descending: bool) -> None:
    """By every attribute and aggregate: the two ways to the table show the same."""
    for sort in SORTS:
        expected = table.runs_table(gallery.connection, gallery.project_id, sort=sort, descending=descending, limit=200)
        wanted = [row.run.id for row in expected.rows]
        assert pages(gallery, [SortKey(parse_subject(sort), descending)]) == wanted, sort


def test_later_keys_order_what_earlier_ones_leave_equal(gallery: StoredGallery) -> None:
    """Several keys are as sorting by the last first, each time keeping what was equal as it was."""
    names = ("sys/state", "params/flag", "min(metrics/acc)")
    for directions in itertools.product((False, True), repeat=3):
        keys = [SortKey(parse_subject(name), down) for name, down in zip(names, directions, strict=True)]
        by_last = pages(gallery, [keys[2]])
        expected = by_last
        for key in (keys[1], keys[0]):
            ranks = ranks_of(gallery, key)
            expected = sorted(expected, key=ranks.__getitem__)
        assert pages(gallery, keys) == expected, directions


def ranks_of(gallery: StoredGallery, key: SortKey) -> dict[int, tuple[int, float]]:
    """The place of each run by one key alone, equal runs having equal places."""
    runs = {run.id: run for run in gallery.runs}
    ranks = {}
    for run_id, run in runs.items():
        if str(key.subject) == "`sys/state`":
            value: float | None = sorted({one.state for one in runs.values()}).index(run.state)
        else:
            kind, stored = run.attributes.get("params/flag", ("", None))
            value = None if kind == "" else float(stored)
        ranks[run_id] = (value is None, (-value if key.descending else value) if value is not None else 0.0)
    return ranks


def test_a_page_begins_behind_a_run_that_is_gone(gallery: StoredGallery) -> None:
    """The cursor holds values, not the run: a filter that no longer lets it through moves nothing."""
    keys = [SortKey(parse_subject("sys/state"), False), SortKey(parse_subject("sys/name"))]
    everything = pages(gallery, keys)
    selection = select(gallery.connection, Sheets(), gallery.project_id, keys=keys)
    last = selection.page(10).run_ids[-1]
    label = next(run.number for run in gallery.runs if run.id == last)
    filtered = select(gallery.connection, Sheets(), gallery.project_id, keys=keys, query=f'sys/id != "GALLERY-{label}"')
    assert filtered.page(200, selection.page(10).next).run_ids == everything[10:]


@pytest.mark.parametrize("cursor", ["", "x", "ü", "e30", forged(), forged([[0]], 1), forged([[9, 1.0]], 1)])
def test_a_cursor_that_was_not_given_out_is_refused(gallery: StoredGallery, cursor: str) -> None:
    """What a person types into the address is an error that says so."""
    selection = select(gallery.connection, Sheets(), gallery.project_id, keys=[SortKey(parse_subject("a"))])
    with pytest.raises(InvalidRequestError):
        selection.page(10, cursor)
