"""Charts: a series as at most so many buckets, each with its exact extremes.

Short stretches are read as they are; longer ones through the pyramid, coarse or fine, whichever still has a block for
every bucket. Points that are not folded yet take part; where they rewrite history, the chunks that they overlap are
read in full.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from tidelog_server.series import codec, pyramid
from tidelog_server.series.curves import Axis, Curve, curves_of
from tidelog_server.series.heads import SeriesHead
from tidelog_server.series.lookup import Inherited
from tidelog_server.series.points import EMPTY, Points, joined, merged, with_steps
from tidelog_server.series.pyramid import COARSE_POINTS, FINE_POINTS, Blocks
from tidelog_server.tables import chunks

# With fewer points than this for each bucket the points themselves are read: decoding them costs less than what the
# fine blocks lack in resolution.
RAW_POINTS_PER_BUCKET = FINE_POINTS // 2
SERIES_PER_STATEMENT = 500
_Row = Sequence[Any]  # of a chunk: first and last step, the level that was found, its bytes
EVERY_POINT = 2**60  # buckets: so many that no series is read as blocks


@dataclass(frozen=True)
class Window:
    """The part of a series that a chart shows: from `start` to `stop`, both included, in millionths of steps or in
    milliseconds; None is open."""

    axis: Axis = "step"
    start: int | None = None
    stop: int | None = None
    last_step: int | None = None  # whatever the axis, nothing behind this step: what a fork inherits

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return self.start is None and self.stop is None and self.last_step is None


@dataclass(frozen=True)
class Wanted:
    """One series to draw: its head (None while all of it is unfolded), what is not folded yet, the window, and what a
    fork inherits, the oldest first.
    """

    head: SeriesHead | None
    tail: Points
    window: Window
    inherited: tuple[Inherited, ...] = ()

    def layers(self) -> list[Wanted]:
        """What is inherited, then what is its own, each by itself."""
        if not self.inherited:
            return [self]
        old = [Wanted(part.head, part.tail, replace(self.window, last_step=part.last_step)) for part in self.inherited]
        return [*old, replace(self, inherited=())]


def curves(
    connection: sa.Connection, wanted: Sequence[Wanted], buckets: int, only: Collection[str] | None = None
) -> list[Curve]:
    """The curves of these series; with `only`, of their columns no others than these. The number of statements depends
    on the number of different windows, not of series.
    """
    axes = [item.window.axis for item in wanted]
    needs_times = only is None or "time" in only or "time" in axes
    return curves_of(stretches(connection, wanted, buckets, needs_times=needs_times), axes, buckets, only)


def stretches(
    connection: sa.Connection, wanted: Sequence[Wanted], buckets: int | None, *, needs_times: bool = True
) -> list[Points | Blocks]:
    """What lies in the window of each of these series: its points where they are few for so many buckets, otherwise
    blocks of them. All its points where `buckets` is None. Times that are not needed are not decoded, and then zero.
    """
    layers = [item.layers() for item in wanted]
    every = [layer for item in layers for layer in item]
    pieces = _Pieces(connection, every, EVERY_POINT if buckets is None else buckets, needs_times=needs_times)
    return [_end_to_end([_stretch(pieces, layer) for layer in item]) for item in layers]


def _end_to_end(parts: list[Points | Blocks]) -> Points | Blocks:
    """Stretches that follow one another: points if all are, else blocks."""
    if len(parts) == 1:
        return parts[0]
    points = [part for part in parts if isinstance(part, Points)]
    if len(points) == len(parts):
        return joined([part for part in points if len(part)])
    return pyramid.joined([pyramid.fine_blocks(part) if isinstance(part, Points) else part for part in parts])


def points_in_window(connection: sa.Connection, wanted: Sequence[Wanted]) -> list[int]:
    """About how many folded points of each series lie in its window, inherited ones left out."""
    counts: dict[tuple[int, Window], int] = {}
    for window, heads in _by_window(item for item in wanted if not item.window.is_whole).items():
        for part in _parts([head.id for head in heads]):
            query = (
                sa.select(chunks.c.series_id, sa.func.sum(chunks.c.points * _share(window)))
                .where(chunks.c.series_id.in_(part), *_touches(window))
                .group_by(chunks.c.series_id)
            )
            for series_id, points in connection.execute(query).all():
                counts[series_id, window] = math.ceil(points)
    return [
        0
        if item.head is None
        else item.head.points
        if item.window.is_whole
        else counts.get((item.head.id, item.window), 0)
        for item in wanted
    ]


def _by_window(wanted: Iterable[Wanted]) -> dict[Window, list[SeriesHead]]:
    """What is folded of these series, by the window that is wanted of it."""
    found: dict[Window, list[SeriesHead]] = {}
    for item in wanted:
        if item.head is not None:
            found.setdefault(item.window, []).append(item.head)
    return found


@dataclass(frozen=True)
class _Piece:
    """One chunk as it was read: its points, or blocks of them."""

    step_min: int
    step_max: int
    points: Points | None = None
    blocks: Blocks | None = None


class _Pieces:
    """Reads the chunks of many series, each at its own level, with one statement for each level and window."""

    def __init__(
        self, connection: sa.Connection, wanted: Sequence[Wanted], buckets: int, *, needs_times: bool = True
    ) -> None:
        self._connection = connection
        self._needs_times = needs_times
        self._rows: dict[tuple[int, Window], list[_Row]] = {}
        self._as_blocks: set[tuple[int, Window]] = set()
        levels: dict[str, list[Wanted]] = {}
        for item, points in zip(wanted, points_in_window(connection, wanted), strict=True):
            if item.head is not None and points:
                levels.setdefault(_level(points + len(item.tail), buckets), []).append(item)
        for level, items in levels.items():
            for window, heads in _by_window(items).items():
                self._read(level, sorted({head.id for head in heads}), window)

    def of(self, head: SeriesHead, window: Window) -> list[_Piece]:
        """The pieces of one series, in order of steps."""
        as_blocks = (head.id, window) in self._as_blocks
        return [self._piece(row, as_blocks=as_blocks) for row in self._rows.get((head.id, window), ())]

    def whole(self, head: SeriesHead, window: Window) -> Points | Blocks:
        """All pieces of one series at once, as they were read."""
        key = (head.id, window)
        rows = self._rows.get(key, ())
        if key not in self._as_blocks:
            return joined([self._decoded(data) for *_, data in rows])
        parts = [
            data if found != "data" else pyramid.fine_blocks(self._decoded(data)).tobytes()
            for _, _, found, data in rows
        ]
        return np.frombuffer(b"".join(parts), pyramid.BLOCK)

    def whole_chunk(self, head: SeriesHead, step_min: int) -> Points:
        """All points of one chunk, whatever level it was read at."""
        query = sa.select(chunks.c.data).where(chunks.c.series_id == head.id, chunks.c.step_min == step_min)
        return self._decoded(self._connection.scalars(query).one())

    def _read(self, level: str, ids: Sequence[int], window: Window) -> None:
        wanted = chunks.c[level]
        # A chunk too small for this level is read at the next finer one that it has.
        blob = wanted if level == "data" else sa.func.coalesce(wanted, chunks.c.fine, chunks.c.data)
        finest = sa.case((wanted.is_not(None), level), (chunks.c.fine.is_not(None), "fine"), else_="data")
        for part in _parts(ids):
            query = (
                sa.select(chunks.c.series_id, chunks.c.step_min, chunks.c.step_max, finest, blob)
                .where(chunks.c.series_id.in_(part), *_touches(window))
                .order_by(chunks.c.series_id, chunks.c.step_min)
            )
            for series_id, *row in self._connection.execute(query).all():
                self._rows.setdefault((series_id, window), []).append(row)
        if level != "data":
            self._as_blocks.update((series_id, window) for series_id in ids if (series_id, window) in self._rows)

    def _piece(self, row: _Row, *, as_blocks: bool) -> _Piece:
        step_min, step_max, found, data = row
        if found != "data":
            return _Piece(step_min, step_max, blocks=np.frombuffer(data, pyramid.BLOCK))
        points = self._decoded(data)
        if as_blocks:
            return _Piece(step_min, step_max, blocks=pyramid.fine_blocks(points))
        return _Piece(step_min, step_max, points=points)

    def _decoded(self, data: bytes) -> Points:
        return codec.decode(data, with_times=self._needs_times)


def _level(points: int, buckets: int) -> str:
    if points < buckets * RAW_POINTS_PER_BUCKET:
        return "data"
    return "coarse" if points >= buckets * COARSE_POINTS else "fine"


def _touches(window: Window) -> list[sa.ColumnElement[bool]]:
    low, high = _extent(window)
    conditions: list[sa.ColumnElement[bool]] = []
    if window.start is not None:
        conditions.append(high >= window.start)
    if window.stop is not None:
        conditions.append(low <= window.stop)
    if window.last_step is not None:
        conditions.append(chunks.c.step_min <= window.last_step)
    return conditions


def _share(window: Window) -> sa.ColumnElement[Any]:
    """The share of a chunk that lies in the window, if its points are spread evenly."""
    low, high = _extent(window)
    inner_low: sa.ColumnElement[int] = low
    inner_high: sa.ColumnElement[int] = high
    if window.start is not None:
        inner_low = sa.case((low < window.start, window.start), else_=low)
    if window.stop is not None:
        inner_high = sa.case((high > window.stop, window.stop), else_=high)
    return sa.cast(inner_high - inner_low + 1, sa.Double) / sa.cast(high - low + 1, sa.Double)


def _extent(window: Window) -> tuple[sa.ColumnElement[int], sa.ColumnElement[int]]:
    """Where a chunk begins and ends on the axis of the window."""
    if window.axis == "step":
        return chunks.c.step_min, chunks.c.step_max
    return chunks.c.time_min, chunks.c.time_max


def _stretch(pieces: _Pieces, wanted: Wanted) -> Points | Blocks:
    head, window = wanted.head, wanted.window
    if head is not None and not len(wanted.tail) and window.last_step is None:
        whole = pieces.whole(head, window)
        if isinstance(whole, Points):
            return whole if window.is_whole else whole[_inside(whole.steps, whole.times, window)]
        return whole[_blocks_inside(whole, window)]
    read = [] if head is None else pieces.of(head, window)
    tail = with_steps(wanted.tail, None if head is None else head.step_last) if len(wanted.tail) else EMPTY
    tail = merged(EMPTY, tail)
    if window.last_step is not None and head is not None:
        read = [_cut(pieces, head, piece, window.last_step) for piece in read]
    if window.last_step is not None:
        tail = tail[tail.steps <= window.last_step]
    if window.axis == "step":
        tail = tail[_inside(tail.steps, tail.times, window)]
    if len(tail) and head is not None:
        read, tail = _with_tail(pieces, head, read, tail, window)
    if all(piece.points is not None for piece in read):
        points = joined([*(piece.points for piece in read if piece.points is not None), *([tail] if len(tail) else [])])
        if window.axis == "time" and len(wanted.tail):
            points = merged(EMPTY, points)  # a rewritten step seen through a window of time may stand out of order
        return points[_inside(points.steps, points.times, window)]
    parts = [_as_blocks(piece) for piece in read]
    if len(tail):
        parts.append(pyramid.fine_blocks(tail))
    blocks = pyramid.joined(parts)
    return blocks[_blocks_inside(blocks, window)]


def _with_tail(
    pieces: _Pieces, head: SeriesHead, read: list[_Piece], tail: Points, window: Window
) -> tuple[list[_Piece], Points]:
    """Merge unfolded points into the chunks that they overlap; what lies behind all chunks stays the tail."""
    first, last = int(tail.steps[0]), int(tail.steps[-1])
    if first > head.step_last:
        return read, tail
    result, rest = [], tail
    for piece in read:
        if piece.step_max < first or piece.step_min > last:
            result.append(piece)
            continue
        old = piece.points if piece.points is not None else pieces.whole_chunk(head, piece.step_min)
        # Up to the next chunk's first step the new points belong to this one.
        stop = int(np.searchsorted(rest.steps, piece.step_max, side="right"))
        both = merged(old, rest[:stop]) if stop else old
        result.append(_Piece(int(both.steps[0]), int(both.steps[-1]), points=both))
        rest = rest[stop:]
    behind = rest.steps > head.step_last if len(rest) else np.empty(0, bool)
    between = rest[~behind] if len(rest) else rest
    if len(between):  # in a gap between chunks, or beside the chunks of this window
        result.append(_Piece(int(between.steps[0]), int(between.steps[-1]), points=between))
        result = _in_order(result)
    if any(piece.blocks is not None for piece in result):
        result = [
            piece if piece.points is None else _Piece(piece.step_min, piece.step_max, blocks=_as_blocks(piece))
            for piece in result
        ]
    return result, rest[behind] if len(rest) else rest


def _in_order(pieces: list[_Piece]) -> list[_Piece]:
    return sorted(pieces, key=lambda piece: piece.step_min)


def _as_blocks(piece: _Piece) -> Blocks:
    if piece.blocks is not None:
        return piece.blocks
    return pyramid.fine_blocks(piece.points if piece.points is not None else EMPTY)


def _inside(steps: NDArray[np.int64], times: NDArray[np.int64], window: Window) -> NDArray[np.bool_] | slice:
    if window.is_whole:
        return slice(None)
    x = steps if window.axis == "step" else times
    inside = np.ones(len(x), bool)
    if window.start is not None:
        inside &= x >= window.start
    if window.stop is not None:
        inside &= x <= window.stop
    if window.last_step is not None:
        inside &= steps <= window.last_step
    return inside


def _cut(pieces: _Pieces, head: SeriesHead, piece: _Piece, last_step: int) -> _Piece:
    """The piece without what lies behind a step: that belongs to another run, so it is cut to the point."""
    if piece.step_max <= last_step:
        return piece
    points = piece.points if piece.points is not None else pieces.whole_chunk(head, piece.step_min)
    points = points[points.steps <= last_step]
    if piece.blocks is not None:
        return _Piece(piece.step_min, last_step, blocks=pyramid.fine_blocks(points))
    return _Piece(piece.step_min, last_step, points=points)


def _blocks_inside(blocks: Blocks, window: Window) -> NDArray[np.bool_] | slice:
    """Blocks that may have points in the window: a block reaches to where the next one begins."""
    if window.is_whole:
        return slice(None)
    x = blocks[window.axis]
    inside = np.ones(len(x), bool)
    if window.start is not None:
        inside[:-1] &= x[1:] > window.start
    if window.stop is not None:
        inside &= x <= window.stop
    return inside


def _parts(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[start : start + SERIES_PER_STATEMENT] for start in range(0, len(ids), SERIES_PER_STATEMENT)]
