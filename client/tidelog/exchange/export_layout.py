"""How an export lies on disk, version 1; docs/reference/export.md describes it. Writing needs pyarrow, reading too.

export.json                     what this is, and of which project
runs.parquet                    one row for each run, for analyses
views.json  dashboards.json     saved views of the table; dashboards and reports
artifacts/NAME/3.json           a version of an artifact, and 3.files.json its files
files/ab/abcdef...              contents, each once, by their SHA-256
runs/MNIST-3/run.json           the run; written last, so a folder that has it is whole
runs/MNIST-3/*.parquet          see `schema`
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING, Any

from tidelog.errors import ExportError, MissingPackageError
from tidelog.journal.segments import folder_name

if TYPE_CHECKING:
    import pyarrow

FORMAT = "tidelog-export"
VERSION = 1
PARTIAL = ".partial"  # ends the name of a run's folder while it is written
STEP_DIGITS, STEP_PLACES = 19, 6  # decimal128: steps are exact, and read as numbers everywhere
ROWS = 1_000  # written at a time


def require_pyarrow() -> None:
    """Raise what to install where pyarrow is missing."""
    if find_spec("pyarrow") is None:
        raise MissingPackageError("exports are Parquet files, which need pyarrow: pip install 'tidelog[export]'")


def schema(name: str) -> pyarrow.Schema:
    """Return the columns of one of the files."""
    import pyarrow as pa

    step = ("step", pa.decimal128(STEP_DIGITS, STEP_PLACES))
    moment = pa.timestamp("ms", "UTC")
    names = pa.dictionary(pa.int32(), pa.string())
    point = [("path", names), step, ("time", moment), ("value", pa.float64())]
    attempt = [("attempt", pa.int32()), ("begins", pa.bool_())]
    thing = [("path", names), ("type", names), step, ("time", moment), ("value", pa.large_string())]
    columns: dict[str, list[tuple[str, Any]]] = {
        "attributes": [("path", pa.string()), ("type", pa.string()), ("value", pa.large_string())],
        "float_series": [*point, *attempt],
        "abandoned_series": [*point, *attempt, ("abandoned_by", pa.int32())],
        "object_series": [*thing, *attempt],
        "abandoned_objects": [*thing, *attempt, ("abandoned_by", pa.int32())],
        "file_sets": [
            ("path", pa.string()), ("name", pa.string()), ("file", pa.int64()), ("size", pa.int64()),
            ("modified", moment),
        ],
        "files": [
            ("file", pa.int64()), ("state", pa.string()), ("sha256", pa.string()), ("size", pa.int64()),
            ("problem", pa.string()), ("announced", moment),
        ],
        "events": [
            ("kind", pa.string()), ("level", pa.string()), ("time", moment), step,
            *((field, pa.large_string()) for field in ("title", "text", "author")),
        ],
        "runs": [
            *((field, pa.string()) for field in ("label", "kind", "key", "project", "name", "state", "error")),
            ("created", moment), ("ended", moment), ("points", pa.int64()), ("files", pa.int64()),
        ],
    }  # fmt: skip
    return pa.schema(columns[name])


class RowWriter:
    """Writes a Parquet file row by row, a bounded number of them at a time. Steps are given in millionths."""

    def __init__(self, folder: str, name: str) -> None:
        import pyarrow.parquet

        self.rows = 0
        self._schema = schema(name)
        self._pending: list[Sequence[Any]] = []
        self._writer = pyarrow.parquet.ParquetWriter(
            os.path.join(folder, f"{name}.parquet"), self._schema, compression="zstd"
        )

    def add(self, *row: Any) -> None:
        """Add a row, its values in the order of the columns."""
        self.rows += 1
        self._pending.append(row)
        if len(self._pending) == ROWS:
            self._write()

    def __enter__(self) -> RowWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._pending and error is None:
            self._write()
        self._writer.close()

    def _write(self) -> None:
        import pyarrow as pa

        columns = []
        for field, values in zip(self._schema, zip(*self._pending, strict=True), strict=True):
            if field.name == "step":
                columns.append(as_decimal(pa.array(values, pa.int64())))
            elif pa.types.is_dictionary(field.type):
                columns.append(pa.array(values, pa.string()).dictionary_encode())
            else:
                columns.append(pa.array(values, field.type))
        self._writer.write_table(pa.table(columns, self._schema))
        self._pending.clear()


def as_decimal(millionths: pyarrow.Array) -> pyarrow.Array:
    """Return integers of millionths as decimals with six places: the same 128 bits, read in another unit."""
    import pyarrow as pa

    return millionths.cast(pa.decimal128(STEP_DIGITS, 0)).view(pa.decimal128(STEP_DIGITS, STEP_PLACES))


def as_millionths(steps: Any) -> Any:
    """Return decimals with six places as integers of millionths."""
    import pyarrow as pa

    return steps.view(pa.decimal128(steps.type.precision, 0)).cast(pa.int64())


def batches(folder: str, name: str, rows: int) -> Iterator[Any]:
    """Yield the record batches of one of a run's files."""
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(os.path.join(folder, f"{name}.parquet")) as file:
        yield from file.iter_batches(rows)


def rows_of(folder: str, name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of one of a run's files: times in milliseconds, steps in millionths."""
    import pyarrow as pa

    for batch in batches(folder, name, ROWS):
        columns = {}
        for field, column in zip(batch.schema, batch.columns, strict=True):
            if pa.types.is_timestamp(field.type):
                column = column.cast(pa.int64())
            columns[field.name] = (as_millionths(column) if field.name == "step" else column).to_pylist()
        for values in zip(*columns.values(), strict=True):
            yield dict(zip(columns, values, strict=True))


def write_json(path: str, content: Mapping[str, Any]) -> None:
    """Write a JSON file so that a reader sees all of it or none."""
    temporary = f"{path}.new"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2, ensure_ascii=False)
        file.write("\n")
    os.replace(temporary, path)


def read_json(path: str) -> dict[str, Any]:
    """Read a JSON file; raises `ExportError` if it is none."""
    try:
        with open(path, encoding="utf-8") as file:
            content: dict[str, Any] = json.load(file)
            return content
    except (OSError, ValueError) as error:
        raise ExportError(f"{path} cannot be read ({error}); is it part of an export by tidelog?") from error


def read_head(folder: str) -> dict[str, Any]:
    """Return export.json of an export; raises `ExportError` for anything else, or a newer version."""
    head = read_json(os.path.join(folder, "export.json"))
    if head.get("format") != FORMAT:
        raise ExportError(f"{folder} is no export by tidelog: its export.json says {head.get('format')!r}")
    if head.get("version") != VERSION:
        raise ExportError(f"the export {folder} has version {head.get('version')}; this tidelog reads {VERSION}")
    return head


def run_folder(folder: str, label: str) -> str:
    """Return where a run lies in an export."""
    return os.path.join(folder, "runs", folder_name(label))


def content_path(folder: str, sha256: str) -> str:
    """Return where the content with this hash lies in an export."""
    return os.path.join(folder, "files", sha256[:2], sha256)


def version_path(folder: str, name: str, version: int) -> str:
    """Return where a version of an artifact lies in an export; its files are at `files_path` of that."""
    return os.path.join(folder, "artifacts", folder_name(name), f"{version}.json")


def files_path(version: str) -> str:
    """Return where the list of the files of a version lies."""
    return f"{version.removesuffix('.json')}.files.json"


def version_paths(folder: str) -> list[str]:
    """Return the versions of artifacts in an export, those of each artifact in order."""
    parent = os.path.join(folder, "artifacts")
    found: list[tuple[str, int]] = []
    for name in sorted(os.listdir(parent)) if os.path.isdir(parent) else ():
        inner = os.path.join(parent, name)
        numbers = (file.removesuffix(".json") for file in os.listdir(inner) if file.endswith(".json"))
        found += [(inner, int(number)) for number in numbers if number.isdecimal()]
    return [os.path.join(inner, f"{number}.json") for inner, number in sorted(found)]


def run_folders(folder: str) -> Iterator[str]:
    """Yield the folders of the runs that are whole, in the order of their numbers."""
    parent = os.path.join(folder, "runs")
    found = [os.path.join(parent, name) for name in os.listdir(parent)] if os.path.isdir(parent) else []
    whole = [path for path in found if os.path.exists(os.path.join(path, "run.json"))]
    yield from sorted((path for path in whole if not path.endswith(PARTIAL)), key=_number)


def _number(path: str) -> tuple[str, int, str]:
    prefix, _, number = os.path.basename(path).rpartition("-")
    return (prefix, int(number), "") if number.isdecimal() else (path, 0, path)
