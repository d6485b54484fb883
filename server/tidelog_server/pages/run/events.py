"""The tab of what happened: alerts from code, events, comments, notices of the server."""

from __future__ import annotations

from tidelog_server.pages.run.tab import Shown, Tab
from tidelog_server.runs.events import StoredEvent, count_events, events_of

EVENTS_SHOWN = 200


def _view(shown: Shown) -> list[StoredEvent]:
    return events_of(shown.connection, shown.run.id, limit=EVENTS_SHOWN)


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
