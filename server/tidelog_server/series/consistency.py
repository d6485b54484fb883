"""Whether what is stored of a run's series agrees with itself: heads with chunks, chunks with what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.series import codec
from tidelog_server.series.heads import FLOAT_SERIES
from tidelog_server.series.objects import codec as object_codec
from tidelog_server.series.points import STEP_UNITS
from tidelog_server.tables import chunks, object_chunks, paths, series

ROWS_AT_ONCE = 64
PROBLEMS = 100  # listed; a broken disk may make any number


@dataclass(frozen=True)
class Examination:
    """How many series and points of a run were read through, and what was found to be wrong."""

    series: int
    points: int
    problems: list[str]


def examine(connection: sa.Connection, run_id: int) -> Examination:
    """Read every chunk of a run, a few at a time."""
    count = points = 0
    problems: list[str] = []
    heads = sa.select(series.c.id, paths.c.path, series.c.points, series.c.step_last, series.c.type)
    is_own = series.c.open_step.is_not(None)  # not only inherited
    heads = heads.join(paths, paths.c.id == series.c.path_id).where(series.c.run_id == run_id, is_own)
    for head in connection.execute(heads).all():
        count += 1
        points += head.points
        problems.extend(f"{head.path}: {problem}" for problem in _problems(connection, head))
    return Examination(count, points, problems[:PROBLEMS])


def _problems(connection: sa.Connection, head: sa.Row[int, str, int, int, str]) -> Iterator[str]:
    table, decode = (chunks, codec.decode) if head.type == FLOAT_SERIES else (object_chunks, object_codec.decode)
    query = sa.select(table.c.step_min, table.c.step_max, table.c.points, table.c.data)
    query = query.where(table.c.series_id == head.id).order_by(table.c.step_min)
    found, last = 0, None
    with connection.execution_options(yield_per=ROWS_AT_ONCE).execute(query) as result:
        for step_min, step_max, count, data in result:
            chunk = decode(data)
            begin = f"the chunk at step {step_min / STEP_UNITS:g}"
            if len(chunk) != count:
                yield f"{begin} holds {len(chunk):,} points and says {count:,}"
            if not len(chunk) or int(chunk.steps[0]) != step_min or int(chunk.steps[-1]) != step_max:
                yield f"{begin} does not hold the steps that it says"
            if not bool((chunk.steps[1:] > chunk.steps[:-1]).all()) or (last is not None and step_min <= last):
                yield f"{begin} is out of order"
            found, last = found + len(chunk), step_max
    if found != head.points:
        yield f"{found:,} points are stored and {head.points:,} are counted"
    if found and last != head.step_last:
        yield "the last step is not the one that is noted"
