"""Attributes of runs side by side: those that differ first, with what is different about a value marked."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tidelog_server.pages.chart_sections import is_monitoring
from tidelog_server.pages.filters import value_text
from tidelog_server.pages.tree import in_reading_order
from tidelog_server.runs.comparison import Difference

MAX_ROWS = 1_000
PARAMETERS, METRICS = "Parameters", "Metrics, last value"
MONITORING, SYSTEM = "Monitoring, last value", "System"
GROUPS = (PARAMETERS, METRICS, MONITORING, SYSTEM)
SOURCE_NAMESPACES = ("source", "source_code", "git", "environment", "dependencies")
SOURCE_PATHS = ("sys/hostname", "sys/python", "sys/command")
PACKAGE_PATHS = ("source_code/requirements", "source_code/packages")
PACKAGE = re.compile(r"(?P<name>[\w.\-\[\],]+)\s*(?:===?|@)?\s*(?P<version>.*)")
CONTEXT_LINES = 2
MAX_LINES = 400  # of one difference of texts


@dataclass(frozen=True)
class Piece:
    """A part of a value's text; `is_changed` where it is not what most runs, or the first, have there."""

    text: str
    is_changed: bool


@dataclass(frozen=True)
class Cell:
    """One run's value of one attribute; `stands_out` where most of the other runs have another one."""

    value: object
    stands_out: bool
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True)
class DifferenceRow:
    """One attribute of all runs."""

    path: str
    differs: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class DifferenceGroup:
    """Rows that belong together, those that differ first."""

    title: str
    rows: tuple[DifferenceRow, ...]
    differing: int
    alike: int


@dataclass(frozen=True)
class TextLine:
    """A line of a text: added (+), removed (-) or the same in both; `…` stands for lines that are left out."""

    sign: str
    text: str


@dataclass(frozen=True)
class TextChange:
    """How the text of one run differs from that of the first run; no lines where it does not."""

    path: str
    label: str
    base: str
    lines: tuple[TextLine, ...]


def difference_groups(differences: Iterable[Difference], *, show_all: bool) -> tuple[tuple[DifferenceGroup, ...], int]:
    """The rows in groups by what they are, at most `MAX_ROWS` of them, and how many are left out."""
    by_title: dict[str, list[Difference]] = {title: [] for title in GROUPS}
    for row in differences:
        by_title[_group_of(row)].append(row)
    groups, room, hidden = [], MAX_ROWS, 0
    for title, rows in by_title.items():
        wanted = [row for row in rows if show_all or not row.same]
        wanted.sort(key=lambda row: (row.same, in_reading_order(row.path)))
        shown, hidden = wanted[:room], hidden + max(len(wanted) - room, 0)
        room -= len(shown)
        differing = sum(not row.same for row in rows)
        if rows:
            groups.append(DifferenceGroup(title, tuple(map(row_of, shown)), differing, len(rows) - differing))
    return tuple(groups), hidden


def is_source(path: str) -> bool:
    """Whether an attribute says where a run's code came from and what it ran in."""
    return path.split("/", 1)[0] in SOURCE_NAMESPACES or path in SOURCE_PATHS


def source_rows(differences: Iterable[Difference]) -> tuple[DifferenceRow, ...]:
    """What is said of source, version, dependencies and environment in one line, what differs first."""
    rows = [row for row in differences if is_source(row.path) and not _is_long(row)]
    rows.sort(key=lambda row: (row.same, in_reading_order(row.path)))
    return tuple(map(row_of, rows[:MAX_ROWS]))


def is_long_source(row: Difference) -> bool:
    """Whether this is a text of lines about source or environment, which runs differ in."""
    return is_source(row.path) and not row.same and _is_long(row)


def package_rows(differences: Iterable[Difference]) -> tuple[DifferenceRow, ...]:
    """The packages that are not in all runs, or not in one version: a row for each, with the version in each run."""
    rows = []
    for row in differences:
        if row.path not in PACKAGE_PATHS or not is_long_source(row):
            continue
        of_runs = [_packages_in(str(value or "")) for value in row.values]
        for name in sorted({name for packages in of_runs for name in packages}):
            versions = tuple(packages.get(name) for packages in of_runs)
            if len(set(versions)) > 1:
                rows.append(row_of(Difference(name, versions, same=False)))
    return tuple(rows[:MAX_ROWS])


def _packages_in(text: str) -> dict[str, str]:
    """Versions by name, of lines such as `numpy==2.1` and `tidelog @ file:///...`."""
    packages = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("#"):
            continue
        found = None if line.startswith("-") else PACKAGE.fullmatch(line)  # -e git+https://...
        packages[found["name"] if found else line] = (found["version"].strip() if found else "") or "any version"
    return packages


def text_changes(differences: Iterable[Difference], labels: Sequence[str]) -> tuple[TextChange, ...]:
    """Long texts of source and environment, such as what was not committed, against those of the first run."""
    changes = []
    for row in differences:
        if row.path in PACKAGE_PATHS or not is_long_source(row):
            continue
        base = str(row.values[0] or "")
        for label, value in zip(labels[1:], row.values[1:], strict=True):
            if str(value or "") != base:
                changes.append(TextChange(row.path, label, labels[0], lines_between(base, str(value or ""))))
    return tuple(changes)


def lines_between(before: str, after: str) -> tuple[TextLine, ...]:
    """The lines that differ, with a little of what stands around them."""
    found: list[TextLine] = []
    for line in difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=CONTEXT_LINES):
        if line.startswith(("---", "+++")):
            continue
        found.append(TextLine("…", "") if line.startswith("@@") else TextLine(line[0], line[1:]))
    if len(found) > MAX_LINES:
        found = [*found[:MAX_LINES], TextLine("…", "")]
    return tuple(found)


def row_of(difference: Difference) -> DifferenceRow:
    """The cells of an attribute, each marked where it differs from what is usual."""
    written = [repr(value) for value in difference.values]
    (usual, times), *_ = Counter(written).most_common(1)
    has_usual = not difference.same and 2 * times > len(written)
    base = difference.values[written.index(usual)] if has_usual else difference.values[0]
    cells = tuple(
        Cell(
            value=value,
            stands_out=has_usual and text != usual,
            pieces=() if difference.same else pieces_of(value, base),
        )
        for value, text in zip(difference.values, written, strict=True)
    )
    return DifferenceRow(path=difference.path, differs=not difference.same, cells=cells)


def pieces_of(value: object, base: object) -> tuple[Piece, ...]:
    """A text in pieces, that between what it begins and ends with like `base` being changed; nothing for no text."""
    if not isinstance(value, str) or not isinstance(base, str) or value == base:
        return ()
    text, other = value_text(value), value_text(base)
    most = min(len(text), len(other))
    start = next((place for place in range(most) if text[place] != other[place]), most)
    stop = next((place for place in range(most - start) if text[-1 - place] != other[-1 - place]), most - start)
    if start + stop == 0:
        return ()
    parts = ((text[:start], False), (text[start : len(text) - stop], True), (text[len(text) - stop :], False))
    return tuple(Piece(part, is_changed) for part, is_changed in parts if part)


def _group_of(row: Difference) -> str:
    if row.path.startswith("sys/"):
        return SYSTEM
    if not row.is_series:
        return PARAMETERS
    return MONITORING if is_monitoring(row.path) else METRICS


def _is_long(row: Difference) -> bool:
    return any(isinstance(value, str) and "\n" in value for value in row.values)
