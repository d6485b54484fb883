"""Marks: events and comments of runs, which charts put on their x axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.clock import now_ms
from tidelog_server.series.points import STEP_UNITS, units
from tidelog_server.tables import events, runs

MOST = 2_000  # of one answer; the newest
TITLE_CHARACTERS = 200


@dataclass(frozen=True)
class Mark:
    """One event or comment. `start_ms` is when its run began, which relative times count from."""

    id: int
    run: int
    kind: str
    level: str
    time_ms: int
    start_ms: int
    step: float | None
    title: str
    text: str
    author: str | None


def marks_of(connection: sa.Connection, run_ids: Sequence[int]) -> list[Mark]:
    """The newest marks of these runs, in the order of time."""
    query = (
        sa.select(events, runs.c.created_ms)
        .join(runs, runs.c.id == events.c.run_id)
        .where(events.c.run_id.in_(run_ids))
        .order_by(events.c.time_ms.desc(), events.c.id.desc())
        .limit(MOST)
    )
    return [
        Mark(
            id=row.id,
            run=row.run_id,
            kind=row.kind,
            level=row.level,
            time_ms=row.time_ms,
            start_ms=row.created_ms,
            step=None if row.step is None else row.step / STEP_UNITS,
            title=row.title,
            text=row.text,
            author=row.author,
        )
        for row in reversed(connection.execute(query).all())
    ]


def add_comment(connection: sa.Connection, run_id: int, text: str, *, step: float | None, author: str | None) -> int:
    """Keep a comment on a run, at a step if there is one; returns its id. A text longer than a title goes on below."""
    first_line, _, rest = text.strip().partition("\n")
    title, more = first_line[:TITLE_CHARACTERS], first_line[TITLE_CHARACTERS:]
    statement = (
        sa.insert(events)
        .values(
            run_id=run_id,
            kind="comment",
            level="info",
            time_ms=now_ms(),
            step=units(step),
            title=title,
            text=(more + "\n" + rest).strip(),
            author=author,
        )
        .returning(events.c.id)
    )
    return int(connection.execute(statement).scalar_one())


def delete_comment(connection: sa.Connection, mark_id: int, *, run_id: int | None = None) -> bool:
    """Delete a comment, of this run if one is named; what a job has logged stays. Whether there was one."""
    statement = sa.delete(events).where(events.c.id == mark_id, events.c.kind == "comment")
    if run_id is not None:
        statement = statement.where(events.c.run_id == run_id)
    return connection.execute(statement).rowcount > 0
