"""When a GPU was idle: before training began, while the run validated, or after training ended.

What a run was doing is told by its own series: training is where a series of training has points. A pause of it in
which a series of validation has points is validation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from tidelog_server.pages.chart_sections import PHASES, is_monitoring
from tidelog_server.runs.attributes import Attribute
from tidelog_server.runs.runs import Run
from tidelog_server.series import export
from tidelog_server.series.lookup import find_series
from tidelog_server.series.tails import Tails

IDLE_BELOW_PERCENT = 5.0  # of utilisation: as the client counts idle_percent
MOST_SHARE = 0.5  # of the idle time lies in one phase: then it was mostly there
TIMES_AS_OFTEN = 2.0  # idle in that phase as outside of it, at least; else the phase does not tell why
PAUSE = 3.0  # times the usual distance of two points of training
MOST_POINTS = 200_000  # of a series that is read; of a longer one nothing is said
WORD = re.compile(r"[a-z]+")
TRAINING, VALIDATION = -3, -2

Times = NDArray[np.int64]


@dataclass(frozen=True)
class Phases:
    """When a run was training, and when it validated: times of points, in milliseconds, ascending."""

    training: Times
    validation: Times


def phase_of(path: str) -> int | None:
    """What a series belongs to, by the last word in its path that says so; see `PHASES`."""
    for part in reversed(path.casefold().split("/")):
        for word in WORD.findall(part):
            if word in PHASES:
                return PHASES[word]
    return None


def when_idle(times: Times, utilisation: NDArray[np.float64], phases: Phases) -> str:
    """Where most of the idle time lies, to follow "idle 38 % of the time"; empty where that cannot be said."""
    idle = utilisation < IDLE_BELOW_PERCENT
    if len(phases.training) < 2 or not idle.any():
        return ""
    inside = {
        "before the first training step": times < phases.training[0],
        "during validation": _in_pauses(times, phases),
        "after the last training step": times > phases.training[-1],
    }
    for words, within in inside.items():
        share = float(idle[within].sum() / idle.sum())
        if share <= MOST_SHARE:
            continue
        outside = float(idle[~within].mean()) if (~within).any() else 0.0
        if float(idle[within].mean()) >= TIMES_AS_OFTEN * outside:
            return f", mostly {words}"
    return ""


def _in_pauses(times: Times, phases: Phases) -> NDArray[np.bool_]:
    """Which of these times lie in a pause of training in which there are points of validation."""
    distances = np.diff(phases.training)
    usual = max(float(np.median(distances)), 1.0)
    starts = phases.training[:-1][distances > PAUSE * usual]
    stops = phases.training[1:][distances > PAUSE * usual]
    first = np.searchsorted(phases.validation, starts, side="right")
    has_validation = np.searchsorted(phases.validation, stops, side="right") > first
    starts, stops = starts[has_validation], stops[has_validation]
    if not len(starts):
        return np.zeros(len(times), np.bool_)
    place = np.searchsorted(starts, times, side="right") - 1
    within: NDArray[np.bool_] = (place >= 0) & (times < stops[np.maximum(place, 0)])
    return within


def idle_phases(
    connection: sa.Connection, tails: Tails, run: Run, attributes: Sequence[Attribute], wanted: Sequence[str]
) -> dict[str, str]:
    """Of these series of utilisation, when each was idle, by path."""
    points = {one.path: one.series.points for one in attributes if one.series is not None}
    told = [_longest(points, phase) for phase in (TRAINING, VALIDATION)]
    paths = [path for path in (*told, *wanted) if path and points.get(path, MOST_POINTS + 1) <= MOST_POINTS]
    if not told[0] or not wanted:
        return {}
    read = _read(connection, tails, run, paths)
    nothing = np.empty(0, np.int64)
    phases = Phases(*(np.sort(read[path][0]) if path in read else nothing for path in told))
    return {path: when_idle(*read[path], phases) for path in wanted if path in read}


def _longest(points: Mapping[str, int], phase: int) -> str:
    """The series of this phase with the most points, which tells most closely when it was; empty if there is none."""
    found = [path for path in points if not is_monitoring(path) and phase_of(path) == phase]
    found = [path for path in found if points[path] <= MOST_POINTS]
    return max(found, key=lambda path: (points[path], path), default="")


def _read(
    connection: sa.Connection, tails: Tails, run: Run, paths: Sequence[str]
) -> dict[str, tuple[Times, NDArray[np.float64]]]:
    found = find_series(connection, tails, run.project_id, [(run.id, path) for path in paths])
    read = {}
    for path, one in zip(paths, found, strict=True):
        if one is not None:
            page = export.page_of(connection, one.head, one.tail, one.inherited, limit=MOST_POINTS)
            read[path] = (page.points.times, page.points.values)
    return read
