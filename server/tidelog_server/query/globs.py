"""Patterns for paths: `*` stands for anything within one part of a path, `**` for anything, `?` for one character."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from tidelog_server.query.patterns import matcher

_WILDCARDS = re.compile(r"(\*\*|\*|\?)")
_MEANING = {"**": ".*", "*": "[^/]*", "?": "[^/]"}


def glob_matcher(globs: Iterable[str]) -> Callable[[str], bool]:
    """A function that says whether a path matches one of the patterns; without any, every path does."""
    patterns = [_as_expression(glob) for glob in globs]
    if not patterns:
        return lambda path: True
    return matcher(f"^(?:{'|'.join(patterns)})$")


def _as_expression(glob: str) -> str:
    parts = _WILDCARDS.split(glob)
    return "".join(_MEANING.get(part, re.escape(part)) for part in parts)
