"""What commands print: JSON documents, and tables for people."""

from __future__ import annotations

import json
import math
import re
import sys
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Any

CELL_CHARACTERS = 60
FORMULA = re.compile(r"[=+\-@\t\r\n]")  # how a text begins that a spreadsheet runs


def print_json(document: Any) -> None:
    """Print one JSON document. NaN and infinities, which JSON has no numbers for, are texts."""
    print(json.dumps(_plain(document), indent=2, ensure_ascii=False, allow_nan=False))


def print_table(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows in columns as wide as they need; numbers to the right."""
    texts = [[shown_value(cell) for cell in row] for row in rows]
    widths = [max([_width(header), *(_width(row[index]) for row in texts)]) for index, header in enumerate(headers)]
    numeric = [all(_is_number(row[index]) for row in rows) and bool(rows) for index in range(len(headers))]
    print(_line(headers, widths, numeric))
    for row in texts:
        print(_line(row, widths, numeric))


def shown_value(value: Any) -> str:
    """Return a value in one short line, without anything that a terminal would take for a command."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, (set, frozenset, list)):
        value = ", ".join(map(str, sorted(value)))
    text = str(value)
    if len(text) > CELL_CHARACTERS:
        text = f"{text[: CELL_CHARACTERS - 1]}…"
    return "".join(character if character.isprintable() else " " for character in text)


def harmless(text: str) -> str:
    """Return a text for CSV: one that a spreadsheet would take for a formula gets an apostrophe in front."""
    return f"'{text}" if FORMULA.match(text) else text


def say(message: str) -> None:
    """Say something beside the output, on standard error."""
    print(f"tidelog: {message}", file=sys.stderr)


def _line(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    padded = [
        " " * (width - _width(cell)) + cell if right else cell + " " * (width - _width(cell))
        for cell, width, right in zip(cells, widths, numeric, strict=True)
    ]
    return "  ".join(padded).rstrip()


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    return value
