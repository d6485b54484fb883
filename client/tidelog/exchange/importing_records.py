"""The records of an exported run, as a journal has them, and its files. The same export gives the same bytes."""

from __future__ import annotations

import json
import struct
from array import array
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from tidelog.exchange.export_layout import as_millionths, batches, content_path, rows_of
from tidelog.exchange.importing import PathRecord
from tidelog.exchange.importing_files import Content
from tidelog.journal import records
from tidelog.values.encoding import encode_value

ROWS = 50_000  # of a Parquet file, read at a time
NAME_PATH = "sys/name"
OBJECT_FILES = ("object_series", "abandoned_objects")
ENTRIES = 1_000  # of a file set, in one record

ManifestNumbers = Mapping[tuple[str, str], int]  # of the versions that the run brings, by name and hash


def files_by_attempt(folder: str) -> dict[int, set[int]]:
    """Return by later attempt the numbers of the files that its points of series refer to."""
    found: dict[int, set[int]] = {}
    for name in OBJECT_FILES:
        for row in rows_of(folder, name):
            if row["attempt"] and row["type"] == "file_series":
                found.setdefault(row["attempt"], set()).add(json.loads(row["value"])["file"])
    return found


def exported_files(folder: str, export: str, is_wanted: Callable[[int], bool]) -> Iterator[Content]:
    """Yield the files that a run refers to, but for those that had not arrived where they come from, and those whose
    number is not wanted.
    """
    for row in rows_of(folder, "files"):
        if not is_wanted(row["file"]):
            continue
        said = {"number": row["file"], "size": row["size"], "created_ms": row["announced"]}
        if row["state"] == "received":
            told = {**said, "sha256": row["sha256"], "problem": row["problem"]}
            yield Content(told, content_path(export, row["sha256"]))
        elif row["state"] != "expected":
            yield Content({**said, "lost": row["problem"] or "it was lost before it was exported"}, b"")


def value_records(folder: str, name: str, manifests: ManifestNumbers) -> Iterator[PathRecord]:
    """Yield what a run holds besides series; its name, which is none of its attributes, comes first."""
    yield PathRecord(NAME_PATH, partial(records.assign, seconds=0.0, value=encode_value(NAME_PATH, name)))
    yield from _attribute_records(folder, manifests)
    yield from _file_set_records(folder)


def _attribute_records(folder: str, manifests: ManifestNumbers) -> Iterator[PathRecord]:
    for row in rows_of(folder, "attributes"):
        path, kind, value = row["path"], row["type"], json.loads(row["value"])
        if kind == "file_set":
            packed = partial(records.file_set_change, seconds=0.0, change=records.ADD, entries=[])
        else:
            packed = partial(records.assign, seconds=0.0, value=_encoded(path, kind, value, manifests))
        yield PathRecord(path, packed)


def _encoded(path: str, kind: str, value: Any, manifests: ManifestNumbers) -> bytes:
    """Return an attribute's value as a journal holds it."""
    if kind == "float":
        return encode_value(path, float("nan") if value is None else float(value))
    if kind == "string_set":
        return encode_value(path, set(value))
    if kind == "datetime":
        return encode_value(path, datetime.fromisoformat(value.replace("Z", "+00:00")))
    if kind == "file":
        return records.FILE_REFERENCE + records.as_json(value)
    if kind == "git_ref":
        return b"G" + records.as_json(value)
    if kind == "artifact":
        number = manifests.get((value["name"], value["hash"]))
        return b"A" + records.as_json(value if number is None else {**value, "file": number})
    return encode_value(path, value)


def _file_set_records(folder: str) -> Iterator[PathRecord]:
    path = ""
    entries: list[dict[str, Any]] = []
    for row in rows_of(folder, "file_sets"):
        if entries and (row["path"] != path or len(entries) == ENTRIES):
            yield _file_set_record(path, entries)
            entries = []
        path = row["path"]
        entry = {"name": row["name"], "file": row["file"], "size": row["size"], "modified_ms": row["modified"]}
        entries.append(entry)
    if entries:
        yield _file_set_record(path, entries)


def _file_set_record(path: str, entries: list[dict[str, Any]]) -> PathRecord:
    return PathRecord(path, partial(records.file_set_change, seconds=0.0, change=records.ADD, entries=entries))


def float_records(folder: str, attempt: int) -> Iterator[PathRecord]:
    """Yield what an attempt logged to float series. The points that it began with come first, as they abandon others'.

    It may be read twice: Parquet keeps what is asked for in columns.
    """
    import pyarrow.compute as pc

    phases = (True, False) if attempt else (None,)
    for begins in phases:
        for name in ("float_series", "abandoned_series"):
            for batch in batches(folder, name, ROWS):
                wanted = pc.equal(batch["attempt"], attempt)
                if begins is not None:
                    wanted = pc.and_(wanted, pc.equal(batch["begins"], begins))
                yield from _columns(batch.filter(wanted))


def _columns(batch: Any) -> Iterator[PathRecord]:
    import pyarrow as pa

    steps = as_millionths(batch["step"])
    times = batch["time"].cast(pa.int64())
    for path, start, stop in _stretches(batch["path"]):
        part = slice(start, stop)
        micros = array("q", steps[part].to_pylist())
        seconds = array("d", [time_ms / 1000 for time_ms in times[part].to_pylist()])
        values = _bytes_of(batch["value"][part])
        yield PathRecord(path, partial(records.column, steps=micros, times=seconds, values=values))


def object_records(folder: str, attempt: int) -> Iterator[PathRecord]:
    """Yield what an attempt logged to series of texts, histograms and files, in the order of `float_records`."""
    for begins in (True, False) if attempt else (None,):
        for name in OBJECT_FILES:
            for row in rows_of(folder, name):
                if row["attempt"] != attempt or begins not in (None, row["begins"]):
                    continue
                packed = partial(
                    _object_record, step=row["step"], seconds=row["time"] / 1000, kind=row["type"],
                    value=json.loads(row["value"]),
                )  # fmt: skip
                yield PathRecord(row["path"], packed)


def _object_record(number: int, step: int, seconds: float, kind: str, value: Any) -> bytes:
    if kind == "string_series":
        return records.text_point(number, step, seconds, value.encode())
    if kind == "file_series":
        return records.object_point(number, step, seconds, records.FILE_REFERENCE + records.as_json(value))
    edges, counts = value["edges"], value["counts"]
    numbers = struct.pack(f"<I{len(edges)}d{len(counts)}d", len(counts), *edges, *counts)
    return records.object_point(number, step, seconds, records.HISTOGRAM + numbers)


def events_of(folder: str) -> Iterator[bytes]:
    """Yield the events of a run, packed."""
    for row in rows_of(folder, "events"):
        yield records.event(
            row["kind"], row["level"], row["time"] / 1000, row["step"], row["title"], row["text"], row["author"]
        )


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
