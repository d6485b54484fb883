"""The tab of what happened: alerts from code, events, comments, notices of the server."""

from __future__ import annotations

from dataclasses import dataclass

from tidelog_server.pages.run.tab import Shown, Tab
from tidelog_server.runs.events import StoredEvent, count_events, events_of

EVENTS_SHOWN = 200


@dataclass(frozen=True)
class EventsView:
    """The newest events, the newest one first, and how many came before them."""

    events: tuple[StoredEvent, ...]
    hidden: int


def _view(shown: Shown) -> EventsView:
    found = tuple(events_of(shown.connection, shown.run.id, limit=EVENTS_SHOWN))
    is_all = len(found) < EVENTS_SHOWN
    return EventsView(found, 0 if is_all else count_events(shown.connection, shown.run.id) - len(found))


TAB = Tab(
    name="events",
    text="Events",
    template="partials/run/events.html",
    count=lambda shown: count_events(shown.connection, shown.run.id),
    view=_view,
    partials={"run-events": "partials/run_events.html"},
    is_always_there=True,
    finds=False,
)
