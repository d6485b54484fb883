"""Paths of attributes."""

from __future__ import annotations

import pytest

from tidelog.errors import InvalidPathError, UnsupportedTypeError
from tidelog.paths import normal_path, quoted


@pytest.mark.parametrize(
    ("path", "normal"),
    [
        ("a", "a"),
        ("/a/b/", "a/b"),
        ("a b/ü/損失", "a b/ü/損失"),
        (" ", " "),
        (".hidden/a..b/...", ".hidden/a..b/..."),
        ("/".join("x" * 100), "/".join("x" * 100)),
    ],
)
def test_a_path_loses_the_slashes_around_it(path: str, normal: str) -> None:
    """Slashes around a path do not count; everything else stays as it is, 100 levels deep too."""
    assert normal_path(path) == normal


@pytest.mark.parametrize(
    "path", ["", "/", "a//b", "a/../b", ".", "a/.", "a\nb", "a\x00", "\x7f", "x" * 1025, "ü" * 513, "\ud800"]
)
def test_an_impossible_path_is_refused_with_what_is_accepted(path: str) -> None:
    """Empty names, control characters and more than 1,024 bytes raise, and the message says what a path is."""
    with pytest.raises(InvalidPathError, match="a path is text such as 'train/loss'"):
        normal_path(path)


@pytest.mark.parametrize("path", [None, 3, b"a", ["a"]])
def test_a_path_is_text(path: object) -> None:
    """Another type raises an error that is a TypeError too, and names the value."""
    with pytest.raises(UnsupportedTypeError) as caught:
        normal_path(path)
    assert isinstance(caught.value, TypeError)
    assert repr(path) in str(caught.value)


def test_quoting_is_that_of_urls() -> None:
    """Any text becomes one part of a URL or one file name."""
    assert quoted("mnist/run 1ü?") == "mnist%2Frun%201%C3%BC%3F"
