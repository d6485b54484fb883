"""Writing queries and reading them back."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.server.query.strategies import queries
from tidelog_server.errors import QueryError
from tidelog_server.query.parser import parse


@given(queries())
@settings(max_examples=200, deadline=None)
def test_a_tree_that_is_written_is_read_back_as_it_was(query: object) -> None:
    """Nothing is lost or added between a tree and its text, not even the type of a number."""
    assert repr(parse(str(query))) == repr(query)


@given(queries(), st.data())
@settings(max_examples=200, deadline=None)
def test_any_cut_or_changed_query_parses_or_says_where_it_does_not(query: object, data: st.DataObject) -> None:
    """A wrong query is a `QueryError` that points into the query, or just behind it; never another exception."""
    text = str(query)
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, len(text)))
    changed = (
        text[:start]
        + data.draw(st.text(max_size=3) | st.sampled_from(["(", ")", "NOT ", "=", "`", '"', ":"]))
        + text[stop:]
    )
    _parses_or_points(changed)


@given(st.text(max_size=200) | st.text("()`\"'=<>!: aNOTandOR1.-e\\", max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_parses_or_says_where_it_does_not(text: str) -> None:
    """The same for texts that were never queries."""
    _parses_or_points(text)


def _parses_or_points(text: str) -> None:
    error = _error_of(text)
    if error is not None:
        assert 0 <= error.position <= len(text)
        assert 1 <= error.length <= max(1, len(text) - error.position)
        assert error.message


def _error_of(text: str) -> QueryError | None:
    try:
        parse(text)
    except QueryError as error:
        return error
    return None
