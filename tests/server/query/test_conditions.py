"""Queries in SQL against the same queries in plain Python, on each database engine."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from tests.server.query.conftest import StoredGallery
from tests.server.query.strategies import queries
from tidelog_server.query.parser import parse
from tidelog_server.query.syntax import Query


@given(query=queries())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sql_finds_the_runs_that_plain_python_finds(gallery: StoredGallery, query: Query) -> None:
    """Both ways to look for runs agree with the meaning of the query, on either engine."""
    expected = gallery.expected(query)
    assert gallery.found(query, "collect") == expected
    assert gallery.found(query, "probe") == expected


@pytest.mark.parametrize("access", ["collect", "probe"])
def test_the_deepest_query_is_answered(gallery: StoredGallery, access: str) -> None:
    """AND within OR within NOT, a hundred levels deep, is neither too deep for Python nor for a database."""
    text = "params/number > 0"
    for _ in range(33):
        text = f"exists(sys/tags) AND (params/flag = true OR NOT ({text}))"
    query = parse(text)
    assert gallery.found(query, access) == gallery.expected(query)  # type: ignore[arg-type]


def test_a_query_of_the_most_conditions_is_answered(gallery: StoredGallery) -> None:
    """As many conditions as the parser lets through are not too many for a database."""
    query = parse(" OR ".join(f"params/number = {number}" for number in range(100)))
    assert gallery.found(query, "collect") == gallery.found(query, "probe") == gallery.expected(query)


HOSTILE = (
    "'; DROP TABLE runs; --", '" OR 1=1 --', "%", "_", "\\", "'", '"', "') OR ('1'='1", ":number_1", "%(param)s", "?",
    "{}",
    "a' UNION SELECT key FROM runs --", "$1", "\n; DELETE FROM attributes", "*/ /*",
)  # fmt: skip


def test_texts_are_never_sql(gallery: StoredGallery) -> None:
    """A value or a name that looks like SQL, a parameter or a wildcard is only looked for."""
    for text in HOSTILE:
        quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        for query in (
            f"params/text = {quoted}", f"params/text CONTAINS {quoted}", f"sys/tags CONTAINS {quoted}",
            f"sys/name = {quoted}", f"`{text}` = 1", f"exists(`{text}`)", f"min(`{text}`) > 1", quoted,
        ):  # fmt: skip
            tree = parse(query)
            assert gallery.found(tree, "collect") == gallery.found(tree, "probe") == gallery.expected(tree)
    assert gallery.found(parse(""), "probe") == {run.key for run in gallery.runs}
