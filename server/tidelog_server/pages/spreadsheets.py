"""CSV for spreadsheets, which take a text for a formula, and run it, because of how it begins."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n")
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|-inf")


def harmless(text: str) -> str:
    """A text that no spreadsheet runs: what begins like a formula, and is no number, gets an apostrophe in front."""
    return f"'{text}" if text[:1] in FORMULA_BEGINS and not NUMBER.fullmatch(text) else text


def csv_lines(rows: Iterable[Iterable[str]]) -> str:
    """These rows as CSV."""
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\r\n").writerows(rows)
    return lines.getvalue()
