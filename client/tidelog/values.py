"""What a user may pass as a number, a step, a time or a value, and what is recorded for it.

Scalars of numpy, torch and their like are accepted by what they can do (`item()`, `__float__`), without importing them.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator, Mapping
from datetime import datetime

from tidelog.errors import InvalidValueError, UnsupportedTypeError

STEP_SCALE = 1_000_000
STEP_LIMIT = 4 * 10**12  # of steps; in millionths, differences of two of them stay within 64 bits
TIME_LIMIT_S = 253402300800.0  # the year 10000
UNNUMBERED_STEP = -(2**63)  # the server gives the point the next step of its series
STRING_BYTES = 16 * 1024 * 1024
SHOWN_CHARACTERS = 80

VALUES = "float, int, bool, str, datetime, a set of str, a dict of these, or a numpy or torch scalar"
STEPS = "a step is an int, a float or a Decimal between -4e12 and 4e12; six decimals are kept"
SCALAR_FAILURES = (
    TypeError,
    ValueError,
    OverflowError,
    RuntimeError,
)  # what foreign scalars raise from item() and float()


def shown(value: object) -> str:
    """Return the value as an error message names it: short, with its type."""
    text = repr(value)
    if len(text) > SHOWN_CHARACTERS:
        text = text[: SHOWN_CHARACTERS - 3] + "..."
    return f"{text} ({type(value).__name__})"


def as_float(value: object) -> float:
    """Return the number that a point of a series holds; bool counts as 1 and 0, NaN and infinities are numbers."""
    number = _plain(value)
    if isinstance(number, (str, bytes, bytearray)):
        raise UnsupportedTypeError(f"{shown(value)} cannot be a point of a series; a point is a number")
    try:
        return float(number)  # type: ignore[arg-type]
    except OverflowError as error:
        raise InvalidValueError(f"{shown(value)} is too large for a 64-bit float") from error
    except SCALAR_FAILURES as error:
        raise UnsupportedTypeError(f"{shown(value)} cannot be a point of a series; a point is a number") from error


def as_step(step: object) -> int:
    """Return the step in millionths; None is the mark that lets the server count."""
    if step is None:
        return UNNUMBERED_STEP
    micros = _micros(_plain(step), step)
    if not -STEP_LIMIT * STEP_SCALE <= micros <= STEP_LIMIT * STEP_SCALE:
        raise InvalidValueError(f"the step {shown(step)} is out of range; {STEPS}")
    return micros


def _micros(number: object, step: object) -> int:
    if isinstance(number, bool) or not hasattr(number, "__round__"):
        raise UnsupportedTypeError(f"{shown(step)} is not a step; {STEPS}")
    try:
        return round(number * STEP_SCALE)  # type: ignore[operator]
    except (ValueError, OverflowError) as error:
        raise InvalidValueError(f"the step {shown(step)} is not finite; {STEPS}") from error


def as_seconds(timestamp: object) -> float:
    """Return seconds since 1970 UTC; a datetime without a time zone is local time."""
    number = timestamp.timestamp() if isinstance(timestamp, datetime) else _plain(timestamp)
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise UnsupportedTypeError(
            f"{shown(timestamp)} is not a timestamp; it is float seconds since 1970, or a datetime"
        )
    if not 0 <= number < TIME_LIMIT_S:
        raise InvalidValueError(f"the timestamp {shown(timestamp)} is not between the years 1970 and 10000")
    return float(number)


def flatten(path: str, value: object) -> Iterator[tuple[str, object]]:
    """Yield (path, value) for every leaf of nested dicts (and argparse namespaces) below the path."""
    if type(value).__module__ == "argparse" and type(value).__name__ == "Namespace":
        value = vars(value)
    if not isinstance(value, Mapping):
        yield path, value
        return
    for key, item in value.items():
        if not isinstance(key, (str, int)) or isinstance(key, bool):
            raise UnsupportedTypeError(f"{shown(key)} is a key of the dict for {path!r}; keys are str or int")
        yield from flatten(f"{path}/{key}", item)


def encode_value(path: str, value: object) -> bytes:
    """Return the type byte and the bytes of a value that is assigned."""
    plain = _plain(value)
    if isinstance(plain, bool):
        return b"b\x01" if plain else b"b\x00"
    if isinstance(plain, float):
        return b"f" + struct.pack("<d", plain)
    if isinstance(plain, int):
        return b"i" + _int64(path, plain)
    if isinstance(plain, str):
        return b"s" + as_utf8(path, plain)
    if isinstance(plain, datetime):
        return b"d" + struct.pack("<q", math.floor(plain.timestamp() * 1000))
    if isinstance(plain, (set, frozenset)):
        return b"S" + _string_set(path, plain)
    raise UnsupportedTypeError(
        f"{path!r} cannot be {shown(value)}; accepted are {VALUES}. Pass str(value) to record it as text"
    )


def _plain(value: object) -> object:
    """Return the Python number behind a scalar (or an array of one element) of numpy, torch and their like."""
    item = getattr(value, "item", None)
    if item is None or not callable(item):
        return value
    try:
        return item()
    except SCALAR_FAILURES:
        return value


def _int64(path: str, number: int) -> bytes:
    try:
        return struct.pack("<q", number)
    except struct.error as error:
        raise InvalidValueError(
            f"{path!r} cannot be {shown(number)}; an int has 64 bits. Pass float(value) or str(value) instead"
        ) from error


def as_utf8(path: str, text: str) -> bytes:
    """Return the text in UTF-8; `path` is where it is logged, for the message."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) > STRING_BYTES:
        raise InvalidValueError(
            f"the text for {path!r} is {len(encoded):,} bytes long; at most {STRING_BYTES:,} are accepted"
        )
    return encoded


def _string_set(path: str, items: set[object] | frozenset[object]) -> bytes:
    strange = [item for item in items if not isinstance(item, str)]
    if strange:
        raise UnsupportedTypeError(f"{path!r} cannot be a set with {shown(strange[0])} in it; a set holds str only")
    return as_utf8(path, json.dumps(sorted(str(item) for item in items), ensure_ascii=False))
