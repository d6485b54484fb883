"""Where charts stand on a page: in sections by namespace, each chart an empty place until it comes into view."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tidelog_server.pages.addresses import sketch_address
from tidelog_server.pages.tree import in_reading_order

MAX_CHARTS = 300  # places drawn; the find box leads to the others
MONITORING = "monitoring"
TOP_LEVEL = "Top level"
CHARTS_PER_SECTION = 2  # on average; with fewer a page is mostly headings
FEW_SECTIONS = 4
PHASES = {"val": 1, "valid": 1, "validation": 1, "eval": 1, "test": 2}


@dataclass(frozen=True)
class ChartPlace:
    """One chart: the path it shows, what is written above it, the id of its element, its picture without JavaScript."""

    path: str
    title: str
    element: str
    sketch: str


@dataclass(frozen=True)
class ChartSection:
    """The charts of one namespace."""

    title: str
    charts: tuple[ChartPlace, ...]


@dataclass(frozen=True)
class Charts:
    """The charts of a page. `hidden` counts those that are not drawn."""

    sections: tuple[ChartSection, ...]
    shown: int
    hidden: int


def is_monitoring(path: str) -> bool:
    """Whether this path belongs to the hardware's measurements rather than to the training's."""
    return path.split("/", 1)[0] == MONITORING


def charts_of(paths: Iterable[str], *, project: str, labels: Sequence[str]) -> Charts:
    """The charts of these paths, each showing the runs with these labels."""
    wanted = sorted(set(paths), key=in_reading_order)
    shown = wanted[:MAX_CHARTS]
    by_section = _sections(shown)
    sections = tuple(
        ChartSection(title or TOP_LEVEL, tuple(place_of(path, title, project, labels) for path in by_section[title]))
        for title in sorted(by_section, key=_section_order)
    )
    return Charts(sections=sections, shown=len(shown), hidden=len(wanted) - len(shown))


def _sections(paths: Sequence[str]) -> dict[str, list[str]]:
    """The paths by the namespace they are shown under: two levels of it, or one if most charts would stand alone."""
    by_top: dict[str, list[str]] = {}
    for path in paths:
        by_top.setdefault("/".join(path.split("/")[:-1][:1]), []).append(path)
    sections: dict[str, list[str]] = {}
    for top, below in by_top.items():
        finer: dict[str, list[str]] = {}
        for path in below:
            finer.setdefault("/".join(path.split("/")[:-1][:2]), []).append(path)
        is_crowded = len(finer) <= FEW_SECTIONS or len(below) >= CHARTS_PER_SECTION * len(finer)
        sections.update(finer if is_crowded else {top: below})
    return sections


def _section_order(title: str) -> tuple[object, ...]:
    """Training before validation before test; what stands directly in a namespace after the namespaces below it."""
    top, _, below = title.partition("/")
    return (title != "", _phase(top), in_reading_order(top), not below, _phase(below), below)


def _phase(name: str) -> int:
    return PHASES.get(name.casefold(), 0)


def place_of(path: str, section: str, project: str, labels: Sequence[str], prefix: str = "") -> ChartPlace:
    """The place of one chart below the heading `section`; `prefix` tells places of one path on one page apart."""
    return ChartPlace(
        path=path,
        title=path[len(section) + 1 :] if section else path,
        element=f"chart-{prefix}{hashlib.sha256(path.encode()).hexdigest()[:12]}",
        sketch=sketch_address(project, path, labels),
    )
