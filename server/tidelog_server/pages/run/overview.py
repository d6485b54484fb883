"""The tab that tells a run at a glance: alerts, metrics, parameters, the newest images, artifacts."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from tidelog_server.artifacts import artifacts
from tidelog_server.artifacts.artifacts import Version
from tidelog_server.pages.chart_sections import MONITORING
from tidelog_server.pages.run.media import MediaItem, newest_images
from tidelog_server.pages.run.tab import Shown, Tab
from tidelog_server.pages.tree import CLOSED_AT_FIRST, in_reading_order, matching_paths
from tidelog_server.runs.attributes import Attribute
from tidelog_server.runs.events import StoredEvent, events_of
from tidelog_server.runs.names import outside

EVENTS_READ, EVENTS_SHOWN = 50, 4
METRICS_SHOWN, VALUES_SHOWN, IMAGES_SHOWN, ARTIFACTS_SHOWN = 60, 120, 4, 8
SERIES = ("float_series", "string_series", "histogram_series", "file_series")
FILES = ("file", "file_set", "artifact", "git_ref")


@dataclass(frozen=True)
class Part:
    """The first attributes of a kind, in the order of reading, and how many there are beside them."""

    shown: tuple[Attribute, ...]
    hidden: int


@dataclass(frozen=True)
class OverviewView:
    """All that the tab shows."""

    alerts: tuple[StoredEvent, ...]
    metrics: Part
    values: Part
    images: tuple[MediaItem, ...]
    artifacts: tuple[tuple[str, Version], ...]


def _view(shown: Shown) -> OverviewView:
    metrics = outside(_found(shown, "float_series"), MONITORING)
    singles = [kind for kind in shown.names.by_type if kind not in (*SERIES, *FILES)]
    events = events_of(shown.connection, shown.run.id, limit=EVENTS_READ)
    alerts = [event for event in events if event.level != "info" or event.kind == "alert"]
    return OverviewView(
        alerts=tuple(alerts[:EVENTS_SHOWN]),
        metrics=_part(shown, metrics, METRICS_SHOWN),
        values=_part(shown, [path for path in _found(shown, *singles) if _is_own(path)], VALUES_SHOWN),
        images=tuple(newest_images(shown, IMAGES_SHOWN)),
        artifacts=tuple(artifacts.of_run(shown.connection, shown.run.id)[:ARTIFACTS_SHOWN]),
    )


def _found(shown: Shown, *types: str) -> tuple[str, ...]:
    return matching_paths(shown.names.of_type(*types), shown.find)


def _is_own(path: str) -> bool:
    """Whether somebody set it, and not tidelog itself."""
    return path.split("/", 1)[0] not in CLOSED_AT_FIRST


def _part(shown: Shown, paths: Sequence[str], limit: int) -> Part:
    first = shown.at(heapq.nsmallest(limit, paths, key=in_reading_order))
    ordered = sorted(first, key=lambda attribute: in_reading_order(attribute.path))
    return Part(tuple(ordered), max(0, len(paths) - limit))


TAB = Tab(
    name="overview",
    text="Overview",
    template="partials/run/overview.html",
    count=lambda shown: None,
    view=_view,
    partials={"run-overview": "partials/run/overview.html"},
    is_always_there=True,
)
