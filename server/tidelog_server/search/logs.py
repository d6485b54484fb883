"""Which runs have printed something: the text of every string series, the newest runs first.

A filter of words beside each chunk tells which chunks need not be read. A search ends when it has found enough or its
time is up, and can be gone on with from there.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tidelog_server.errors import InvalidRequestError
from tidelog_server.search.filters import may_hold
from tidelog_server.search.phrases import Phrase
from tidelog_server.series.objects import chunks
from tidelog_server.series.objects.points import ObjectPoints
from tidelog_server.series.points import STEP_UNITS
from tidelog_server.tables import object_chunks, paths, projects, runs, series

CHUNKS_AT_ONCE = 500
BEFORE_CHARACTERS, BEHIND_CHARACTERS = 80, 160  # shown around what was found
SECONDS = 1.5


@dataclass(frozen=True)
class LogHit:
    """The last place in one series of a run: `before`, `found` and `behind` are parts of its line.

    `abandoned_by` is the attempt that left the line behind, 0 where it is part of the series.
    """

    label: str
    name: str
    number: int
    project: str
    path: str
    step: float
    time_ms: int
    before: str
    found: str
    behind: str
    abandoned_by: int


@dataclass(frozen=True)
class LogHits:
    """What was found. `next` is where to go on, None when everything was searched."""

    hits: tuple[LogHit, ...]
    next: str | None


def search_logs(
    connection: sa.Connection,
    phrase: Phrase,
    *,
    project_id: int | None = None,
    after: str | None = None,
    limit: int = 50,
    clock: Callable[[], float] = time.monotonic,
) -> LogHits:
    """The string series in which the phrase stands on one line, each with its last such line.

    Logs that arrived in the last seconds and are not folded yet are not among them; nor are runs in the trash.
    What a resumed run left behind is a series of its own. What a fork inherits is found where it was logged.
    `after` is the `next` of the search that this one goes on with.
    """
    deadline = clock() + SECONDS
    hits: list[LogHit] = []
    place = FIRST if after is None else _place(after)
    while rows := _chunks_behind(connection, project_id, place):
        for row in rows:
            if row.series_id == place.series_id and place.step_min == WHOLE_SERIES:
                continue  # its last line is found already
            place = Place(row.series_id, row.step_min)
            hit = _hit_in(connection, row, phrase)
            if hit is not None:
                hits.append(hit)
                place = Place(row.series_id, WHOLE_SERIES)
                if len(hits) == limit:
                    return LogHits(tuple(hits), place.text)
        if clock() > deadline:
            return LogHits(tuple(hits), place.text)
    return LogHits(tuple(hits), None)


@dataclass(frozen=True)
class Place:
    """How far a search has come, in the descending order of series and steps."""

    series_id: int
    step_min: int

    @property
    def text(self) -> str:
        """The place as an address has it."""
        return f"{self.series_id}.{self.step_min}"


WHOLE_SERIES = -(2**63)  # less than any step: all chunks of the series lie before the place
FIRST = Place(2**62, WHOLE_SERIES)


def _place(text: str) -> Place:
    series_id, _, step_min = text.partition(".")
    try:
        return Place(min(int(series_id), 2**62), max(int(step_min), WHOLE_SERIES))
    except ValueError as error:
        raise InvalidRequestError("This is no place in a search to go on from; start the search anew.") from error


def _chunks_behind(connection: sa.Connection, project_id: int | None, place: Place) -> Sequence[Any]:
    """The next chunks of texts, with their filters, but without what they hold."""
    key = sa.tuple_(object_chunks.c.series_id, object_chunks.c.step_min)
    query = (
        sa.select(object_chunks.c.series_id, object_chunks.c.step_min, object_chunks.c.words)
        .join(series, series.c.id == object_chunks.c.series_id)
        .join(runs, runs.c.id == series.c.run_id)
        .where(
            key < sa.tuple_(sa.literal(place.series_id), sa.literal(place.step_min)),
            object_chunks.c.words.is_not(None),
            runs.c.trashed_ms.is_(None),
        )
        .order_by(object_chunks.c.series_id.desc(), object_chunks.c.step_min.desc())
        .limit(CHUNKS_AT_ONCE)
    )
    if project_id is not None:
        query = query.where(runs.c.project_id == project_id)
    return connection.execute(query).all()


def _hit_in(connection: sa.Connection, row: Any, phrase: Phrase) -> LogHit | None:
    """The last place of the phrase in a chunk."""
    if not may_hold(row.words, phrase.words):
        return None
    points = chunks.load(connection, row.series_id, row.step_min)
    for number in reversed(range(len(points))):
        text = points.values[number].decode("utf-8", "replace")
        if match := phrase.find(text):
            return _hit(connection, row.series_id, points, number, text, match)
    return None


def _hit(
    connection: sa.Connection, series_id: int, points: ObjectPoints, number: int, text: str, match: re.Match[str]
) -> LogHit:
    query = (
        sa.select(
            runs.c.label,
            runs.c.name,
            runs.c.number,
            projects.c.name.label("project"),
            paths.c.path,
            series.c.abandoned_by,
        )
        .select_from(series)
        .join(runs, runs.c.id == series.c.run_id)
        .join(projects, projects.c.id == runs.c.project_id)
        .join(paths, paths.c.id == series.c.path_id)
        .where(series.c.id == series_id)
    )
    of = connection.execute(query).one()
    start, stop = text.rfind("\n", 0, match.start()) + 1, text.find("\n", match.end())
    return LogHit(
        label=of.label,
        name=of.name,
        number=of.number,
        project=of.project,
        path=of.path,
        step=int(points.steps[number]) / STEP_UNITS,
        time_ms=int(points.times[number]),
        before=text[start : match.start()][-BEFORE_CHARACTERS:],
        found=match[0],
        abandoned_by=max(of.abandoned_by, 0),
        behind=text[match.end() : stop if stop >= 0 else None][:BEHIND_CHARACTERS],
    )
