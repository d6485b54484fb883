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
    by_title: dict[str, list[ChartPlace]] = {}
    for path in sorted(shown, key=lambda path: _section_of(path) != TOP_LEVEL):
        title = _section_of(path)
        by_title.setdefault(title, []).append(_place(path, title, project, labels))
    sections = tuple(ChartSection(title, tuple(charts)) for title, charts in by_title.items())
    return Charts(sections=sections, shown=len(shown), hidden=len(wanted) - len(shown))


def _section_of(path: str) -> str:
    parts = path.split("/")
    if is_monitoring(path) and len(parts) > 2:
        return "/".join(parts[:2])
    return parts[0] if len(parts) > 1 else TOP_LEVEL


def _place(path: str, section: str, project: str, labels: Sequence[str]) -> ChartPlace:
    return ChartPlace(
        path=path,
        title=path if section == TOP_LEVEL else path[len(section) + 1 :],
        element=f"chart-{hashlib.sha256(path.encode()).hexdigest()[:12]}",
        sketch=sketch_address(project, path, labels),
    )
