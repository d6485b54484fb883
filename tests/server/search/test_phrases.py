"""What a search looks for."""

from __future__ import annotations

import pytest

from tidelog_server.errors import InvalidRequestError
from tidelog_server.search.phrases import phrase_of


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("cuda out of memory", "RuntimeError: CUDA out of memory. Tried to", "CUDA out of memory"),
        ("out of memory", "CUDA out-of-memory", "out-of-memory"),
        ("out of mem", "CUDA out-of-memory", None),
        ("memory", "in-memory", "memory"),
        ("emory", "memory", None),
        ("of memory", "of\nmemory", None),
        ("a.b (c)", "xx A_B a b c", "a b c"),
        ("größe", "GRÖSSE Größe", "Größe"),
    ],
)
def test_words_in_a_row(phrase: str, text: str, found: str | None) -> None:
    """Capitals and what stands between the words make no difference; words are whole."""
    match = phrase_of(phrase).find(text)
    assert (match and match[0]) == found


@pytest.mark.parametrize("text", ["", "  ", "?!.", "x" * 201])
def test_no_phrase(text: str) -> None:
    """Without a word, or with too many, a sentence says so."""
    with pytest.raises(InvalidRequestError):
        phrase_of(text)
