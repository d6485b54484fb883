"""How a query writes a time."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidelog_server.query.moments import UNITS_MS, parse_moment

NOW_MS = 1_800_000_000_000


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-25", datetime(2026, 11, 25, tzinfo=timezone.utc)),
        ("2026-11-25T08:30", datetime(2026, 11, 25, 8, 30, tzinfo=timezone.utc)),
        ("2026-11-25 08:30:15", datetime(2026, 11, 25, 8, 30, 15, tzinfo=timezone.utc)),
        ("2026-11-25T08:30:15.250Z", datetime(2026, 11, 25, 8, 30, 15, 250_000, tzinfo=timezone.utc)),
        ("2026-11-25T08:30:15.250999", datetime(2026, 11, 25, 8, 30, 15, 250_000, tzinfo=timezone.utc)),
        ("2026-11-25T08:30:00+05:30", datetime(2026, 11, 25, 3, 0, tzinfo=timezone.utc)),
        ("1969-12-31T23:59:59.999Z", datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=timezone.utc)),
    ],
)
def test_iso_8601_is_read_in_utc_unless_it_says_otherwise(text: str, moment: datetime) -> None:
    """To the millisecond, which is what is stored."""
    assert parse_moment(text, NOW_MS) == round(moment.timestamp() * 1000)


@pytest.mark.parametrize(("unit", "unit_ms"), UNITS_MS.items())
def test_a_relative_time_is_before_the_moment_of_the_query(unit: str, unit_ms: int) -> None:
    """-2d is two days ago, now is now."""
    assert parse_moment(f"-2{unit}", NOW_MS) == NOW_MS - 2 * unit_ms
    assert parse_moment("now", NOW_MS) == NOW_MS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2d",
        "-2",
        "-2y",
        "-1234567d",
        "2026",
        "2026-13-01",
        "2026-02-30",
        "20261125",
        "2026-11-25T25:00",
        "tomorrow",
        "٢٠٢٦-11-25",
    ],
)
def test_anything_else_is_no_moment(text: str) -> None:
    """Also what some versions of Python would read and others would not."""
    assert parse_moment(text, NOW_MS) is None


@given(st.datetimes(timezones=st.timezones()))
def test_every_datetime_of_python_is_read_as_it_is(moment: datetime) -> None:
    """Written by isoformat(), with any offset that isoformat() writes in hours and minutes."""
    written = moment.isoformat(timespec="milliseconds")
    if len(written) == len("2026-11-25T08:30:00.000+00:00"):
        expected = (datetime.fromisoformat(written) - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds()
        assert parse_moment(written, NOW_MS) == round(expected * 1000)
