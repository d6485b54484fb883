"""Turning what a user passes to `extend` into the arrays of one column record.

Arrays of numpy and their like come in through the buffer protocol, without importing them.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tidelog.errors import InvalidValueError, UnsupportedTypeError
from tidelog.values.encoding import (
    SCALAR_FAILURES,
    STEP_LIMIT,
    STEP_SCALE,
    UNNUMBERED_STEP,
    as_float,
    as_seconds,
    as_step,
    shown,
)


def float_column(values: object) -> array[float]:
    """Return the values as 64-bit floats."""
    view = _buffer(values)
    if view is not None and view.format == "d":
        numbers = array("d")
        numbers.frombytes(view.tobytes())
        return numbers
    items = _items(values, "values")
    try:
        return array("d", items)
    except SCALAR_FAILURES:
        return array("d", [as_float(item) for item in items])


def is_text_column(values: object) -> bool:
    """Say whether these are texts: a list, tuple or array whose first item is one."""
    return isinstance(values, Sequence) and not isinstance(values, str) and len(values) > 0 and type(values[0]) is str


def in_parts(records: Iterable[bytes], part_bytes: int) -> Iterator[bytes]:
    """Join records to parts of about this many bytes."""
    part: list[bytes] = []
    size = 0
    for record in records:
        part.append(record)
        size += len(record)
        if size >= part_bytes:
            yield b"".join(part)
            part, size = [], 0
    if part:
        yield b"".join(part)


def step_column(steps: object, count: int) -> array[int]:
    """Return the steps in millionths, `count` of them."""
    if steps is None:
        return array("q", [UNNUMBERED_STEP]) * count
    items = _counted(_items(steps, "steps"), count, "steps")
    integers = isinstance(steps, range) or set(map(type, items)) <= {int}
    if integers and items and min(items) >= -STEP_LIMIT and max(items) <= STEP_LIMIT:
        return array("q", [step * STEP_SCALE for step in items])
    return array("q", [as_step(step) for step in items])


def time_column(timestamps: object, count: int, now: float) -> array[float]:
    """Return the timestamps in seconds, `count` of them."""
    if timestamps is None:
        return array("d", [now]) * count
    return array("d", [as_seconds(item) for item in _counted(_items(timestamps, "timestamps"), count, "timestamps")])


def _counted(items: Sequence[Any], count: int, name: str) -> Sequence[Any]:
    if len(items) != count:
        raise InvalidValueError(f"extend got {count:,} values but {len(items):,} {name}; it takes one for each value")
    return items


def _items(values: object, name: str) -> Sequence[Any]:
    if isinstance(values, (list, tuple, range)):
        return values
    if isinstance(values, (str, bytes, bytearray, dict)):
        raise UnsupportedTypeError(
            f"{shown(values)} cannot be the {name} of extend; they are a list or an array of numbers"
        )
    tolist = getattr(values, "tolist", None)
    items = tolist() if callable(tolist) else values
    if isinstance(items, (str, bytes)) or not isinstance(items, Iterable):
        raise UnsupportedTypeError(
            f"{shown(values)} cannot be the {name} of extend; they are a list or an array of numbers"
        )
    return items if isinstance(items, list) else list(items)


def _buffer(values: object) -> memoryview | None:
    try:
        view = memoryview(values)  # type: ignore[arg-type]
    except (TypeError, ValueError, BufferError):
        return None
    return view if view.ndim == 1 else None
