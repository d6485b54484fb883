"""Regular expressions, by RE2: a user's expression takes time linear in the text, never exponential.

Neither database's own expressions would do: SQLite has none, and PostgreSQL's differ and can be made to run for ever.
RE2 has no look-around and no back-references; that is the price.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import re2  # type: ignore[import-untyped, unused-ignore]

PATTERN_LIMIT = 1_000  # characters
SEARCHED_CHARACTERS = 10_000  # of each text: a log pasted into an attribute is not read in full for every query
MEMORY_BYTES = 8 << 20  # for one compiled expression and its automaton


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
    compiled = _compile(pattern)
    return lambda text: bool(compiled.Match(text))


def _compile(pattern: str) -> Any:
    """A set of one expression: it says only whether there is a match, in an eighth of the time of `re2.search`."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MEMORY_BYTES
    re2.compile(pattern, options)  # says what is wrong with an expression, which a set does not
    compiled = re2.Set.SearchSet(options)
    compiled.Add(pattern)
    compiled.Compile()
    return compiled
