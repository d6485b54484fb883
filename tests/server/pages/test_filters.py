"""How pages write numbers, spans, times and values."""

from __future__ import annotations

import math
from datetime import datetime, timezone

import pytest

from tidelog_server.pages import filters


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.33333"),
        (123456.7, "123457"),
        (1e-5, "1e-5"),
        (2.5e12, "2.5e12"),
        (-0.00012345678, "-0.00012346"),
        (math.nan, "NaN"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),  # noqa: RUF001 - a minus sign
        (12345678901234567890, "12345678901234567890"),
        (None, "–"),  # noqa: RUF001 - a dash
    ],
)
def test_a_number_has_five_significant_digits_and_integers_all(value: float | int | None, text: str) -> None:
    """Short enough for a table, and never another number."""
    assert filters.number(value) == text


@pytest.mark.parametrize(
    ("span_ms", "text"),
    [
        (0, "0 ms"),
        (950, "950 ms"),
        (1_500, "1.5 s"),
        (59_999, "59 s"),
        (61_000, "1 min 01 s"),
        (3_600_000 * 5 + 60_000 * 7, "5 h 07 min"),
        (86_400_000 * 3 + 3_600_000 * 4, "3 d 4 h"),
        (-5, "0 ms"),
        (None, "–"),  # noqa: RUF001 - a dash
    ],
)
def test_a_span_has_its_two_greatest_units(span_ms: int | None, text: str) -> None:
    """A clock that went backwards is not shown as a negative time."""
    assert filters.duration(span_ms) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (["a", "b"], "a, b"),
        ({"files": 3, "bytes": 10}, "files: 3, bytes: 10"),
        ({"name": "digits", "hash": "8fe6", "files": 1, "bytes": 2_000}, "digits, 1 file, 2.0 kB, 8fe6"),
        ({"file": 7, "name": "model.pt", "media_type": "text/html", "size": 2_000}, "model.pt, 2.0 kB"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc), "2026-01-02 03:04:05 UTC"),
        ("x" * 500, "x" * 400 + "… (500 characters)"),
    ],
)
def test_a_value_is_one_line(value: object, text: str) -> None:
    """Whatever its type; a long text is cut and says how long it is."""
    assert filters.value_text(value) == text


def test_a_title_keeps_every_digit() -> None:
    """What is rounded in a cell can be read in full."""
    assert filters.exact(0.1 + 0.2) == "0.30000000000000004"


def test_times_of_a_broken_clock_are_shown_all_the_same() -> None:
    """A year beyond what a date can hold is no reason for an error page."""
    assert filters.moment(10**18).startswith("1970")
    assert filters.iso(10**18).endswith("Z")


def test_parts_of_a_path_make_the_path() -> None:
    """What is split for the layout is not changed."""
    for path in ("loss", "a/b", "a/b/", "/x"):
        assert filters.path_head(path) + filters.path_tail(path) == path
