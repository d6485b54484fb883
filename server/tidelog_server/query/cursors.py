"""Cursors: where a page ended, as an opaque text that a client gives back for the next one."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any

from tidelog_server.errors import InvalidRequestError
from tidelog_server.query.order import NOTHING, TEXTS, Order, Place
from tidelog_server.query.tokens import UNSTORABLE

CURSOR_CHARACTERS = 4_000  # 200 characters of text, escaped and in base64, take 1,600
LARGEST_ID = (1 << 63) - 1


def encode_cursor(order: Order, place: Place) -> str:
    """The place of a run in an order, safe in URLs."""
    return pack([_mark(order), place.segment, place.value, place.run_id])


def pack(content: list[Any]) -> str:
    """The text that `unpack` makes the same content of."""
    text = json.dumps(content, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(order: Order, cursor: str) -> Place:
    """The place that a cursor means. Raises `InvalidRequestError` for one that this order has not given out."""
    try:
        mark, segment, value, run_id = unpack(cursor)
    except (ValueError, TypeError, RecursionError, binascii.Error) as error:
        raise no_cursor(cursor) from error
    if not (_is_integer(segment, NOTHING) and _is_integer(run_id, LARGEST_ID) and _is_value(segment, value)):
        raise no_cursor(cursor)
    if mark != _mark(order):
        raise other_order()
    return Place(segment, value, run_id)


def other_order() -> InvalidRequestError:
    """The error of a cursor that another sort order gave out."""
    message = "The cursor belongs to another sort order. Ask for the first page again, without a cursor."
    return InvalidRequestError(message, field="after")


def unpack(cursor: str) -> list[Any]:
    """The content of a packed text. Raises `ValueError` or `TypeError` for what is none."""
    if len(cursor) > CURSOR_CHARACTERS:
        raise ValueError("too long")
    padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
    return list(json.loads(base64.b64decode(padded, b"-_", validate=True)))


def _is_integer(value: object, largest: int) -> bool:
    return type(value) is int and 0 <= value <= largest


def _is_value(segment: int, value: object) -> bool:
    """Whether a run can have this value in this segment; what no database stores would be an error there."""
    if segment == TEXTS:
        return isinstance(value, str) and not UNSTORABLE.search(value)
    return type(value) is float or (type(value) is int and abs(value) <= LARGEST_ID)


def _mark(order: Order) -> str:
    return mark_of(f"{order.subject} {order.descending}")


def mark_of(text: str) -> str:
    """Tells orders apart without repeating a long path."""
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def no_cursor(cursor: str) -> InvalidRequestError:
    """The error of a text that is no cursor."""
    shown = cursor[:40].encode("ascii", "backslashreplace").decode()
    message = f"{shown!r} is no cursor. Pass on the `next` of a page as it came, or ask for the first page."
    return InvalidRequestError(message, field="after")
