"""Drawings: what a board of charts asks for: series and expressions over them, on any x axis, of runs or groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Literal

import numpy as np
import sqlalchemy as sa

from tidelog_server.errors import InvalidRequestError
from tidelog_server.runs.runs import Origin
from tidelog_server.series import expressions, pyramid
from tidelog_server.series.charts import Wanted, Window, curves, points_in_window, stretches
from tidelog_server.series.curves import Curve, curve_of
from tidelog_server.series.expressions import Expression, metrics_of
from tidelog_server.series.groups import Member, group_curve, on_axis
from tidelog_server.series.heads import SeriesHead
from tidelog_server.series.joins import bounded, curve_over, evaluated, over_metric
from tidelog_server.series.lookup import FoundSeries, find_abandoned, find_series
from tidelog_server.series.points import EMPTY, Floats, Points, units
from tidelog_server.series.pyramid import Blocks
from tidelog_server.series.tails import Tails

XAxis = Literal["step", "time", "relative", "metric"]

EXACT_POINTS = 12_000_000  # that one request joins point by point; half a second of work
ABANDONED_EACH = 10  # stretches of one series, the newest: a job that is preempted all day has hundreds
ABANDONED = 5_000  # stretches of one answer, unless there are more series than that


@dataclass(frozen=True)
class Board:
    """Which runs, which of their series and expressions over them, on which x axis, from where to where.

    `start` and `stop`, both included, are in the unit of the axis: steps, seconds since 1970 UTC, seconds since the run
    began, or values of `x_path`. With `groups`, each a number of runs, every group is drawn as one curve. With
    `abandoned` come the stretches that later attempts left behind of the series, where the x axis is steps or time.
    Where `columns` is not None, the others are not worked out if that saves something.
    """

    runs: Sequence[Origin]
    paths: Sequence[str]
    buckets: int
    axis: XAxis = "step"
    x_path: str = ""
    start: float | None = None
    stop: float | None = None
    expressions: Mapping[str, Expression] = field(default_factory=dict)
    groups: Sequence[Sequence[int]] = ()
    abandoned: bool = False
    columns: frozenset[str] | None = None

    def window(self, run: Origin) -> Window:
        """The part of a run's series that is asked for; with a metric as x axis all of them."""
        if self.axis == "metric":
            return Window()
        if self.axis == "step":
            return Window("step", units(self.start), units(self.stop))
        origin_ms = run.created_ms if self.axis == "relative" else 0
        start, stop = (None if bound is None else round(bound * 1000) + origin_ms for bound in (self.start, self.stop))
        return Window("time", start, stop)


@dataclass(frozen=True)
class Drawn:
    """One curve: of a run, or of the group with this number. `text` is a path, or the text of an expression. Where the
    points were too many to be joined one by one, `is_exact` is false: the band is then a bound. `abandoned_by` is the
    attempt that left this stretch behind, 0 for what is the curve.
    """

    run: Origin | None
    group: int | None
    text: str
    is_expression: bool
    curve: Curve
    is_exact: bool = True
    runs: int = 1
    abandoned_by: int = 0


def draw(connection: sa.Connection, tails: Tails, board: Board) -> list[Drawn]:
    """The curves of a board: of every pair of run and series or expression for which there are points."""
    found = _find(connection, tails, board)
    if not (board.expressions or board.groups or board.axis == "metric"):
        return [*_plain(connection, board, found), *_abandoned(connection, board)]
    sources = _Sources(connection, board, found)
    drawn = []
    for text, expression in [*((path, None) for path in board.paths), *board.expressions.items()]:
        if board.groups:
            drawn += _grouped(sources, board, text, expression)
        else:
            drawn += _single(sources, board, text, expression)
    return [*drawn, *_abandoned(connection, board)]


def _find(connection: sa.Connection, tails: Tails, board: Board) -> dict[tuple[int, str], FoundSeries]:
    paths = dict.fromkeys(board.paths)
    for expression in board.expressions.values():
        paths.update(dict.fromkeys(metrics_of(expression)))
    if board.axis == "metric":
        paths[board.x_path] = None
    found: dict[tuple[int, str], FoundSeries] = {}
    for project_id in dict.fromkeys(run.project_id for run in board.runs):
        pairs = list(product((run.run_id for run in board.runs if run.project_id == project_id), paths))
        for pair, series in zip(pairs, find_series(connection, tails, project_id, pairs), strict=True):
            if series is not None:
                found[pair] = series
    return found


def _plain(connection: sa.Connection, board: Board, found: dict[tuple[int, str], FoundSeries]) -> list[Drawn]:
    pairs = [(run, path) for run, path in product(board.runs, board.paths) if (run.run_id, path) in found]
    windows = {run.run_id: board.window(run) for run in board.runs}
    series = ((windows[run.run_id], found[run.run_id, path]) for run, path in pairs)
    wanted = [Wanted(one.head, one.tail, window, one.inherited) for window, one in series]
    drawn = curves(connection, wanted, board.buckets, board.columns)
    return [Drawn(run, None, path, False, curve) for (run, path), curve in zip(pairs, drawn, strict=True)]


def _abandoned(connection: sa.Connection, board: Board) -> list[Drawn]:
    """What attempts left behind in the window, of the plain series of single runs."""
    if not board.abandoned or not board.paths or board.groups or board.axis == "metric":
        return []
    newest = min(ABANDONED_EACH, max(1, ABANDONED // (len(board.runs) * len(board.paths))))
    stretches_of: dict[tuple[int, str], list[SeriesHead]] = {}
    for project_id in dict.fromkeys(run.project_id for run in board.runs):
        run_ids = [run.run_id for run in board.runs if run.project_id == project_id]
        stretches_of.update(find_abandoned(connection, project_id, run_ids, board.paths, newest=newest))
    left = [
        (run, path, head)
        for run, path in product(board.runs, board.paths)
        for head in stretches_of.get((run.run_id, path), ())
    ]
    wanted = [Wanted(head, EMPTY, board.window(run)) for run, _, head in left]
    drawn = curves(connection, wanted, board.buckets, board.columns)
    return [
        Drawn(run, None, path, False, curve, abandoned_by=head.abandoned_by)
        for (run, path, head), curve in zip(left, drawn, strict=True)
        if curve.points
    ]


def _wanted(board: Board, run: Origin, series: FoundSeries) -> Wanted:
    return Wanted(series.head, series.tail, board.window(run), series.inherited)


class _Sources:
    """Reads what curves are made of, exactly as long as the points of the whole board are few enough."""

    def __init__(self, connection: sa.Connection, board: Board, found: dict[tuple[int, str], FoundSeries]) -> None:
        self._connection = connection
        self._board = board
        self._found = found
        self._runs = {run.run_id: run for run in board.runs}
        self.is_exact = self._points() <= EXACT_POINTS
        if board.axis == "metric" and not self.is_exact:
            raise InvalidRequestError(
                f"With a metric as x axis every point has to be joined, and these are more than {EXACT_POINTS:,}. "
                "Choose fewer runs or fewer charts, or look at them over steps."
            )

    def of_path(self, run_id: int, path: str) -> Points | Blocks:
        """What one series has in the window; no points where there is no such series."""
        every_point = self._board.axis == "metric"
        [part] = self._read(run_id, [path], None if every_point else self._board.buckets)
        return part

    def of_expression(self, run_id: int, expression: Expression) -> Points | Blocks:
        """The values of an expression over the series of one run, or bounds of them."""
        paths = metrics_of(expression)
        if any((run_id, path) not in self._found for path in paths):
            return EMPTY
        if self.is_exact:
            return evaluated(expression, [_as_points(part) for part in self._read(run_id, paths, None)])
        parts = self._read(run_id, paths, self._board.buckets)
        return bounded(expression, [_as_blocks(part) for part in parts], self._board.buckets)

    def over_x(self, run_id: int, part: Points | Blocks) -> tuple[Floats, Points]:
        """These points over the metric of the x axis."""
        [x] = self._read(run_id, [self._board.x_path], None)
        return over_metric(_as_points(x), _as_points(part), self._board.start, self._board.stop)

    def run(self, run_id: int) -> Origin:
        """The run with this id."""
        return self._runs[run_id]

    def _read(self, run_id: int, paths: Sequence[str], buckets: int | None) -> list[Points | Blocks]:
        run = self._runs[run_id]
        there = [path for path in paths if (run_id, path) in self._found]
        wanted = [_wanted(self._board, run, self._found[run_id, path]) for path in there]
        read = dict(zip(there, stretches(self._connection, wanted, buckets), strict=True))
        return [read.get(path, EMPTY) for path in paths]

    def _points(self) -> int:
        """About how many points have to be joined."""
        joined: list[tuple[int, str]] = []
        for run, expression in product(self._board.runs, self._board.expressions.values()):
            joined += [(run.run_id, path) for path in metrics_of(expression)]
        if self._board.axis == "metric":
            joined += product(self._runs, [*self._board.paths, self._board.x_path])
        there = [pair for pair in joined if pair in self._found]
        wanted = [_wanted(self._board, self._runs[run_id], self._found[run_id, path]) for run_id, path in there]
        wanted = [layer for item in wanted for layer in item.layers()]
        tails = sum(len(item.tail) for item in wanted)
        return tails + sum(points_in_window(self._connection, wanted))


def _single(sources: _Sources, board: Board, text: str, expression: Expression | None) -> list[Drawn]:
    drawn = []
    for run in board.runs:
        part = _part(sources, run.run_id, text, expression)
        if not len(part):
            continue
        if board.axis == "metric":
            curve = curve_over(*sources.over_x(run.run_id, part), board.buckets)
        else:
            curve = curve_of(part, "step" if board.axis == "step" else "time", board.buckets)
        is_exact = expression is None or isinstance(part, Points)
        drawn.append(Drawn(run, None, text, expression is not None, curve, is_exact))
    return drawn


def _grouped(sources: _Sources, board: Board, text: str, expression: Expression | None) -> list[Drawn]:
    drawn = []
    for number, run_ids in enumerate(board.groups):
        parts = [(run_id, _part(sources, run_id, text, expression)) for run_id in run_ids]
        members = [_member(sources, board, run_id, part) for run_id, part in parts if len(part)]
        members = [member for member in members if len(member.x)]
        if members:
            curve = group_curve(members, board.buckets)
            is_exact = expression is None or all(isinstance(part, Points) for _, part in parts)
            drawn.append(Drawn(None, number, text, expression is not None, curve, is_exact, len(members)))
    return drawn


def _part(sources: _Sources, run_id: int, text: str, expression: Expression | None) -> Points | Blocks:
    return sources.of_path(run_id, text) if expression is None else sources.of_expression(run_id, expression)


def _member(sources: _Sources, board: Board, run_id: int, part: Points | Blocks) -> Member:
    if board.axis == "metric":
        return Member(*sources.over_x(run_id, part))
    if board.axis == "step":
        return on_axis(part, "step")
    return on_axis(part, "time", sources.run(run_id).created_ms if board.axis == "relative" else 0)


def _as_points(part: Points | Blocks) -> Points:
    if not isinstance(part, Points):
        raise TypeError("a series that was asked for point by point came as blocks")
    return part


def _as_blocks(part: Points | Blocks) -> Blocks:
    return pyramid.summarise(part, np.arange(len(part))) if isinstance(part, Points) else part


def parsed(texts: Sequence[str]) -> dict[str, Expression]:
    """Expressions by their text."""
    return {text: expressions.parse(text) for text in dict.fromkeys(texts)}
