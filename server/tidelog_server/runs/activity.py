"""What happened in each project: runs by day, the newest run, the room it takes. Three statements for all."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.tables import projects, runs

DAY_MS = 86_400_000
DAYS = 30


@dataclass(frozen=True)
class NewestRun:
    """The run that was started last."""

    label: str
    name: str
    state: str
    created_ms: int
    number: int


@dataclass(frozen=True)
class Activity:
    """`per_day` counts the runs that were started on each of the last `DAYS` days (UTC), today's last."""

    per_day: tuple[int, ...] = (0,) * DAYS
    series_bytes: int = 0
    attribute_bytes: int = 0
    file_bytes: int = 0
    newest: NewestRun | None = None

    @property
    def bytes(self) -> int:
        """What all of its runs take in storage, as last counted."""
        return self.series_bytes + self.attribute_bytes + self.file_bytes


def activity_by_project(connection: sa.Connection, now_ms: int) -> dict[int, Activity]:
    """The activity of every project that has any, by the project's number."""
    today = now_ms // DAY_MS
    days: dict[int, list[int]] = {}
    for project_id, day, count in connection.execute(_runs_by_day(today)):
        days.setdefault(project_id, [0] * DAYS)[int(day) - (today - DAYS + 1)] = count
    sizes = {
        project_id: (int(series or 0), int(attributes or 0), int(files or 0))
        for project_id, series, attributes, files in connection.execute(_sizes())
    }
    newest = {row.project_id: NewestRun(*row[1:]) for row in connection.execute(_newest())}
    return {
        project_id: Activity(
            tuple(days.get(project_id, (0,) * DAYS)),
            *sizes.get(project_id, (0, 0, 0)),
            newest.get(project_id),
        )
        for project_id in {*days, *sizes, *newest}
    }


def _runs_by_day(today: int) -> sa.Select[int, int, int]:
    day = sa.func.floor(runs.c.created_ms / sa.literal(float(DAY_MS)))
    first, last = (today - DAYS + 1) * DAY_MS, (today + 1) * DAY_MS
    here = (runs.c.kind == "run", runs.c.trashed_ms.is_(None), runs.c.created_ms >= first, runs.c.created_ms < last)
    return sa.select(runs.c.project_id, day, sa.func.count()).where(*here).group_by(runs.c.project_id, day)


def _sizes() -> sa.Select[int, int, int, int]:
    kinds = (sa.func.sum(size) for size in (runs.c.series_bytes, runs.c.attribute_bytes, runs.c.file_bytes))
    return sa.select(runs.c.project_id, *kinds).where(runs.c.purge_ms.is_(None)).group_by(runs.c.project_id)


def _newest() -> sa.Select[int, str, str, str, int, int]:
    one = runs.alias()
    newest = (
        sa.select(sa.func.max(one.c.number))
        .where(one.c.project_id == projects.c.id, one.c.kind == "run", one.c.trashed_ms.is_(None))
        .scalar_subquery()
    )
    return (
        sa.select(runs.c.project_id, runs.c.label, runs.c.name, runs.c.state, runs.c.created_ms, runs.c.number)
        .join(projects, projects.c.id == runs.c.project_id)
        .where(runs.c.kind == "run", runs.c.number == newest)
    )
