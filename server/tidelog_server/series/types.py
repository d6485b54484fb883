"""What becomes of a path that gets more than one type, from several processes or from a script that changed.

A series wins over a single value, the series that is there over another type of series, and of single values the one
assigned last. What loses is named in a notice on the run, with what it was: nothing is lost silently. Within one
process the client refuses such a call before anything is recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tidelog_server.ingest.payloads import Event
from tidelog_server.runs.values import FileSetChanges, SetChanges, same_type
from tidelog_server.series.changes import Changes
from tidelog_server.series.heads import FLOAT_SERIES
from tidelog_server.series.objects.points import ObjectPoints, ObjectStretch, joined
from tidelog_server.series.points import STEP_UNITS, Points, PointsByPath
from tidelog_server.series.stored import Stored, StoredValue

SHOWN_CHARACTERS = 10_000  # of a value that gave way
NOTICES = 100  # of one fold; a job that mixes everything up is told of the first hundred paths


@dataclass(frozen=True)
class Conflict:
    """What happened at one path, in words that follow its name."""

    path_id: int
    title: str
    text: str


@dataclass
class Settled:
    """What is written: for each path one type. The stored entries of `emptied` file sets go first."""

    points: PointsByPath
    objects: dict[int, tuple[str, list[ObjectStretch]]] = field(default_factory=dict)
    values: dict[int, tuple[str, Any]] = field(default_factory=dict)
    file_sets: dict[int, FileSetChanges] = field(default_factory=dict)
    emptied: list[int] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)


def settle(changes: Changes, stored: Stored) -> Settled:
    """Decide, from what changes and what is stored."""
    settled = Settled(_settle_points(changes, stored))
    _refuse_points(changes, stored, settled)
    _settle_objects(changes, stored, settled)
    for path_id, values in changes.values.items():
        if stored.is_series(path_id):
            _keep_out(path_id, stored.series_type(path_id), values.history, settled)
        elif (kind := _new_type(path_id, settled)) is not None:
            before = [stored.values[path_id]] if path_id in stored.values else []
            _give_way(path_id, kind, [*before, *values.history], settled)
        else:
            _settle_values(path_id, stored.values.get(path_id), values.history, settled)
    for path_id, value in stored.values.items():
        if path_id not in changes.values and (kind := _new_type(path_id, settled)) is not None:
            _give_way(path_id, kind, [value], settled)
    return settled


def notices(settled: Settled, names: Mapping[int, str], time_ms: int) -> list[Event]:
    """What the run's page says of the conflicts; `names` are the paths."""
    return [
        Event("notice", "warning", time_ms, None, f"{names[conflict.path_id]} {conflict.title}", conflict.text)
        for conflict in settled.conflicts[:NOTICES]
    ]


def _settle_points(changes: Changes, stored: Stored) -> PointsByPath:
    """The numbers whose paths are, or become, series of numbers."""
    refused = _paths_of_objects(changes, stored)
    return changes.points.where(~np.isin(changes.points.path_ids, refused)) if refused else changes.points


def _paths_of_objects(changes: Changes, stored: Stored) -> list[int]:
    """Paths that numbers were logged to though they are, or were made before these, series of objects."""
    began = [path_id for path_id, kind in changes.began_as.items() if kind != FLOAT_SERIES]
    return [path_id for path_id in {*stored.object_heads, *began} if not stored.is_float_series(path_id)]


def _refuse_points(changes: Changes, stored: Stored, settled: Settled) -> None:
    refused = np.isin(changes.points.path_ids, _paths_of_objects(changes, stored))
    for place in np.flatnonzero(refused).tolist():
        path_id, points = int(changes.points.path_ids[place]), changes.points.of(place)
        kind = stored.object_heads[path_id].type if path_id in stored.object_heads else changes.began_as[path_id]
        settled.conflicts.append(_refused(path_id, kind, FLOAT_SERIES, points, str(float(points.values[0]))))


def _settle_objects(changes: Changes, stored: Stored, settled: Settled) -> None:
    for path_id, by_kind in changes.objects.items():
        kind = stored.series_type(path_id) if stored.is_series(path_id) else changes.began_as.get(path_id)
        kind = kind or next(iter(by_kind))
        for other, stretches in by_kind.items():
            if other == kind:
                settled.objects[path_id] = (kind, stretches)
            else:
                objects = joined([points for _, points in stretches])
                settled.conflicts.append(_refused(path_id, kind, other, objects, _shown_object(other, objects)))


def _new_type(path_id: int, settled: Settled) -> str | None:
    """The type of series that this path becomes; None if it gets no points."""
    if path_id in settled.objects:
        return settled.objects[path_id][0]
    ids = settled.points.path_ids
    place = int(np.searchsorted(ids, path_id))
    return FLOAT_SERIES if place < len(ids) and ids[place] == path_id else None


def _refused(path_id: int, kind: str, other: str, points: Points | ObjectPoints, first: str) -> Conflict:
    step = int(points.steps[0])
    where = f", the first at step {step / STEP_UNITS:g}" if abs(step) <= 2**62 else ""
    return Conflict(
        path_id,
        f"is {_named(kind)} and got points of {_named(other)}",
        f"{len(points):,} of them were not kept{where}: {first}. Log them to another path. Further ones are not kept "
        "either, without another notice.",
    )


def _keep_out(path_id: int, kind: str, history: list[tuple[str, Any]], settled: Settled) -> None:
    for other, value in history:
        text = f"The value was not kept: {_shown(value)}. Assign it to another path."
        settled.conflicts.append(Conflict(path_id, f"is {_named(kind)} and was assigned {_named(other)}", text))


def _give_way(path_id: int, kind: str, history: list[tuple[str, Any]], settled: Settled) -> None:
    for other, value in history:
        text = f"The value that gave way to the series: {_shown(value)}. Use another path for it."
        settled.conflicts.append(Conflict(path_id, f"was {_named(other)} and became {_named(kind)}", text))
        if other == "file_set":
            settled.emptied.append(path_id)


def _settle_values(path_id: int, stored: StoredValue | None, history: list[tuple[str, Any]], settled: Settled) -> None:
    before = stored
    for kind, value in history:
        if before is not None and not same_type(before[0], kind):
            text = f"The value before, which is not kept: {_shown(before[1])}. A path has one type; use another path."
            settled.conflicts.append(Conflict(path_id, f"was {_named(before[0])} and became {_named(kind)}", text))
            if before[0] == "file_set":
                settled.emptied.append(path_id)
        before = (kind, value)
    kind, value = history[-1]
    if isinstance(value, SetChanges):
        starts_as = stored[1] if stored is not None and stored[0] == kind and len(history) == 1 else []
        value = value.applied_to(starts_as)
    if isinstance(value, FileSetChanges):
        settled.file_sets[path_id] = value
    else:
        settled.values[path_id] = (kind, value)


def _named(kind: str) -> str:
    words = kind.replace("_", " ")
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _shown(value: object) -> str:
    if isinstance(value, SetChanges):
        value = value.applied_to([])
    if isinstance(value, FileSetChanges):
        value = [entry["name"] for _, change in value.changes if change.change == "+" for entry in change.entries]
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"


def _shown_object(kind: str, points: ObjectPoints) -> str:
    if kind == "histogram_series":
        return "a histogram"
    return _shown(points.values[0].decode("utf-8", "replace"))
