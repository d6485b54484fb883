"""How an export lies on disk, version 1; docs/reference/export.md describes it. Writing needs pyarrow, reading too.

export.json                     what this is, and of which project
runs.parquet                    one row for each run, for analyses
runs/MNIST-3/run.json           the run; written last, so a folder that has it is whole
runs/MNIST-3/attributes.parquet
runs/MNIST-3/float_series.parquet
runs/MNIST-3/object_series.parquet
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from tidelog.errors import ExportError, MissingPackageError
from tidelog.segments import folder_name

if TYPE_CHECKING:
    import pyarrow

FORMAT = "tidelog-export"
VERSION = 1
PARTIAL = ".partial"  # ends the name of a run's folder while it is written
STEP_DIGITS, STEP_PLACES = 19, 6  # decimal128: steps are exact, and read as numbers everywhere


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
    columns: dict[str, list[tuple[str, Any]]] = {
        "attributes": [("path", pa.string()), ("type", pa.string()), ("value", pa.large_string())],
        "float_series": [("path", names), step, ("time", moment), ("value", pa.float64())],
        "object_series": [("path", names), ("type", names), step, ("time", moment), ("value", pa.large_string())],
        "runs": [
            *((field, pa.string()) for field in ("label", "key", "project", "name", "state", "error")),
            ("created", moment), ("ended", moment), ("points", pa.int64()),
        ],
    }  # fmt: skip
    return pa.schema(columns[name])


def write_json(path: str, content: dict[str, Any]) -> None:
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


def run_folders(folder: str) -> Iterator[str]:
    """Yield the folders of the runs that are whole, in the order of their numbers."""
    parent = os.path.join(folder, "runs")
    found = [os.path.join(parent, name) for name in os.listdir(parent)] if os.path.isdir(parent) else []
    whole = [path for path in found if os.path.exists(os.path.join(path, "run.json"))]
    yield from sorted((path for path in whole if not path.endswith(PARTIAL)), key=_number)


def _number(path: str) -> tuple[str, int, str]:
    prefix, _, number = os.path.basename(path).rpartition("-")
    return (prefix, int(number), "") if number.isdecimal() else (path, 0, path)
