"""Events of a run: alerts and events that its job tells of, comments, and the server's own notices.

What a job tells is stored with the batch that tells it, so an alert is there as soon as it is acknowledged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.ingest.payloads import Event
from tidelog_server.tables import events

TITLES_PER_STATEMENT = 1_000


@dataclass(frozen=True)
class StoredEvent:
    """One event of a run; `step` is in millionths, `author` who commented."""

    id: int
    run_id: int
    kind: str
    level: str
    time_ms: int
    step: int | None
    title: str
    text: str
    author: str | None


def add(connection: sa.Connection, run_id: int, new: Sequence[Event]) -> None:
    """Add what a writer told."""
    if new:
        connection.execute(sa.insert(events), [{"run_id": run_id, **vars(event)} for event in new])


def new_ones(connection: sa.Connection, run_id: int, told: Sequence[Event]) -> list[Event]:
    """Those of these events that the run does not have yet, to the word and the millisecond."""
    if not told:
        return []
    names = list(Event.__dataclass_fields__)
    times = {event.time_ms for event in told}
    query = sa.select(*(events.c[name] for name in names)).where(
        events.c.run_id == run_id, events.c.time_ms.between(min(times), max(times))
    )
    known = {Event(*row) for row in connection.execute(query)}
    return [event for event in told if event not in known]


def add_notices(connection: sa.Connection, run_id: int, notices: Iterable[Event]) -> None:
    """Add notices of the server, each title once a run: what goes on going wrong is said once."""
    by_title = {notice.title: notice for notice in notices}
    if not by_title:
        return
    titles = sorted(by_title)
    for start in range(0, len(titles), TITLES_PER_STATEMENT):
        part = titles[start : start + TITLES_PER_STATEMENT]
        query = sa.select(events.c.title).where(
            events.c.run_id == run_id, events.c.kind == "notice", events.c.title.in_(part)
        )
        for known in connection.scalars(query):
            by_title.pop(known, None)
    add(connection, run_id, list(by_title.values()))


def count_events(connection: sa.Connection, run_id: int) -> int:
    """How many events the run has."""
    return int(connection.scalar(sa.select(sa.func.count()).where(events.c.run_id == run_id)) or 0)


def events_of(
    connection: sa.Connection, run_id: int, *, before: tuple[int, int] | None = None, limit: int = 100
) -> list[StoredEvent]:
    """The newest events of a run, newest first; with `before`, (time_ms, id) of one of them, those that follow it."""
    columns = [events.c[name] for name in StoredEvent.__dataclass_fields__]
    query = sa.select(*columns).where(events.c.run_id == run_id)
    if before is not None:
        query = query.where(sa.tuple_(events.c.time_ms, events.c.id) < before)
    query = query.order_by(events.c.time_ms.desc(), events.c.id.desc()).limit(limit)
    return [StoredEvent(*row) for row in connection.execute(query)]
