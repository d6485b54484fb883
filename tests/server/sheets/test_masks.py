"""Queries on columns in memory against the same queries in plain Python."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings

from tests.server.query.conftest import StoredGallery
from tests.server.query.gallery import NOW_MS
from tests.server.query.strategies import queries
from tidelog_server.query.parser import parse
from tidelog_server.query.scope import scope_of
from tidelog_server.query.syntax import Query
from tidelog_server.sheets.masks import mask_of, subjects_in
from tidelog_server.sheets.store import Sheets


def found(gallery: StoredGallery, query: Query, sheets: Sheets) -> set[str]:
    """The keys of the runs that a sheet's mask holds."""
    sheet = sheets.sheet(gallery.connection, gallery.project_id, subjects_in(query))
    scope = scope_of(gallery.connection, gallery.project_id, query, moment_ms=NOW_MS)
    mask = mask_of(gallery.connection, sheet, query, scope)
    return {sheet.rows[place].key for place in np.flatnonzero(mask)}


@given(query=queries())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_mask_holds_the_runs_that_plain_python_finds(gallery: StoredGallery, query: Query) -> None:
    """Numbers compared in columns and the rest asked of the database agree with the meaning of the query."""
    assert found(gallery, query, Sheets()) == gallery.expected(query)


def test_what_is_remembered_is_the_answer_of_its_own_query(gallery: StoredGallery) -> None:
    """One sheet gives every query its own answer, however often and in whatever order they are asked."""
    sheets = Sheets()
    texts = ("params/number > 0", "params/number >= 0", "NOT params/number > 0", "adam", "ADAM gallery", "a OR b = 1")
    for text in (*texts[:5], *reversed(texts[:5])):
        query = parse(text)
        assert found(gallery, query, sheets) == gallery.expected(query), text
