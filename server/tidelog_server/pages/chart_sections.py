"""Where charts stand on a page: in sections by namespace, each chart an empty place until it comes into view."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tidelog_server.pages.addresses import sketch_address
from tidelog_server.pages.chart_view import ChartView
from tidelog_server.pages.tree import RUNS_KEPT, in_reading_order

OPEN_CHARTS = 60  # in all sections that are open at first; the others cost a line each until they are opened
PAGE_CHARTS = 60  # of one section
MONITORING = "monitoring"
MONITORING_PREFIX = f"{MONITORING}/"
TOP_LEVEL = "Top level"
EXPRESSIONS = "Expressions"
CHARTS_PER_SECTION = 2  # on average; with fewer a page is mostly headings
FEW_SECTIONS = 4
# Namespaces in the order of reading; all others come after these.
PHASES = {"train": -3, "training": -3, "val": -2, "valid": -2, "validation": -2, "eval": -2, "test": -1, "testing": -1}
FAMILY_ROWS = 4  # of one name in numbered namespaces, from which on they have a heat map
MOST_ROWS = 400
NUMBERED = re.compile(r"[^0-9]*[0-9]+")
NUMBERED_NAMESPACE = re.compile(r"(?:^|/)[^0-9/]*([0-9]+)/")
PAGES_OFFERED = 20
PAGES_AROUND = 3  # on each side of the current one, where there are more


@dataclass(frozen=True)
class LinePlace:
    """One of several lines of a chart: its path, what it is called there, and its number, which gives the colour."""

    path: str
    name: str
    number: int


@dataclass(frozen=True)
class ChartPlace:
    """One chart: the path it shows, what is written above it, the id of its element, its picture without JavaScript.

    With `lines` it shows these instead, and `path` is only its name.
    """

    path: str
    title: str
    element: str
    sketch: str
    is_expression: bool = False
    lines: tuple[LinePlace, ...] = ()


@dataclass(frozen=True)
class HeatPlace:
    """A heat map of metrics that differ in one number: `layers/*/grad_norm`. Paths and rows as JSON, from below."""

    title: str
    element: str
    paths: str
    rows: str


@dataclass(frozen=True)
class SectionPage:
    """One page of a section with many charts; `skips` says that pages before it are not offered."""

    number: int
    is_current: bool
    skips: bool = False


@dataclass(frozen=True)
class ChartSection:
    """The charts of one namespace. One that is not open has none; `total` counts all."""

    title: str
    charts: tuple[ChartPlace, ...]
    heat_maps: tuple[HeatPlace, ...] = ()
    total: int = 0
    is_open: bool = True
    opens_at_first: bool = True
    pages: tuple[SectionPage, ...] = ()


@dataclass(frozen=True)
class Charts:
    """The charts of a page."""

    sections: tuple[ChartSection, ...]
    total: int


def is_monitoring(path: str) -> bool:
    """Whether this path belongs to the hardware's measurements rather than to the training's."""
    return path.startswith(MONITORING_PREFIX) or path == MONITORING


def charts_of(paths: Iterable[str], *, project: str, labels: Sequence[str], view: ChartView | None = None) -> Charts:
    """The charts of these paths, each showing the runs with these labels. Sections beyond the first charts are closed
    unless the view opens them.
    """
    view = view or ChartView()
    drawn = [label for label in labels if view.shows(label)]
    wanted = tuple(paths)
    by_section = _sections_in_order(wanted)
    sections = []
    if view.expressions:
        places = tuple(_expression_place(text, project, drawn, view) for text in view.expressions)
        sections.append(ChartSection(EXPRESSIONS, places, total=len(places)))
    room = OPEN_CHARTS
    for title, found in by_section.items():
        opens_at_first = room > 0
        room -= min(len(found), PAGE_CHARTS)
        sections.append(_section(title, found, project, drawn, view, opens_at_first=opens_at_first))
    return Charts(sections=tuple(sections), total=sum(map(len, by_section.values())))


@lru_cache(maxsize=RUNS_KEPT)
def _sections_in_order(paths: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The paths by section, both in the order of reading."""
    by_section = _sections(sorted(set(paths), key=in_reading_order))
    return {title: tuple(by_section[title]) for title in sorted(by_section, key=_section_order)}


def _section(
    title: str, paths: tuple[str, ...], project: str, labels: Sequence[str], view: ChartView, *, opens_at_first: bool
) -> ChartSection:
    name = title or TOP_LEVEL
    is_open = name in view.opened or (opens_at_first and name not in view.folded)
    count = -(-len(paths) // PAGE_CHARTS)
    current = min(view.page_of(name), count)
    shown = paths[(current - 1) * PAGE_CHARTS : current * PAGE_CHARTS] if is_open else ()
    return ChartSection(
        title=name,
        charts=tuple(place_of(path, title, project, labels, view=view) for path in shown),
        heat_maps=_heat_maps(title, paths) if is_open and current == 1 else (),
        total=len(paths),
        is_open=is_open,
        opens_at_first=opens_at_first,
        pages=tuple(_pages(count, current)) if count > 1 else (),
    )


def _pages(count: int, current: int) -> Iterator[SectionPage]:
    """All pages, or the first and last ones and those around the current one."""
    before = 0
    for number in range(1, count + 1):
        if count <= PAGES_OFFERED or number in (1, count) or abs(number - current) <= PAGES_AROUND:
            yield SectionPage(number, number == current, skips=number > before + 1)
            before = number


@lru_cache(maxsize=RUNS_KEPT)
def _heat_maps(section: str, paths: tuple[str, ...]) -> tuple[HeatPlace, ...]:
    """One for each name that occurs in enough numbered namespaces, such as layers/0/grad_norm, layers/1/grad_norm."""
    families: dict[str, list[tuple[int, str]]] = {}
    for path in paths:
        if match := NUMBERED_NAMESPACE.search(path):
            start, end = match.span(1)
            families.setdefault(f"{path[:start]}*{path[end:]}", []).append((int(match[1]), path))
    return tuple(
        HeatPlace(
            title=pattern[len(section) + 1 :] if section and pattern.startswith(f"{section}/") else pattern,
            element=f"heat-{_digest(pattern)}",
            paths=json.dumps([path for _, path in sorted(rows)]),
            rows=json.dumps([str(number) for number, _ in sorted(rows)]),
        )
        for pattern, rows in families.items()
        if FAMILY_ROWS <= len(rows) <= MOST_ROWS
    )


def _sections(paths: Sequence[str]) -> dict[str, list[str]]:
    """The paths by the namespace they are shown under: two levels of it, or one if most charts would stand alone."""
    by_top: dict[str, list[str]] = {}
    for path in paths:
        by_top.setdefault(path[: max(0, path.find("/"))], []).append(path)
    sections: dict[str, list[str]] = {}
    for top, below in by_top.items():
        finer: dict[str, list[str]] = {}
        for path in below:
            end = path.find("/", len(top) + 1)
            finer.setdefault(top if end < 0 else path[:end], []).append(path)
        is_crowded = len(finer) <= FEW_SECTIONS or len(below) >= CHARTS_PER_SECTION * len(finer)
        is_numbered = all(NUMBERED.fullmatch(title.split("/")[-1]) for title in finer if title != top)
        sections.update(finer if is_crowded and not (is_numbered and len(finer) > FEW_SECTIONS) else {top: below})
    return sections


def _section_order(title: str) -> tuple[object, ...]:
    """Training before validation before test; what stands directly in a namespace after the namespaces below it."""
    top, _, below = title.partition("/")
    return (title != "", _phase(top), in_reading_order(top), not below, _phase(below), below)


def _phase(name: str) -> int:
    return PHASES.get(name.casefold(), 0)


def place_of(
    path: str, section: str, project: str, labels: Sequence[str], prefix: str = "", view: ChartView | None = None
) -> ChartPlace:
    """The place of one chart below the heading `section`; `prefix` tells places of one path on one page apart."""
    return ChartPlace(
        path=path,
        title=path[len(section) + 1 :] if section else path,
        element=f"chart-{prefix}{_digest(path)}",
        sketch=sketch_address(project, [path], labels, view.pairs if view else ()),
    )


def _expression_place(text: str, project: str, labels: Sequence[str], view: ChartView) -> ChartPlace:
    sketch = sketch_address(project, [], labels, [("expression", text), *view.pairs])
    return ChartPlace(text, text, f"chart-expression-{_digest(text)}", sketch, is_expression=True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
