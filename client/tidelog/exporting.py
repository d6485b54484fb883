"""`tidelog export`: runs as Parquet files, one folder each, in bounded memory.

A run's folder gets its name when it is whole. So an export that was interrupted is gone on with by doing it again: runs
that did not change since are left as they are.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tidelog import __version__
from tidelog.errors import ExportError
from tidelog.export_layout import (
    FORMAT,
    PARTIAL,
    STEP_DIGITS,
    STEP_PLACES,
    VERSION,
    read_head,
    read_json,
    require_pyarrow,
    run_folder,
    run_folders,
    schema,
    write_json,
)
from tidelog.frames import FrameSeries, read_frame
from tidelog.metrics import Choice, find_series
from tidelog.objects import stored_objects
from tidelog.paths import quoted
from tidelog.tables import run_labels

if TYPE_CHECKING:
    import pyarrow

    from tidelog.transport import Transport

PAGE_POINTS = 250_000
GROUP_ROWS = 1_000_000  # of a Parquet file: fewer rows make many small groups, which read slowly
OBJECT_ROWS = 1_000
OBJECT_TYPES = ("string_series", "histogram_series")
OF_THE_RUN = frozenset(  # what a server says of a run itself: run.json has it, or it is another server's business
    f"sys/{name}"
    for name in (
        "id", "name", "custom_run_id", "state", "creation_time", "ended_time", "modification_time", "running_time",
        "size", "failed", "trashed",
    )
)  # fmt: skip
RUN_FIELDS = ("label", "key", "project", "name", "state", "error", "created_ms", "ended_ms")


class Exported(NamedTuple):
    """What became of one run."""

    run: str
    folder: str
    unchanged: bool  # it was there already, as it is on the server
    points: int


def export_runs(
    server: Transport, project: str, folder: str, *, query: str = "", runs: Sequence[str] | None = None
) -> Iterator[Exported]:
    """Export the runs of a project that match a query, or those with these labels, the oldest first."""
    require_pyarrow()
    labels = list(runs) if runs is not None else run_labels(server, project, query)[::-1]
    os.makedirs(os.path.join(folder, "runs"), exist_ok=True)
    _write_head(server, project, folder)
    for label in labels:
        yield _export_run(server, label, folder)
    _write_runs_table(folder)


def _write_head(server: Transport, project: str, folder: str) -> None:
    if os.path.exists(os.path.join(folder, "export.json")):
        head = read_head(folder)
        if head["project"] != project:
            raise ExportError(
                f"{folder} holds an export of the project {head['project']!r}, so {project!r} was not added to it"
            )
        return
    head = {"format": FORMAT, "version": VERSION, "project": project, "server": server.url, "tidelog": __version__}
    write_json(os.path.join(folder, "export.json"), head)


def _export_run(server: Transport, label: str, folder: str) -> Exported:
    run = server.get(f"/runs/{quoted(label)}")
    revision = _revision(server, run)
    final = run_folder(folder, label)
    description = os.path.join(final, "run.json")
    if os.path.exists(description) and read_json(description)["revision"] == revision:
        return Exported(label, final, True, read_json(description)["points"])
    partial = f"{final}{PARTIAL}"
    shutil.rmtree(partial, ignore_errors=True)
    os.makedirs(partial)
    _write_attributes(server, label, partial)
    points = _write_float_series(server, label, partial)
    _write_object_series(server, label, partial)
    fields = {name: run[name] for name in RUN_FIELDS}
    write_json(os.path.join(partial, "run.json"), {**fields, "points": points, "revision": revision})
    shutil.rmtree(final, ignore_errors=True)
    os.replace(partial, final)
    return Exported(label, final, False, points)


def _revision(server: Transport, run: dict[str, Any]) -> str:
    """Return what changes whenever the run does: bytes received from each writer, and its state."""
    writers = server.get(f"/runs/{quoted(run['label'])}/writers")["writers"]
    received = [f"{writer['writer']}:{writer['position']}" for writer in writers]
    return " ".join([run["state"], str(run.get("modified_ms") or run["ended_ms"] or 0), *sorted(received)])


def _write_attributes(server: Transport, label: str, folder: str) -> None:
    import pyarrow
    import pyarrow.parquet

    found = server.get(f"/runs/{quoted(label)}/attributes")["attributes"]
    values = [item for item in found if not item["type"].endswith("_series") and item["path"] not in OF_THE_RUN]
    columns = {
        "path": [item["path"] for item in values],
        "type": [item["type"] for item in values],
        "value": [json.dumps(item["value"], ensure_ascii=False) for item in values],
    }
    table = pyarrow.table(columns, schema("attributes"))
    pyarrow.parquet.write_table(table, os.path.join(folder, "attributes.parquet"), compression="zstd")


def _write_float_series(server: Transport, label: str, folder: str) -> int:
    import pyarrow.parquet

    points = 0
    pages: list[pyarrow.Table] = []
    # Values have no dictionary: it would take one NaN for another, whatever their bits.
    with pyarrow.parquet.ParquetWriter(
        os.path.join(folder, "float_series.parquet"),
        schema("float_series"),
        compression="zstd",
        use_dictionary=["path"],
        column_encoding={"value": "BYTE_STREAM_SPLIT"},
    ) as writer:
        for page in _point_tables(server, label):
            points += len(page)
            pages.append(page)
            if sum(map(len, pages)) >= GROUP_ROWS:
                writer.write_table(pyarrow.concat_tables(pages).unify_dictionaries())
                pages.clear()
        if pages:
            writer.write_table(pyarrow.concat_tables(pages).unify_dictionaries())
    return points


def _point_tables(server: Transport, label: str) -> Iterator[pyarrow.Table]:
    after: str | None = None
    while True:
        wanted = {"runs": [label], "exact": True, "limit": PAGE_POINTS, "after": after}
        frame = read_frame(server.post_for_bytes("/series/points", wanted))
        if frame.series:
            yield _point_table(frame.series)
        after = frame.header["next"]
        if after is None:
            return


def _point_table(series: Sequence[FrameSeries]) -> pyarrow.Table:
    import pyarrow as pa

    def column(name: str, kind: pa.DataType) -> pa.Array:
        data = b"".join(item.columns[name] for item in series)
        return pa.Array.from_buffers(kind, len(data) // 8, [None, pa.py_buffer(data)])

    codes = [code for code, item in enumerate(series) for _ in range(item.points)]
    paths = pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), [item.header["path"] for item in series])
    steps = as_decimal(column("step_millionths", pa.int64()))
    columns = [paths, steps, column("time_ms", pa.timestamp("ms", "UTC")), column("value", pa.float64())]
    return pa.table(columns, schema("float_series"))


def as_decimal(millionths: pyarrow.Array) -> pyarrow.Array:
    """Return integers of millionths as decimals with six places: the same 128 bits, read in another unit."""
    import pyarrow as pa

    return millionths.cast(pa.decimal128(STEP_DIGITS, 0)).view(pa.decimal128(STEP_DIGITS, STEP_PLACES))


def _write_object_series(server: Transport, label: str, folder: str) -> None:
    import pyarrow.parquet

    choice = Choice([label], "", None)
    with pyarrow.parquet.ParquetWriter(
        os.path.join(folder, "object_series.parquet"), schema("object_series"), compression="zstd"
    ) as writer:
        for found in find_series(server, choice, OBJECT_TYPES):
            rows: list[tuple[int, int, Any]] = []
            for row in stored_objects(server, label, found["path"]):
                rows.append(row)
                if len(rows) == OBJECT_ROWS:
                    writer.write_table(_object_table(found, rows))
                    rows = []
            if rows:
                writer.write_table(_object_table(found, rows))


def _object_table(series: dict[str, Any], rows: Sequence[tuple[int, int, Any]]) -> pyarrow.Table:
    import pyarrow as pa

    def repeated(text: str) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array([0] * len(rows), pa.int32()), [text])

    columns = [
        repeated(series["path"]),
        repeated(series["type"]),
        as_decimal(pa.array([step for step, _, _ in rows], pa.int64())),
        pa.array([time_ms for _, time_ms, _ in rows], pa.timestamp("ms", "UTC")),
        pa.array([json.dumps(value, ensure_ascii=False) for _, _, value in rows], pa.large_string()),
    ]
    return pa.table(columns, schema("object_series"))


def _write_runs_table(folder: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    runs = [read_json(os.path.join(path, "run.json")) for path in run_folders(folder)]
    columns = {field.name: [_run_cell(run, field.name) for run in runs] for field in schema("runs")}
    pyarrow.parquet.write_table(pa.table(columns, schema("runs")), os.path.join(folder, "runs.parquet"))


def _run_cell(run: dict[str, Any], name: str) -> Any:
    return run[f"{name}_ms"] if name in ("created", "ended") else run[name]
