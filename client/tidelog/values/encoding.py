"""What a user may pass as a number, a step, a time or a value, and what is recorded for it.

Scalars of numpy, torch and their like are accepted by what they can do (`item()`, `__float__`), without importing them.
"""

from __future__ import annotations

import json
import math
import os
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timezone
from enum import Enum
from typing import Any

from tidelog.errors import InvalidValueError, UnsupportedTypeError

STEP_SCALE = 1_000_000
STEP_LIMIT = 4 * 10**12  # of steps; in millionths, differences of two of them stay within 64 bits
TIME_LIMIT_S = 253402300800.0  # the year 10000
UNNUMBERED_STEP = -(2**63)  # the server gives the point the next step of its series
STRING_BYTES = 16 * 1024 * 1024
SHOWN_CHARACTERS = 80
PATH_CHARACTERS = 300

STRING_SETS = frozenset({"sys/tags", "sys/group_tags"})  # a list is a set there
DEEPEST_LIST = 32

VALUES = (
    "numbers, bool, str, None, datetime, date, Path, Enum, Decimal, a set of str, lists of these, scalars of numpy and "
    "torch, and dicts, dataclasses, namespaces and OmegaConf configurations of all these"
)
STEPS = "a step is an int, a float or a Decimal between -4e12 and 4e12; six decimals are kept"
SCALAR_FAILURES = (
    TypeError,
    ValueError,
    OverflowError,
    RuntimeError,
)  # what foreign scalars raise from item() and float()


def shown(value: object) -> str:
    """Return the value as an error message names it: short, with its type."""
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001 - whatever somebody's __repr__ raises
        text = f"<repr failed: {type(error).__name__}>"
    if len(text) > SHOWN_CHARACTERS:
        text = text[: SHOWN_CHARACTERS - 3] + "..."
    return f"{text} ({type(value).__name__})"


def shown_path(path: str) -> str:
    """Return a path as a message names it: whole, or its beginning and its end where it is very long."""
    if len(path) > PATH_CHARACTERS:
        path = f"{path[: PATH_CHARACTERS // 2]}...{path[-PATH_CHARACTERS // 2 :]}"
    return repr(path)


def as_float(value: object) -> float:
    """Return the number that a point of a series holds; bool counts as 1 and 0, NaN and infinities are numbers."""
    number = plain_value(value)
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
    micros = _micros(plain_value(step), step)
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
    number = _timestamp(timestamp) if isinstance(timestamp, datetime) else plain_value(timestamp)
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise UnsupportedTypeError(
            f"{shown(timestamp)} is not a timestamp; it is float seconds since 1970, or a datetime"
        )
    if not 0 <= number < TIME_LIMIT_S:
        raise InvalidValueError(f"the timestamp {shown(timestamp)} is not between the years 1970 and 10000")
    return float(number)


def encode_value(path: str, value: object) -> bytes:
    """Return the type byte and the bytes of a value that is assigned."""
    plain = plain_value(value)
    if _is_exact(plain):
        plain = _rounded(path, plain)
    encode = next((encode for types, encode in _ENCODERS if isinstance(plain, types)), None)
    if encode is not None:
        return encode(path, plain)
    raise UnsupportedTypeError(
        f"{path!r} cannot be {shown(value)}; accepted are {VALUES}. Pass str(value) to record it as text, or "
        "tidelog.stringify_unsupported(values) for all that a nested value holds"
    )


def git_reference(reference: Mapping[str, object]) -> bytes:
    """Return the type byte and the bytes of a git reference that is assigned."""
    return b"G" + json.dumps(dict(reference), ensure_ascii=False).encode("utf-8", "replace")


def as_text_of(value: object) -> str:
    """Return str(value), or what can be said of a value whose text cannot be had."""
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 - whatever somebody's __str__ raises
        return f"<{type(value).__name__} without a text: {type(error).__name__}>"


def plain_value(value: object) -> object:
    """Return the Python number behind a scalar (or an array of one element) of numpy, torch and their like."""
    if isinstance(value, Enum) and not isinstance(value, (str, int, float)):
        return value.name
    item = getattr(value, "item", None)
    if item is None or not callable(item) or isinstance(value, (str, Mapping)):
        return value
    if type(value).__name__ == "DataFrame":  # polars gives the only cell of one, but a frame is a table
        return value
    if type(value).__name__ == "datetime64":
        return _moment(value)
    if type(value).__name__ == "MaskedConstant":  # of numpy: no value, of which item() makes 0.0
        return math.nan
    try:
        return item()
    except SCALAR_FAILURES:
        return value


def _is_exact(value: object) -> bool:
    """Say whether this is a Decimal or a Fraction, without importing either."""
    return type(value).__module__ in ("decimal", "_decimal", "_pydecimal", "fractions") and hasattr(value, "__float__")


def _rounded(path: str, number: Any) -> float:
    try:
        return float(number)
    except SCALAR_FAILURES as error:
        raise InvalidValueError(f"{path!r} cannot be {shown(number)}; it is no 64-bit float") from error


def _moment(value: Any) -> object:
    """Return the datetime (UTC) of numpy's datetime64, which knows no time zones."""
    moment = value.astype("datetime64[us]").item()
    return moment.replace(tzinfo=timezone.utc) if isinstance(moment, datetime) else value


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


def encode_strings(path: str, items: Iterable[object]) -> list[str]:
    """Return the strings of a string set, sorted."""
    if not isinstance(items, Iterable):
        raise UnsupportedTypeError(f"{path!r} cannot be a set of {shown(items)}; a set holds str only")
    strings: set[str] = set()
    for item in items:
        if not isinstance(item, str):
            raise UnsupportedTypeError(f"{path!r} cannot be a set with {shown(item)} in it; a set holds str only")
        strings.add(str(item))
    found = sorted(strings)
    as_utf8(path, json.dumps(found, ensure_ascii=False))  # raises if it is too long
    return found


def _string_set(path: str, items: Iterable[object]) -> bytes:
    return as_utf8(path, json.dumps(encode_strings(path, items), ensure_ascii=False))


def _list(path: str, items: Sequence[object]) -> bytes:
    """Return a list as JSON: one value, which reads the same in every run."""
    if path.strip("/") in STRING_SETS and all(isinstance(item, str) for item in items):
        return b"S" + _string_set(path, items)
    return b"s" + as_utf8(path, json.dumps([_json_item(path, item, 0) for item in items], ensure_ascii=False))


def _json_item(path: str, item: object, depth: int) -> object:
    plain = plain_value(item)
    if depth > DEEPEST_LIST:
        raise UnsupportedTypeError(
            f"the list for {path!r} is nested more than {DEEPEST_LIST} deep; does it hold itself?"
        )
    if plain is None or isinstance(plain, (str, bool, int, float)):
        return plain
    if isinstance(plain, (list, tuple)):
        return [_json_item(path, inner, depth + 1) for inner in plain]
    if isinstance(plain, Mapping):
        return {str(key): _json_item(path, inner, depth + 1) for key, inner in plain.items()}
    if isinstance(plain, os.PathLike):
        return os.fsdecode(plain)
    if _is_exact(plain):
        return _rounded(path, plain)
    if isinstance(plain, date):
        return plain.isoformat()
    raise UnsupportedTypeError(
        f"the list for {path!r} cannot hold {shown(item)}; it holds str, numbers, bool, None, lists and dicts. Use "
        "tidelog.stringify_unsupported(values), or append each item to a series"
    )


def _float(_: str, number: Any) -> bytes:
    return b"f" + struct.pack("<d", float(number))


def _datetime(path: str, moment: datetime) -> bytes:
    milliseconds = math.floor(_timestamp(moment.replace(microsecond=0))) * 1000 + moment.microsecond // 1000
    if abs(milliseconds) >= TIME_LIMIT_S * 1000:
        raise InvalidValueError(f"{path!r} cannot be {shown(moment)}; a datetime lies before the year 10000 in UTC")
    return b"d" + struct.pack("<q", milliseconds)


def _timestamp(moment: datetime) -> float:
    """Return seconds since 1970 UTC; a datetime without a time zone is local time."""
    try:
        return moment.timestamp()
    except (ValueError, OverflowError) as error:
        raise InvalidValueError(f"{shown(moment)} is no time that the system can count: {error}") from error


def _date(path: str, day: date) -> bytes:
    return _datetime(path, datetime(day.year, day.month, day.day, tzinfo=timezone.utc))


# In this order: a bool is an int, a datetime is a date.
_ENCODERS: tuple[tuple[type | tuple[type, ...], Callable[[str, Any], bytes]], ...] = (
    (bool, lambda _, value: b"b\x01" if value else b"b\x00"),
    (int, lambda path, value: b"i" + _int64(path, value)),
    (float, _float),
    (str, lambda path, value: b"s" + as_utf8(path, value)),
    (datetime, _datetime),
    (date, _date),
    ((set, frozenset), lambda path, value: b"S" + _string_set(path, value)),
    ((list, tuple), _list),
    (os.PathLike, lambda path, value: b"s" + as_utf8(path, os.fsdecode(value))),
    (type(None), lambda _path, _value: b"sNone"),
)
