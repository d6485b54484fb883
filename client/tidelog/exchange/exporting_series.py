"""The float series of a run as Parquet: its curves, and what later attempts abandoned of them.

Every point says which attempt logged it, so that an import can log all of them again in the same order.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tidelog.exchange.export_layout import as_decimal, schema
from tidelog.fetching.frames import FrameSeries, read_frame
from tidelog.paths import quoted

if TYPE_CHECKING:
    import pyarrow

    from tidelog.shipping.transport import Transport

PAGE_POINTS = 250_000
FLOAT_SERIES = "float_series"
GROUP_ROWS = 1_000_000  # of a Parquet file: fewer rows make many small groups, which read slowly


class Stretch(NamedTuple):
    """What an attempt abandoned of a series."""

    path: str
    attempt: int
    type: str


class Begun(NamedTuple):
    """Where an attempt began to log to a series, and the steps before that which it logged later."""

    attempt: int
    first_step: int
    behind: frozenset[int]


ATTEMPT_0 = Begun(0, 0, frozenset())


class Attempts:
    """Which attempt logged what to each series. Nothing is known of a run that was never resumed."""

    def __init__(self, server: Transport, label: str) -> None:
        self.abandoned: list[Stretch] = []
        self._begun: dict[str, list[Begun]] = {}
        after: int | None = 0
        while after is not None:
            page = server.get(f"/runs/{quoted(label)}/stretches", {"after": after})
            for found in page["stretches"]:
                if found["is_abandoned"]:
                    self.abandoned.append(Stretch(found["path"], found["attempt"], found["type"]))
                else:
                    self._begun[found["path"]] = [
                        Begun(one["attempt"], one["first_step"], frozenset(one["behind"]))
                        for one in found["beginnings"]
                    ]
            after = page["next"]
        self.abandoned.sort()

    def of(self, path: str, steps: pyarrow.Array, before: int | None = None) -> tuple[pyarrow.Array, pyarrow.Array]:
        """Return by which attempt each point was logged, and whether that began there; only attempts `before` count.

        Of those that began at or before a step, or logged it later, the newest abandoned what the others had there.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        lowest, *later = self._before(path, before)
        attempts = pa.array([lowest.attempt] * len(steps), pa.int32())
        begins = pc.equal(steps, lowest.first_step)
        for one in later:
            reached = pc.greater_equal(steps, one.first_step)
            reached = pc.or_(reached, pc.is_in(steps, pa.array(sorted(one.behind), pa.int64())))
            attempts = pc.if_else(reached, pa.scalar(one.attempt, pa.int32()), attempts)
            begins = pc.if_else(reached, pc.equal(steps, one.first_step), begins)
        return attempts, pc.and_(begins, pc.greater(attempts, 0))

    def at(self, path: str, step: int, before: int | None = None) -> tuple[int, bool]:
        """Return the same of one point."""
        found, *later = self._before(path, before)
        for one in later:
            if step >= one.first_step or step in one.behind:
                found = one
        return found.attempt, found.attempt > 0 and step == found.first_step

    def _before(self, path: str, before: int | None) -> list[Begun]:
        """Return the attempts of a series that come before one, of which the oldest logged whatever no other did."""
        return [one for one in self._begun.get(path, [ATTEMPT_0]) if before is None or one.attempt < before]


def write_float_series(server: Transport, label: str, folder: str, attempts: Attempts) -> int:
    """Write the curves and what was abandoned of them; return how many points the curves have."""
    points = _write(folder, "float_series", _curves(server, label, attempts))
    _write(folder, "abandoned_series", _abandoned(server, label, attempts))
    return points


def _write(folder: str, name: str, tables: Iterable[pyarrow.Table]) -> int:
    import pyarrow.parquet

    points = 0
    pages: list[pyarrow.Table] = []
    # Values have no dictionary: it would take one NaN for another, whatever their bits.
    with pyarrow.parquet.ParquetWriter(
        os.path.join(folder, f"{name}.parquet"),
        schema(name),
        compression="zstd",
        use_dictionary=["path"],
        column_encoding={"value": "BYTE_STREAM_SPLIT"},
    ) as writer:
        for page in tables:
            points += len(page)
            pages.append(page)
            if sum(map(len, pages)) >= GROUP_ROWS:
                writer.write_table(pyarrow.concat_tables(pages).unify_dictionaries())
                pages.clear()
        if pages:
            writer.write_table(pyarrow.concat_tables(pages).unify_dictionaries())
    return points


def _curves(server: Transport, label: str, attempts: Attempts) -> Iterator[pyarrow.Table]:
    after: str | None = None
    while True:
        wanted = {"runs": [label], "exact": True, "own": True, "limit": PAGE_POINTS, "after": after}
        frame = read_frame(server.post_for_bytes("/series/points", wanted))
        if frame.series:
            yield _table("float_series", frame.series, [item.header["path"] for item in frame.series], attempts)
        after = frame.header["next"]
        if after is None:
            return


def _abandoned(server: Transport, label: str, attempts: Attempts) -> Iterator[pyarrow.Table]:
    for path, attempt, kind in attempts.abandoned:
        if kind != FLOAT_SERIES:
            continue
        wanted = {"path": path, "abandoned_by": attempt, "exact": "true", "limit": PAGE_POINTS}
        after: int | None = None
        while True:
            position = {} if after is None else {"after": after}
            frame = read_frame(server.get_bytes(f"/runs/{quoted(label)}/series", {**wanted, **position}))
            yield _table("abandoned_series", frame.series, [path], attempts, attempt)
            after = frame.header["next"]
            if after is None:
                break


def _table(
    name: str, series: Sequence[FrameSeries], names: Sequence[str], attempts: Attempts, abandoned_by: int | None = None
) -> pyarrow.Table:
    import pyarrow as pa

    def column(column_name: str, kind: pa.DataType) -> pa.Array:
        data = b"".join(item.columns[column_name] for item in series)
        return pa.Array.from_buffers(kind, len(data) // 8, [None, pa.py_buffer(data)])

    codes = array("i")
    for code, item in enumerate(series):
        codes.extend(array("i", [code]) * item.points)
    indices = pa.Array.from_buffers(pa.int32(), len(codes), [None, pa.py_buffer(codes)])
    paths = pa.DictionaryArray.from_arrays(indices, list(names))
    steps = column("step_millionths", pa.int64())
    logged: list[tuple[Any, Any]] = []
    start = 0
    for path, item in zip(names, series, strict=True):
        logged.append(attempts.of(path, steps[start : start + item.points], abandoned_by))
        start += item.points
    by_attempt = [pa.chunked_array(parts) for parts in zip(*logged, strict=True)]
    columns = [
        paths, as_decimal(steps), column("time_ms", pa.timestamp("ms", "UTC")), column("value", pa.float64()),
        *by_attempt,
    ]  # fmt: skip
    if abandoned_by is not None:
        columns.append(pa.array([abandoned_by] * len(steps), pa.int32()))
    return pa.table(columns, schema(name))
