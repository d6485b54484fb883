"""`tidelog import`: bring an export into a server, the way every run comes home.

Each run becomes a journal that is shipped up to an offset. The journal is made anew from the export each time, with the
same bytes and the same writer; so doing it again sends what the server lacks, and nothing twice.
"""

from __future__ import annotations

import json
import os
import struct
from array import array
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import compress

from tidelog import records
from tidelog.errors import NotFoundError
from tidelog.export_layout import read_head, read_json, require_pyarrow, run_folders
from tidelog.paths import quoted
from tidelog.shipper import COMPRESSION_LEVEL, MEDIA_TYPE
from tidelog.values import encode_value

if TYPE_CHECKING:
    from tidelog.transport import Transport

BATCH_BYTES = 4 * 1024 * 1024
ROWS = 50_000  # of a Parquet file, read at a time
STREAM = 1  # raised whenever the same source would give other bytes: the writer's name changes with it
HOST = "tidelog import"  # of the writers that imports make, by which they are known
ENDINGS = ("finished", "failed")  # what a journal's last record can say; a crashed run's has none


class Imported(NamedTuple):
    """What became of one run."""

    run: str  # its label on this server
    exported_as: str
    sent_bytes: int
    was_there: bool  # a run with its key was written by a job of this server: nothing was sent
    skipped: int  # attributes of types that an import cannot bring


class Source(NamedTuple):
    """One run to be imported: who it is, how it ended, and its records without paths' definitions."""

    project: str
    key: str
    name: str | None
    created_ms: int
    state: str
    ended_ms: int | None
    error: str | None
    origin: str  # what the journal is made from: the same origin gives the same writer
    records: Iterable[PathRecord]


class PathRecord(NamedTuple):
    """A record of a path that has no number yet; `pack` makes it with one."""

    path: str
    pack: Callable[[int], bytes]


def import_export(server: Transport, folder: str, project: str | None = None) -> Iterator[Imported]:
    """Import every run of an export, the oldest first, into a project of its name or of the name given."""
    require_pyarrow()
    head = read_head(folder)
    for path in run_folders(folder):
        run = read_json(os.path.join(path, "run.json"))
        skipped: list[str] = []
        source = Source(
            project=project or head["project"], key=run["key"], name=run["name"], created_ms=run["created_ms"],
            state=run["state"], ended_ms=run["ended_ms"], error=run["error"], origin=run["revision"],
            records=_exported_records(path, skipped),
        )  # fmt: skip
        yield import_run(server, source)._replace(exported_as=run["label"], skipped=len(skipped))


def import_run(server: Transport, source: Source) -> Imported:
    """Import one run. A run with its key that a job of this server wrote is left alone."""
    writer = writer_of(source)
    there = _label_of_other(server, source)
    if there is not None:
        return Imported(there, source.key, 0, True, 0)
    registration = {
        "project": source.project, "run_key": source.key, "with_id": None, "writer": writer, "host": HOST, "pid": None,
        "created_ms": source.created_ms, "name": source.name,
    }  # fmt: skip
    answer = server.post("/writers", registration)
    shipment = _Shipment(server, writer, answer["offset"])
    numbers: dict[str, int] = {}
    for record in source.records:
        number = numbers.get(record.path)
        if number is None:
            number = numbers[record.path] = len(numbers)
            shipment.add(records.define(number, record.path))
        shipment.add(record.pack(number))
    _end(shipment, source)
    return Imported(answer["run"], source.key, shipment.sent_bytes, False, 0)


def writer_of(source: Source) -> str:
    """Return the id of the writer that imports this run: the same source always has the same."""
    return sha256(f"{STREAM}\n{source.project}\n{source.key}\n{source.origin}".encode()).hexdigest()[:16]


def _label_of_other(server: Transport, source: Source) -> str | None:
    """Return the label of a run with this key that a job wrote, not an import."""
    try:
        label = str(server.get("/runs", {"project": source.project, "key": source.key})["label"])
    except NotFoundError:
        return None
    writers = server.get(f"/runs/{quoted(label)}/writers")["writers"]
    return None if all(writer["host"] == HOST for writer in writers) else label


def _end(shipment: _Shipment, source: Source) -> None:
    if source.state in ENDINGS:
        seconds = (source.ended_ms or source.created_ms) / 1000
        shipment.add(records.state(source.state, seconds, source.error, 0))
        shipment.send()
        return
    shipment.send()
    closing = {"state": "crashed", "ended_ms": source.ended_ms or source.created_ms}
    shipment.server.post(f"/writers/{shipment.writer}/close", closing)


class _Shipment:
    """A journal's bytes on their way: those before the server's offset are left out, the rest goes in batches."""

    def __init__(self, server: Transport, writer: str, offset: int) -> None:
        self.server = server
        self.writer = writer
        self.sent_bytes = 0
        self._skip = offset
        self._offset = offset
        self._batch = bytearray()

    def add(self, record: bytes) -> None:
        """Add a whole record."""
        if self._skip >= len(record):
            self._skip -= len(record)
            return
        self._batch += record[self._skip :]
        self._skip = 0
        if len(self._batch) >= BATCH_BYTES:
            self.send()

    def send(self) -> None:
        """Send what was added."""
        while self._batch:
            body = compress(bytes(self._batch), COMPRESSION_LEVEL)
            answer = self.server.post_bytes(f"/journal/{self.writer}", body, MEDIA_TYPE, {"offset": self._offset})
            taken = answer["offset"] - self._offset
            del self._batch[:taken]
            self._offset += taken
            self.sent_bytes += taken


def _exported_records(folder: str, skipped: list[str]) -> Iterator[PathRecord]:
    yield from _attribute_records(folder, skipped)
    yield from _float_records(folder)
    yield from _object_records(folder)


def _attribute_records(folder: str, skipped: list[str]) -> Iterator[PathRecord]:
    for batch in _batches(folder, "attributes"):
        for path, kind, text in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            value = _encoded(path, kind, json.loads(text))
            if value is None:
                skipped.append(path)
            else:
                yield PathRecord(path, partial(records.assign, seconds=0.0, value=value))


def _encoded(path: str, kind: str, value: Any) -> bytes | None:
    """Return an attribute's value as a journal holds it; None for a type that has no bytes of its own."""
    if kind == "float":
        return encode_value(path, float("nan") if value is None else float(value))
    if kind in ("int", "bool", "string"):
        return encode_value(path, value)
    if kind == "string_set":
        return encode_value(path, set(value))
    if kind == "datetime":
        from datetime import datetime

        return encode_value(path, datetime.fromisoformat(value.replace("Z", "+00:00")))
    return None


def _float_records(folder: str) -> Iterator[PathRecord]:
    import pyarrow as pa

    for batch in _batches(folder, "float_series"):
        steps = as_millionths(batch["step"])
        times = batch["time"].cast(pa.int64())
        for path, start, stop in _stretches(batch["path"]):
            part = slice(start, stop)
            micros = array("q", steps[part].to_pylist())
            seconds = array("d", [time_ms / 1000 for time_ms in times[part].to_pylist()])
            values = _bytes_of(batch["value"][part])
            yield PathRecord(path, partial(records.column, steps=micros, times=seconds, values=values))


def _object_records(folder: str) -> Iterator[PathRecord]:
    import pyarrow as pa

    for batch in _batches(folder, "object_series"):
        steps = as_millionths(batch["step"]).to_pylist()
        times = batch["time"].cast(pa.int64()).to_pylist()
        columns = (batch[name].to_pylist() for name in ("path", "type", "value"))
        for step, time_ms, path, kind, text in zip(steps, times, *columns, strict=True):
            value = json.loads(text)
            yield PathRecord(path, partial(_object_record, step=step, seconds=time_ms / 1000, kind=kind, value=value))


def _object_record(number: int, step: int, seconds: float, kind: str, value: Any) -> bytes:
    if kind == "string_series":
        return records.text_point(number, step, seconds, value.encode())
    edges, counts = value["edges"], value["counts"]
    numbers = struct.pack(f"<I{len(edges)}d{len(counts)}d", len(counts), *edges, *counts)
    return records.object_point(number, step, seconds, records.HISTOGRAM + numbers)


def as_millionths(steps: Any) -> Any:
    """Return decimals with six places as integers of millionths."""
    import pyarrow as pa

    return steps.view(pa.decimal128(steps.type.precision, 0)).cast(pa.int64())


def _bytes_of(values: Any) -> bytes:
    """Return the bytes of an Arrow array of float64 without nulls, every bit as it is."""
    buffer = values.buffers()[1]
    start = 8 * values.offset
    return bytes(buffer[start : start + 8 * len(values)])


def _stretches(paths: Any) -> Iterator[tuple[str, int, int]]:
    """Yield path, begin and end of the rows of each path that follow one another."""
    codes = paths.indices.to_pylist()
    names = paths.dictionary.to_pylist()
    start = 0
    for index in range(1, len(codes) + 1):
        if index == len(codes) or codes[index] != codes[start]:
            yield names[codes[start]], start, index
            start = index


def _batches(folder: str, name: str) -> Iterator[Any]:
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(os.path.join(folder, f"{name}.parquet")) as file:
        yield from file.iter_batches(ROWS)
