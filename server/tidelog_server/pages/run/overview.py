"""The tab that tells a run at a glance: alerts, metrics, parameters, the newest images, artifacts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tidelog_server.artifacts import artifacts
from tidelog_server.artifacts.artifacts import Version
from tidelog_server.pages.chart_sections import is_monitoring
from tidelog_server.pages.run.media import MediaItem, newest_images
from tidelog_server.pages.run.tab import Shown, Tab
from tidelog_server.pages.tree import CLOSED_AT_FIRST, in_reading_order, matching
from tidelog_server.runs.attributes import Attribute
from tidelog_server.runs.events import StoredEvent, events_of

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
    found = matching(shown.attributes, shown.find)
    events = events_of(shown.connection, shown.run.id, limit=EVENTS_READ)
    alerts = [event for event in events if event.level != "info" or event.kind == "alert"]
    return OverviewView(
        alerts=tuple(alerts[:EVENTS_SHOWN]),
        metrics=_part([one for one in found if one.series is not None and not is_monitoring(one.path)], METRICS_SHOWN),
        values=_part([one for one in found if _is_parameter(one)], VALUES_SHOWN),
        images=tuple(newest_images(shown, IMAGES_SHOWN)),
        artifacts=tuple(artifacts.of_run(shown.connection, shown.run.id)[:ARTIFACTS_SHOWN]),
    )


def _is_parameter(attribute: Attribute) -> bool:
    """Whether somebody set it: a single value, and none that tidelog adds itself."""
    return attribute.type not in (*SERIES, *FILES) and attribute.path.split("/", 1)[0] not in CLOSED_AT_FIRST


def _part(attributes: Sequence[Attribute], limit: int) -> Part:
    ordered = sorted(attributes, key=lambda attribute: in_reading_order(attribute.path))
    return Part(tuple(ordered[:limit]), max(0, len(ordered) - limit))


TAB = Tab(
    name="overview",
    text="Overview",
    template="partials/run/overview.html",
    count=lambda shown: None,
    view=_view,
    partials={"run-overview": "partials/run/overview.html"},
    is_always_there=True,
)
