"""Which figures are logged, chosen by patterns."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from tidelog.errors import InvalidValueError, UnsupportedTypeError
from tidelog.monitoring.probe import Wanted, everything
from tidelog.values.encoding import shown

EVERYTHING = ("*",)


def chosen_by(patterns: Iterable[str]) -> Wanted:
    """Return what says of a figure's path whether it is wanted.

    Patterns are those of file names: `gpu/*` is everything about GPUs. One with `!` before it leaves figures out,
    whatever the others say. If all of them leave out, everything else is wanted.
    """
    if isinstance(patterns, str):
        raise UnsupportedTypeError(f"figures {shown(patterns)} is text; give a list of patterns such as ['gpu/*']")
    given = list(patterns)
    for pattern in given:
        if not isinstance(pattern, str) or not pattern.strip("!"):
            raise InvalidValueError(f"{shown(pattern)} is not a pattern of figures; one looks like 'gpu/*' or '!cpu/*'")
    left_out = [pattern[1:] for pattern in given if pattern.startswith("!")]
    taken = [pattern for pattern in given if not pattern.startswith("!")] or (["*"] if left_out else [])
    if taken == ["*"] and not left_out:
        return everything

    def wanted(path: str) -> bool:
        return _matches(path, taken) and not _matches(path, left_out)

    return wanted


def _matches(path: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)
