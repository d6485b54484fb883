"""What a path holds, in the words of its user. A path keeps its kind until it is deleted."""

from __future__ import annotations

FILE = "file"
ARTIFACT = "artifact"
FLOAT_SERIES = "float series"
STRING_SERIES = "string series"
HISTOGRAM_SERIES = "histogram series"
FILE_SERIES = "file series"
STRING_SET = "string set"
FILE_SET = "file set"

# By the type byte of a value in a journal.
BY_TYPE = {
    b"f": "float",
    b"i": "int",
    b"b": "bool",
    b"s": "string",
    b"d": "datetime",
    b"S": STRING_SET,
    b"F": FILE,
    b"A": ARTIFACT,
    b"G": "git reference",
}
NUMBERS = frozenset({"float", "int"})


def kind_of(value: bytes) -> str:
    """Return the kind of an encoded value, from its type byte."""
    return BY_TYPE[value[:1]]


def fits(kind: str, other: str) -> bool:
    """Say whether a path of one kind may take the other: the same, or both numbers."""
    return kind == other or (kind in NUMBERS and other in NUMBERS)


def with_article(kind: str) -> str:
    """Return `a float`, `an int`."""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
