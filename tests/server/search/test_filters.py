"""Filters never hide a word that is there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tidelog_server.search.filters import make_filter, may_hold

words = st.sets(st.text(min_size=1, max_size=12), max_size=300)


@given(words, words)
def test_no_word_is_missed(there: set[str], others: set[str]) -> None:
    """Whatever else is in the text, each of its words may be in it."""
    made = make_filter(there | others)
    assert may_hold(made, there)
    assert may_hold(made, [])


def test_most_words_that_are_not_there_are_known_not_to_be() -> None:
    """One in a hundred looks as if it were, at most a few."""
    made = make_filter(f"word{number}" for number in range(10_000))
    strangers = sum(may_hold(made, [f"stranger{number}"]) for number in range(10_000))
    assert strangers < 300
    assert len(made) <= 2 * 10 * 10_000 / 8


def test_long_numbers_are_left_out() -> None:
    """They would fill the filter: a search for one reads the text instead."""
    made = make_filter(str(number) for number in range(100_000, 200_000))
    assert len(made) < 100
    assert may_hold(made, ["123456"])
