"""Moments: how a query writes a time. `2026-11-25`, `2026-11-25T08:30:00Z`, `now`, or `-2d` for two days ago."""

from __future__ import annotations

import re
from datetime import datetime, timezone

UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
EXAMPLES = '"2026-11-25", "2026-11-25T08:30:00Z", "now" or "-2d" (units s, m, h, d, w)'

_RELATIVE = re.compile(r"-([0-9]{1,6})([smhdw])")
# What datetime.fromisoformat of Python 3.10 reads, and no more, so that every Python reads the same.
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{3}(?:\d{3})?)?)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def parse_moment(text: str, now_ms: int) -> int | None:
    """Milliseconds since 1970 UTC, or None if `text` is no moment. Without a time zone, UTC is meant."""
    relative = _RELATIVE.fullmatch(text)
    if relative:
        return now_ms - int(relative[1]) * UNITS_MS[relative[2]]
    if text == "now":
        return now_ms
    if not _ISO.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    since = (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000 + since.microseconds // 1_000
