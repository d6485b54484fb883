"""The series of texts, histograms and files of a run as Parquet, and what later attempts abandoned of them.

Every point says which attempt logged it, as those of float series do.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tidelog.exchange.export_layout import RowWriter
from tidelog.exchange.exporting_files import RunFiles
from tidelog.exchange.exporting_series import Attempts
from tidelog.fetching.metrics import Choice, find_series
from tidelog.fetching.objects import stored_objects

if TYPE_CHECKING:
    from tidelog.shipping.transport import Transport

OBJECT_TYPES = ("string_series", "histogram_series", "file_series")


def write_object_series(server: Transport, label: str, folder: str, files: RunFiles, attempts: Attempts) -> None:
    """Write the series, and what was abandoned of them; of a fork what it logged itself."""
    with RowWriter(folder, "object_series") as rows:
        # In the order of their paths, as that in which a server keeps them is another one on each.
        series = sorted(find_series(server, Choice([label], "", None), OBJECT_TYPES), key=lambda found: found["path"])
        for found in series:
            path, kind = found["path"], found["type"]
            for step, time_ms, value in stored_objects(server, label, path, own=True):
                rows.add(path, kind, step, time_ms, _text(kind, value, files), *attempts.at(path, step))
    with RowWriter(folder, "abandoned_objects") as rows:
        for path, attempt, kind in attempts.abandoned:
            if kind not in OBJECT_TYPES:
                continue
            for step, time_ms, value in stored_objects(server, label, path, abandoned_by=attempt):
                logged = attempts.at(path, step, attempt)
                rows.add(path, kind, step, time_ms, _text(kind, value, files), *logged, attempt)


def _text(kind: str, value: Any, files: RunFiles) -> str:
    """Return a value as an export has it."""
    return json.dumps(files.reference(value) if kind == "file_series" else value, ensure_ascii=False)
