"""Read the values that journal records hold (docs/reference/journal.md), checking each before anything is believed.

What is wrong raises a `ValueError`, `KeyError`, `TypeError` or `struct.error`; `records` says where it stood.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tidelog_server.tables import EVENT_KINDS, EVENT_LEVELS

TEXT_BYTES = 16 * 1024 * 1024
JSON_BYTES = 1024 * 1024  # of a reference: an artifact's, a commit's
HISTOGRAM_BINS = 10_000
TIME_LIMIT_S = 253402300800.0  # the year 10000
STEP_LIMIT = 4 * 10**18  # in millionths; differences of two steps stay within 64 bits
FILE_NUMBERS = 2**31
FILE_BYTES = 2**62
NAME_BYTES = 4096
TITLE_CHARACTERS = 1_000
EVENT_CHARACTERS = 100_000
AUTHOR_CHARACTERS = 255

VALUE_TYPES = {
    b"f": "float",
    b"i": "int",
    b"b": "bool",
    b"s": "string",
    b"d": "datetime",
    b"S": "string_set",
    b"F": "file",
    b"A": "artifact",
    b"G": "git_ref",
}
OBJECT_TYPES = {b"h": "histogram_series", b"F": "file_series"}


@dataclass(frozen=True)
class Event:
    """Something that happened, as a writer tells it: an alert, an event or a comment; an import brings notices too.

    `step` is in millionths, `author` who commented.
    """

    kind: str
    level: str
    time_ms: int
    step: int | None
    title: str
    text: str
    author: str | None = None


def read_value(payload: bytes) -> tuple[str, Any]:
    """The type and the value that are assigned."""
    kind = VALUE_TYPES[payload[:1]]
    return kind, _READERS[kind](payload[1:])


def check_text(payload: bytes) -> bytes:
    """The UTF-8 of a point of a string series, kept as it was logged."""
    if len(payload) > TEXT_BYTES:
        raise ValueError("a text of more than 16 MiB")
    payload.decode()
    return payload


def read_object(payload: bytes) -> tuple[str, bytes]:
    """The type of series that this object is a point of, and its bytes as they are kept."""
    kind = OBJECT_TYPES[payload[:1]]
    value = payload[1:]
    if kind == "histogram_series":
        _check_histogram(value)
        return kind, value
    return kind, as_json(read_file_reference(value))


def read_set_change(payload: bytes) -> tuple[str, list[str]]:
    """How a string set changes: `+`, `-` or `0`, and which strings come or go."""
    change, items = payload[:1].decode(), _read_string_set(payload[1:])
    if change not in ("+", "-", "0") or (change == "0" and items):
        raise ValueError("a change of a string set adds, removes or clears")
    return change, items


def read_file_set_change(payload: bytes) -> tuple[str, list[Any]]:
    """How a file set changes: `+` with entries, or `-` with names."""
    change, entries = payload[:1].decode(), json.loads(payload[1:])
    if change not in ("+", "-") or not isinstance(entries, list):
        raise ValueError("a change of a file set adds a list of files or removes a list of names")
    return change, [_file_set_entry(entry) if change == "+" else _file_name(entry) for entry in entries]


def read_event(payload: bytes) -> Event:
    """An alert, an event, a comment or a notice. A title or text that is too long is cut."""
    fields = json.loads(payload)
    kind, level, step = fields["kind"], fields["level"], fields["step"]
    if kind not in EVENT_KINDS or level not in EVENT_LEVELS:
        raise ValueError("no such kind or level of event")
    if step is not None:
        _whole(step, -STEP_LIMIT, STEP_LIMIT)
    title, text = _text(fields["title"])[:TITLE_CHARACTERS], _text(fields["text"])[:EVENT_CHARACTERS]
    author = None if fields.get("author") is None else _text(fields["author"])[:AUTHOR_CHARACTERS]
    return Event(kind, level, time_ms(float(fields["time"])), step, title, text, author)


def read_file_reference(payload: bytes) -> dict[str, Any]:
    """What a journal says of a file whose bytes travel beside it."""
    fields = json.loads(payload)
    reference = {
        "file": _whole(fields["file"], 0, FILE_NUMBERS - 1),
        "name": _text(fields["name"]),
        "extension": _text(fields["extension"]),
        "media_type": _text(fields["media_type"]),
        "size": _whole(fields["size"], 0, FILE_BYTES),
    }
    if fields.get("description") is not None:
        reference["description"] = _text(fields["description"])
    return reference


def time_ms(seconds: float) -> int:
    """Milliseconds, of a time that may be."""
    if not 0 <= seconds < TIME_LIMIT_S:
        raise ValueError(f"{seconds} is not a time between the years 1970 and 10000")
    return round(seconds * 1000)


def storable(text: str) -> str:
    """The text without NUL, which PostgreSQL cannot keep, and without lone surrogates, which UTF-8 cannot say."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def as_json(content: object) -> bytes:
    """JSON as it is kept, in UTF-8."""
    return json.dumps(content, ensure_ascii=False).encode()


def _check_histogram(payload: bytes) -> None:
    (bins,) = struct.unpack_from("<I", payload)
    if not 0 < bins <= HISTOGRAM_BINS or len(payload) != 4 + 8 * (2 * bins + 1):
        raise ValueError(f"a histogram of {bins} bins in {len(payload)} bytes")
    edges = np.frombuffer(payload, "<f8", bins + 1, 4)
    counts = np.frombuffer(payload, "<f8", bins, 4 + 8 * (bins + 1))
    if not bool(np.isfinite(edges).all() and (edges[1:] > edges[:-1]).all()):
        raise ValueError("the edges of a histogram are finite and ascend")
    if not bool(np.isfinite(counts).all() and (counts >= 0).all()):
        raise ValueError("the counts of a histogram are finite and not negative")


def _file_set_entry(entry: Any) -> dict[str, Any]:
    return {
        "name": _file_name(entry["name"]),
        "file": _whole(entry["file"], 0, FILE_NUMBERS - 1),
        "size": _whole(entry["size"], 0, FILE_BYTES),
        "modified_ms": _whole(entry["modified_ms"], -FILE_BYTES, FILE_BYTES),
    }


def _file_name(name: Any) -> str:
    """A relative name with slashes that leads nowhere else."""
    text = _text(name)
    if not 0 < len(text.encode()) <= NAME_BYTES or any(part in ("", ".", "..") for part in text.split("/")):
        raise ValueError(f"{text[:80]!r} is no name of a file in a file set")
    return text


def _text(text: Any) -> str:
    if not isinstance(text, str):
        raise TypeError("a text is wanted")
    return storable(text)


def _whole(number: Any, least: int, greatest: int) -> int:
    if type(number) is not int or not least <= number <= greatest:
        raise ValueError(f"a whole number from {least} to {greatest} is wanted")
    return int(number)


def _read_string(payload: bytes) -> str:
    return storable(check_text(payload).decode())


def _read_bool(payload: bytes) -> bool:
    return {b"\x00": False, b"\x01": True}[payload]


def _read_datetime(payload: bytes) -> int:
    (moment,) = struct.unpack("<q", payload)
    if abs(moment) >= TIME_LIMIT_S * 1000:
        raise ValueError("a datetime out of range")
    return int(moment)


def _read_string_set(payload: bytes) -> list[str]:
    items = json.loads(payload)
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise ValueError("a string set is a list of texts")
    return sorted({storable(item) for item in items})


def _read_json_object(payload: bytes) -> dict[str, Any]:
    if len(payload) > JSON_BYTES:
        raise ValueError("a reference of more than 1 MiB")
    content = _storable_json(json.loads(payload))
    if not isinstance(content, dict):
        raise TypeError("a reference is a JSON object")
    return content


def _storable_json(content: Any) -> Any:
    if isinstance(content, str):
        return storable(content)
    if isinstance(content, list):
        return [_storable_json(item) for item in content]
    if isinstance(content, dict):
        return {storable(key): _storable_json(item) for key, item in content.items()}
    if isinstance(content, float) and not np.isfinite(content):
        raise ValueError("a reference holds finite numbers only")
    return content


_READERS: dict[str, Callable[[bytes], Any]] = {
    "float": lambda payload: struct.unpack("<d", payload)[0],
    "int": lambda payload: struct.unpack("<q", payload)[0],
    "bool": _read_bool,
    "string": _read_string,
    "datetime": _read_datetime,
    "string_set": _read_string_set,
    "file": read_file_reference,
    "artifact": _read_json_object,
    "git_ref": _read_json_object,
}
