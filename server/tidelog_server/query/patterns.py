"""Regular expressions, by RE2: a user's expression takes time linear in the text, never exponential.

Neither database's own expressions would do: SQLite has none, and PostgreSQL's differ and can be made to run for ever.
RE2 has no look-around and no back-references; that is the price.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import re2  # type: ignore[import-untyped, unused-ignore]

PATTERN_LIMIT = 1_000  # characters
SEARCHED_CHARACTERS = 10_000  # of each text: a run's log pasted into an attribute is not read in full for every query
MEMORY_BYTES = 8 << 20  # for one compiled expression and its automaton
TEXTS_REMEMBERED = 1_000  # values repeat from run to run, and a call into RE2 costs ten look-ups


def check_pattern(pattern: str) -> str | None:
    """What is wrong with a regular expression, or None."""
    if len(pattern) > PATTERN_LIMIT:
        return f"longer than {PATTERN_LIMIT:,} characters"
    try:
        _compile(pattern)
    except re2.error as error:
        reason = error.args[0] if error.args else "not understood"
        return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
    return None


def matcher(pattern: str) -> Callable[[str], bool]:
    """A function that says whether the expression occurs in a text; `^` and `$` anchor it."""
    search = _compile(pattern).search

    @lru_cache(TEXTS_REMEMBERED)
    def matches(text: str) -> bool:
        return search(text) is not None

    return matches


def _compile(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MEMORY_BYTES
    return re2.compile(pattern, options)
