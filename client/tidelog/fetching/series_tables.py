"""Series that are no numbers, and files, of many runs: `tidelog.fetch_series` and `tidelog.download_files`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from tidelog.errors import FileNotHereError, InvalidValueError
from tidelog.fetching.metrics import chosen_series, find_series
from tidelog.fetching.objects import stored_objects
from tidelog.fetching.shapes import Floats, Labels, Times, Values, resolve_output, shaped
from tidelog.journal.segments import folder_name
from tidelog.shipping.connecting import connected
from tidelog.values.encoding import STEP_SCALE, shown

TYPES = {"string": "string_series", "histogram": "histogram_series", "file": "file_series"}
FILE_TYPES = ("file", "file_set", "file_series", "artifact")


def fetch_series(
    project: str | None = None, *, runs: str | Sequence[str] | None = None, paths: str | Sequence[str] = "",
    query: str = "", type: str = "string", start: float | None = None, stop: float | None = None,
    output: str | None = None, url: str | None = None, api_token: str | None = None,
) -> Any:  # fmt: skip
    """Return the points of many series of texts in one long table, with the columns run, path, step, time and value.

    With `type="histogram"` a value is a dict of edges and counts, with `type="file"` what is known of the file. The
    other arguments are those of `fetch_metrics`.
    """
    from array import array

    from tidelog.journal.records import packed

    chosen_output = resolve_output(output)
    if type not in TYPES:
        raise InvalidValueError(f"type {shown(type)} is none of {', '.join(TYPES)}; fetch_metrics reads numbers")
    stretches: list[tuple[str, str, int]] = []
    steps, times = array("d"), array("q")
    values: list[Any] = []
    with connected(url, api_token) as server:
        choice = chosen_series(server, project, runs, paths, query)
        for found in find_series(server, choice, [TYPES[type]]):
            before = len(values)
            for step, time_ms, value in stored_objects(server, found["run"], found["path"], start, stop):
                steps.append(step / STEP_SCALE)
                times.append(time_ms)
                values.append(value)
            stretches.append((found["run"], found["path"], len(values) - before))
    return shaped(
        {
            "run": Labels([(run, count) for run, _, count in stretches]),
            "path": Labels([(path, count) for _, path, count in stretches]),
            "step": Floats([packed(steps)]),
            "time": Times([packed(times)]),
            "value": Values(values),
        },
        chosen_output,
    )


def download_files(
    project: str | None = None, *, runs: str | Sequence[str] | None = None, paths: str | Sequence[str] = "",
    query: str = "", destination: str | os.PathLike[str] = ".", output: str | None = None, url: str | None = None,
    api_token: str | None = None,
) -> Any:  # fmt: skip
    """Download the files of many runs, each to `<destination>/<run>/<path>/`, and return a table of them.

    Files, file sets, artifacts, and of each series of files the last one, whose path `paths` matches. Columns are run,
    path, type, and file: where it is now, None for one that has not arrived on the server. The other arguments are
    those of `fetch_metrics`.
    """
    from tidelog.fetching.downloads import Downloads
    from tidelog.paths import quoted

    chosen_output = resolve_output(output)
    root = os.path.abspath(os.path.expanduser(os.fspath(destination)))
    rows: list[tuple[str, str, str, str | None]] = []
    with connected(url, api_token) as server:
        choice = chosen_series(server, project, runs, paths, query)
        for found in find_series(server, choice, FILE_TYPES):
            run, path = found["run"], found["path"]
            target = os.path.join(root, folder_name(run), *(folder_name(name) for name in path.split("/")))
            os.makedirs(target, exist_ok=True)
            downloads = Downloads(lambda run=run: quoted(run), lambda: server)  # type: ignore[misc]
            try:
                rows.append((run, path, found["type"], downloads.download(path, target)))
            except FileNotHereError:
                rows.append((run, path, found["type"], None))
    names = ("run", "path", "type", "file")
    return shaped({name: Values([row[index] for row in rows]) for index, name in enumerate(names)}, chosen_output)
