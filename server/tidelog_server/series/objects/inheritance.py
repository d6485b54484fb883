"""What a fork inherits of series of objects: how many points, and the last of them, written down for whoever lists.

As of series of numbers, `series.inheritance` says when it is worked out again. The points themselves are read from the
ancestors, by `lookup`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import sqlalchemy as sa

from tidelog_server import bulk
from tidelog_server.runs.attributes import write_attributes
from tidelog_server.series.heads import FLOAT_SERIES, has_chunks, is_of_lineage
from tidelog_server.series.lineage import Ancestor
from tidelog_server.series.objects import codec
from tidelog_server.series.objects.chunks import STRING_SERIES
from tidelog_server.series.objects.growth import ObjectGrowth
from tidelog_server.series.objects.heads import ObjectHead, first_steps, load_lineage_heads, select_heads
from tidelog_server.series.objects.points import NO_OBJECTS
from tidelog_server.series.objects.printed import Moments, printed_paths
from tidelog_server.series.objects.summaries import summary
from tidelog_server.tables import SERIES_TYPES, attributes, object_chunks, series

SERIES_AT_ONCE = 500
NO_STEP = 2**63 - 1
COUNTED = ("last", "min", "max", "mean", "m2")  # of series of numbers


@dataclass(frozen=True)
class Whole:
    """What a series of a fork is over its whole lineage."""

    path_id: int
    type: str
    points: int
    step_last: int
    last: bytes | None = None  # of what is only inherited


@dataclass(frozen=True)
class ObjectSettlement:
    """What a fork shows of series of objects, and which paths show nothing any more that showed something inherited."""

    wholes: list[Whole]
    gone: list[int]


def own_paths(connection: sa.Connection, run_id: int) -> set[int]:
    """Paths that hold something of the run itself that is no series of numbers."""
    logged = sa.select(series.c.path_id).where(
        series.c.run_id == run_id, series.c.type != FLOAT_SERIES, series.c.abandoned_by <= 0, ~is_of_lineage()
    )
    single = sa.select(attributes.c.path_id).where(
        attributes.c.run_id == run_id, attributes.c.type.not_in(SERIES_TYPES)
    )
    return {*connection.scalars(logged), *connection.scalars(single)}


def settlement(
    connection: sa.Connection, run_id: int, ancestors: Sequence[Ancestor], taken: set[int]
) -> ObjectSettlement:
    """Work out what a fork shows. At paths that are `taken` it has, or inherits, something else."""
    own = _all_heads(connection, run_id)
    taken = taken - own.keys()
    inherited: dict[int, Whole] = {}
    kinds = {path_id: head.type for path_id, head in own.items()}
    firsts = _first_steps(connection, own.values())
    moments = Moments(connection)
    for ancestor in ancestors:
        heads = _all_heads(connection, ancestor.run_id)
        shown = [head for path_id, head in heads.items() if kinds.get(path_id, head.type) == head.type]
        lasts = {head.id: min(ancestor.last_step, firsts.get(head.path_id, NO_STEP) - 1) for head in shown}
        printed = printed_paths(connection, [head.path_id for head in shown if head.type == STRING_SERIES])
        for head in shown:
            if head.path_id in printed:
                last_line = moments.last_line(head, NO_OBJECTS, ancestor.run_id, ancestor.last_step)
                lasts[head.id] = min(lasts[head.id], last_line)
        for whole in _up_to(connection, [head for head in shown if head.path_id not in taken], lasts):
            inherited[whole.path_id] = _together(inherited.get(whole.path_id), whole)
            kinds[whole.path_id] = whole.type
        for path_id, step in _first_steps(connection, shown).items():
            firsts[path_id] = min(step, firsts.get(path_id, step))
    wholes = [_together(Whole(path_id, head.type, head.points, head.step_last), inherited.pop(path_id, None))
              for path_id, head in own.items()]  # fmt: skip
    wholes.extend(inherited.values())
    before = sa.select(series.c.path_id).where(
        series.c.run_id == run_id, series.c.type != FLOAT_SERIES, is_of_lineage()
    )
    return ObjectSettlement(wholes, sorted(set(connection.scalars(before)) - {whole.path_id for whole in wholes}))


def apply(connection: sa.Connection, project_id: int, run_id: int, found: ObjectSettlement) -> None:
    """Write it, but for what is `gone`."""
    show(connection, run_id, found.wholes)
    lasts = [
        (whole.path_id, whole.type, summary(whole.type, whole.last)) for whole in found.wholes if whole.last is not None
    ]
    write_attributes(connection, project_id, run_id, lasts)


def show(connection: sa.Connection, run_id: int, wholes: Sequence[Whole]) -> None:
    """Write what series of a fork are over the whole lineage."""
    n = len(wholes)
    columns: dict[str, Sequence[object]] = {
        "run_id": [run_id] * n,
        "path_id": [whole.path_id for whole in wholes],
        "abandoned_by": [0] * n,
        "type": [whole.type for whole in wholes],
        "points": [whole.points for whole in wholes],
        "step_last": [whole.step_last for whole in wholes],
        "open_step": [None] * n,
        **{name: [0] * n for name in ("open_points", "attempt", "attempt_step", "finite")},
        **{name: [None] * n for name in COUNTED},
    }
    bulk.upsert(connection, series, columns, ["run_id", "path_id", "abandoned_by"])


def grown_wholes(
    connection: sa.Connection, run_id: int, heads: Mapping[int, ObjectHead], growths: Sequence[ObjectGrowth]
) -> tuple[list[Whole], bool]:
    """What curves of a fork are with what is inherited, once they have grown, and whether that takes over steps that
    were inherited. `heads` are those of what the fork had logged itself, by path.
    """
    shown = load_lineage_heads(connection, [run_id], [growth.head.path_id for growth in growths])
    before = {whole.path_id: whole for whole in shown}
    wholes: list[Whole] = []
    takes_over = False
    for growth in growths:
        path_id, own, whole = growth.head.path_id, heads.get(growth.head.path_id), before.get(growth.head.path_id)
        inherited = 0 if whole is None else whole.points - (0 if own is None else own.points)
        wholes.append(Whole(path_id, growth.head.type, inherited + growth.head.points, growth.head.step_last))
        end = own or whole
        takes_over |= end is not None and growth.least_step <= end.step_last
    return wholes, takes_over


def _together(younger: Whole | None, older: Whole | None) -> Whole:
    """Both, of which one may be missing; the younger one lies behind the other."""
    if younger is None or older is None:
        found = younger or older
        assert found is not None
        return found
    return Whole(younger.path_id, younger.type, younger.points + older.points, younger.step_last, younger.last)


def _all_heads(connection: sa.Connection, run_id: int) -> dict[int, ObjectHead]:
    """The heads of what a run logged itself, by path."""
    rows = connection.execute(select_heads().where(series.c.run_id == run_id, has_chunks()))
    return {head.path_id: head for head in (ObjectHead(*row) for row in rows)}


def _first_steps(connection: sa.Connection, heads: Collection[ObjectHead]) -> dict[int, int]:
    """By path, where these series begin."""
    steps = first_steps(connection, heads)
    return {head.path_id: steps[head.id] for head in heads if head.id in steps}


def _up_to(connection: sa.Connection, heads: Sequence[ObjectHead], lasts: Mapping[int, int]) -> Iterator[Whole]:
    """These series with their points up to a step each, by id; without those that then have none."""
    for start in range(0, len(heads), SERIES_AT_ONCE):
        portion = {head.id: head for head in heads[start : start + SERIES_AT_ONCE]}
        yield from _portion_up_to(connection, portion, lasts)


def _portion_up_to(
    connection: sa.Connection, heads: Mapping[int, ObjectHead], lasts: Mapping[int, int]
) -> Iterator[Whole]:
    table = object_chunks.c
    most = max(lasts[series_id] for series_id in heads)
    extents = sa.select(table.series_id, table.step_min, table.points)
    extents = extents.where(table.series_id.in_(heads), table.step_min <= most).order_by(
        table.series_id, table.step_min
    )
    older: dict[int, int] = {}  # points before the last chunk
    newest: list[tuple[int, int]] = []
    for series_id, group in groupby(connection.execute(extents).all(), key=lambda row: int(row.series_id)):
        reached = [row for row in group if row.step_min <= lasts[series_id]]
        if reached:
            older[series_id] = sum(int(row.points) for row in reached[:-1])
            newest.append((series_id, int(reached[-1].step_min)))
    query = sa.select(table.series_id, table.data)
    query = query.where(sa.tuple_(table.series_id, table.step_min).in_(newest))
    for series_id, data in connection.execute(query) if newest else ():
        points = codec.decode(data).within(None, lasts[series_id])
        head = heads[series_id]
        count = older[series_id] + len(points)
        yield Whole(head.path_id, head.type, count, int(points.steps[-1]), points.values[-1])
