"""The tab of what was logged step by step and is no number: images, audio, video, figures, tables, histograms.

All of them stand at one step, so that what belongs together is seen together: each shows its last point up to there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tidelog_server.blobs.store import MissingBytesError
from tidelog_server.errors import InvalidRequestError
from tidelog_server.files.reading import RunFile, resolved
from tidelog_server.pages.addresses import objects_address, run_address, table_address
from tidelog_server.pages.objects.histograms import Drawing, bars
from tidelog_server.pages.objects.origins import PARAMETER, Origins, attempt_of, kept_pairs, origins_of
from tidelog_server.pages.objects.tables import MEDIA_TYPE, TablePart, part_of
from tidelog_server.pages.run.files import ShownFile, shown_file
from tidelog_server.pages.run.tab import Shown, Tab
from tidelog_server.pages.tree import matching_paths
from tidelog_server.runs.runs import labels_of
from tidelog_server.series.objects.heads import ObjectHead
from tidelog_server.series.objects.lookup import FoundObjects, find_abandoned, find_many, left_behind
from tidelog_server.series.objects.points import ObjectPoints
from tidelog_server.series.objects.reading import page_of
from tidelog_server.series.points import STEP_UNITS

TYPES = ("file_series", "histogram_series")
SERIES_SHOWN = 60
STEPS = 500  # of a series, the newest, that one can step through
TABLE_BYTES = 256 * 1024  # of a table that is shown among others; a larger one has a page
TABLE_ROWS, TABLE_COLUMNS = 12, 16
STEPS_LIMIT = 2**62
MOST_DIGITS = 19


@dataclass(frozen=True)
class MediaItem:
    """One series at the step that all stand at. One of `shown`, `table` and `bars` is there, or `begins` says when the
    series begins. `step` is that of the point, in millionths, `address` leads to it alone, `ancestor` names the run
    that it is inherited from.
    """

    path: str
    points: int
    address: str
    step: int | None = None
    begins: int | None = None
    shown: ShownFile | None = None
    table: TablePart | None = None
    bars: Drawing | None = None
    ancestor: str = ""


@dataclass(frozen=True)
class Stepper:
    """Where all series can go from the step at which they stand; addresses, empty where there is nothing."""

    step: int
    place: int
    steps: tuple[int, ...]
    first: str
    previous: str
    next: str
    last: str


@dataclass(frozen=True)
class MediaView:
    """All that the tab shows."""

    items: tuple[MediaItem, ...]
    stepper: Stepper | None
    hidden: int
    origins: Origins


@dataclass(frozen=True)
class _Point:
    """The point of a series that is shown, and the steps of the series."""

    found: FoundObjects
    steps: list[int]
    points: ObjectPoints  # one, or none where the series begins later


@dataclass(frozen=True)
class _Chosen:
    """The series that are drawn, or what the attempt `abandoned` left behind of them (0: the series)."""

    abandoned: int
    found: Mapping[str, FoundObjects]
    hidden: int
    left_behind: Sequence[ObjectHead]  # of all series


def _view(shown: Shown) -> MediaView:
    chosen = _chosen(shown, matching_paths(shown.names.of_type(*TYPES), shown.find))
    at = step_of(shown.query.get("at", ""))
    points = {path: _point(shown, found, at) for path, found in chosen.found.items()}
    files = _files(shown, points)
    steps = sorted({step for point in points.values() for step in point.steps})
    ancestors = {path: ancestor for path, point in points.items() if (ancestor := _ancestor(point)) is not None}
    labels = labels_of(shown.connection, set(ancestors.values())) if ancestors else {}
    items = (_item(shown, path, point, files.get(path), chosen.abandoned) for path, point in points.items())
    return MediaView(
        items=tuple(replace(item, ancestor=labels.get(ancestors.get(item.path, 0), "")) for item in items),
        stepper=_stepper(shown, steps, at, chosen.abandoned) if len(steps) > 1 else None,
        hidden=chosen.hidden,
        origins=origins_of(
            shown.connection,
            shown.run,
            chosen.found.values(),
            chosen.left_behind,
            chosen.abandoned,
            partial(_address, shown),
        ),
    )


def _chosen(shown: Shown, paths: Sequence[str]) -> _Chosen:
    connection, run = shown.connection, shown.run
    heads = find_abandoned(connection, run.id, set(paths)) if run.attempt else {}
    wanted = attempt_of(shown.query)
    of_attempt = {path: head for path, left in heads.items() for head in left if head.abandoned_by == wanted}
    every = [head for left in heads.values() for head in left]
    if of_attempt:
        drawn = [path for path in paths if path in of_attempt][:SERIES_SHOWN]
        found = {path: left_behind(of_attempt[path]) for path in drawn}
        return _Chosen(wanted, found, len(of_attempt) - len(drawn), every)
    drawn = list(paths[:SERIES_SHOWN])
    series = find_many(connection, shown.services.tails, run.project_id, run.id, drawn)
    found = {path: series[path] for path in drawn if path in series}
    return _Chosen(0, found, len(paths) - len(drawn), every)


def _address(shown: Shown, abandoned: int, at: int | None = None) -> str:
    """This tab, of what is abandoned by an attempt (0: of the series), at a step."""
    pairs = [("tab", "media"), ("find", shown.find), ("at", "" if at is None else str(at)), *kept_pairs(abandoned)]
    return run_address(shown.run.project, shown.run.label, pairs)


def _ancestor(point: _Point) -> int | None:
    """The id of the run that the point is inherited from; None: it is the run's own."""
    return point.found.ancestor_at(int(point.points.steps[0])) if len(point.points) else None


def step_of(text: str) -> int | None:
    """The step of an address, in millionths; None for what is none."""
    if not text.removeprefix("-").isdecimal() or len(text.removeprefix("-")) > MOST_DIGITS:
        return None
    return max(-STEPS_LIMIT, min(int(text), STEPS_LIMIT))


def _point(shown: Shown, found: FoundObjects, at: int | None) -> _Point:
    newest = page_of(shown.connection, found, limit=STEPS, newest_first=True)
    steps = newest.points.steps.tolist()
    if at is None or not newest.more or (steps and at >= steps[0]):
        return _Point(found, steps, newest.points.within(None, at)[-1:])
    older = page_of(shown.connection, found, stop=at, limit=1, newest_first=True)
    return _Point(found, steps, older.points[-1:])


def _files(shown: Shown, points: dict[str, _Point]) -> dict[str, RunFile]:
    """The file of each series of files at its point."""
    there = [path for path, point in points.items() if point.found.type == "file_series" and len(point.points)]
    references = [json.loads(points[path].points.values[0]) for path in there]
    steps = [int(points[path].points.steps[0]) / STEP_UNITS for path in there]
    return dict(zip(there, resolved(shown.connection, references, steps), strict=True))


def _item(shown: Shown, path: str, point: _Point, file: RunFile | None, abandoned: int = 0) -> MediaItem:
    run, count = shown.run, point.found.points
    if not len(point.points):
        begins = point.steps[0] if point.steps else None
        return MediaItem(path, count, run_address(run.project, run.label, [("tab", "media")]), begins=begins)
    step = int(point.points.steps[0])
    if file is None:
        kept = {PARAMETER: abandoned} if abandoned else {}
        address = objects_address(run.project, run.label, path, step=step, **kept)
        return MediaItem(path, count, address, step, bars=bars(point.points, 0))
    if file.media_type == MEDIA_TYPE:
        address = table_address(run.project, run.label, path, step=step, abandoned=abandoned or None)
        table = _table(shown, file)
        other = None if table else shown_file(run, path, file, abandoned_by=abandoned)
        return MediaItem(path, count, address, step, table=table, shown=other)
    one = shown_file(run, path, file, abandoned_by=abandoned)
    return MediaItem(path, count, one.download, step, shown=one)


def _table(shown: Shown, file: RunFile) -> TablePart | None:
    """The first rows of a table; None where it has not arrived, is large, or is none."""
    if file.key is None or file.size > TABLE_BYTES:
        return None
    try:
        content = b"".join(shown.services.blobs.read(file.key, 0, file.size))
        table = part_of(content, sort=None, descending=False, first=0)
    except (MissingBytesError, InvalidRequestError):
        return None
    columns = table.columns[:TABLE_COLUMNS]
    return replace(table, columns=columns, rows=tuple(row[:TABLE_COLUMNS] for row in table.rows[:TABLE_ROWS]))


def _stepper(shown: Shown, steps: Sequence[int], at: int | None, abandoned: int) -> Stepper:
    place = len(steps) - 1 if at is None else max(0, sum(step <= at for step in steps) - 1)

    def address(to: int) -> str:
        if to == place or not 0 <= to < len(steps):
            return ""
        return _address(shown, abandoned, steps[to])

    return Stepper(
        step=steps[place],
        place=place,
        steps=tuple(steps),
        first=address(0),
        previous=address(place - 1),
        next=address(place + 1),
        last=address(len(steps) - 1),
    )


def newest_images(shown: Shown, limit: int) -> Iterator[MediaItem]:
    """The last points of the first series of images, for an overview."""
    paths = [one.path for one in shown.of_type("file_series") if _extension(one.value) in IMAGES][:limit]
    found = find_many(shown.connection, shown.services.tails, shown.run.project_id, shown.run.id, paths)
    points = {}
    for path in paths:
        if path in found:
            page = page_of(shown.connection, found[path], limit=1, newest_first=True)
            points[path] = _Point(found[path], page.points.steps.tolist(), page.points[-1:])
    files = _files(shown, points)
    return (_item(shown, path, point, files.get(path)) for path, point in points.items())


IMAGES = frozenset({"png", "jpg", "jpeg", "gif", "webp", "avif", "bmp"})


def _extension(value: Any) -> str:
    return str(value.get("extension", "")) if isinstance(value, dict) else ""


TAB = Tab(
    name="media",
    text="Media",
    template="partials/run/media.html",
    count=lambda shown: len(shown.names.of_type(*TYPES)),
    view=_view,
    partials={"run-media": "partials/run/media.html"},
)
