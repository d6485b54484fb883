"""Float series of many runs, from a program: `tidelog.fetch_metrics`, and `tidelog.stream_metrics` for what is large.

Pages of points come one after the other, so that memory holds one of them, however much there is.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tidelog.errors import InvalidValueError, UnsupportedTypeError
from tidelog.fetching.frames import Frame, FrameSeries, read_frame
from tidelog.fetching.shapes import Column, Floats, Labels, Times, resolve_output, shaped
from tidelog.fetching.tables import as_labels, run_labels
from tidelog.journal.reading import unpacked
from tidelog.journal.records import packed
from tidelog.settings import resolve_project
from tidelog.shipping.connecting import connected
from tidelog.values.encoding import shown

if TYPE_CHECKING:
    from tidelog.shipping.transport import Transport

RUNS_AT_ONCE = 200  # the most that the server takes in one request
SERIES_AT_ONCE = 5_000
PAGE_POINTS = 250_000  # 6 MB
BUCKETS = (10, 4_000)
BUCKET_COLUMNS = ("min", "max", "first", "last", "mean")


class Choice(NamedTuple):
    """Which series: labels of runs, and paths as a regular expression or one by one."""

    runs: list[str]
    pattern: str
    paths: list[str] | None

    def body(self, runs: Sequence[str]) -> dict[str, Any]:
        """Return the request for these of the runs."""
        return {"runs": list(runs), "pattern": self.pattern, "paths": self.paths}


def fetch_metrics(
    project: str | None = None, *, runs: str | Sequence[str] | None = None, paths: str | Sequence[str] = "",
    query: str = "", buckets: int | None = None, start: float | None = None, stop: float | None = None,
    output: str | None = None, url: str | None = None, api_token: str | None = None,
) -> Any:  # fmt: skip
    """Return the points of many float series in one long table.

    `runs` are labels; without them, all runs of `project` that match `query`. `paths` is a regular expression (RE2;
    it may match anywhere, `^` and `$` anchor it) or a list of paths. `start` and `stop` bound the steps, both included.

    Columns are run, path, step, time and value. With `buckets`, each series is summed up in about so many (10 to
    4,000), with columns run, path, step, time, min, max, first, last and mean; all but the mean are exact. All points
    are held in memory: for more than that holds there is `stream_metrics`. `output` as in `fetch_runs_table`.
    """
    chosen_output = resolve_output(output)
    with connected(url, api_token) as server:
        choice = chosen_series(server, project, runs, paths, query)
        if buckets is not None:
            return shaped(_bucketed(server, choice, _checked_buckets(buckets), start, stop), chosen_output)
        frames = list(_pages(server, choice, start, stop, PAGE_POINTS))
    return shaped(_point_columns([series for frame in frames for series in frame.series]), chosen_output)


def stream_metrics(
    project: str | None = None, *, runs: str | Sequence[str] | None = None, paths: str | Sequence[str] = "",
    query: str = "", start: float | None = None, stop: float | None = None, batch_points: int = PAGE_POINTS,
    output: str | None = None, url: str | None = None, api_token: str | None = None,
) -> Iterator[Any]:  # fmt: skip
    """Yield the points of many float series in batches of at most `batch_points`, in bounded memory.

    Runs come in the order of their labels as given, or the newest first; a series is whole before the next one begins,
    ascending by step. Arguments and columns are those of `fetch_metrics`; a batch of `output="arrow"` is a
    `pyarrow.RecordBatch`.
    """
    chosen_output = resolve_output(output)
    if isinstance(batch_points, bool) or not isinstance(batch_points, int) or not 1 <= batch_points <= 1_000_000:
        raise InvalidValueError(f"batch_points {shown(batch_points)} is not between 1 and 1,000,000")
    return _stream(chosen_output, project, runs, paths, query, start, stop, batch_points, url, api_token)


def _stream(
    output: str, project: str | None, runs: str | Sequence[str] | None, paths: str | Sequence[str], query: str,
    start: float | None, stop: float | None, batch_points: int, url: str | None, api_token: str | None,
) -> Iterator[Any]:  # fmt: skip
    with connected(url, api_token) as server:
        choice = chosen_series(server, project, runs, paths, query)
        for frame in _pages(server, choice, start, stop, batch_points):
            batch = shaped(_point_columns(frame.series), output)
            yield batch.to_batches()[0] if output == "arrow" else batch


def _pages(server: Transport, choice: Choice, start: float | None, stop: float | None, points: int) -> Iterator[Frame]:
    """Yield the pages that hold any points."""
    bounds = {"start": start, "stop": stop, "limit": points}
    for first in range(0, len(choice.runs), RUNS_AT_ONCE):
        body = choice.body(choice.runs[first : first + RUNS_AT_ONCE])
        after: str | None = None
        while True:
            frame = read_frame(server.post_for_bytes("/series/points", {**body, **bounds, "after": after}))
            if frame.series:
                yield frame
            after = frame.header["next"]
            if after is None:
                break


def find_series(server: Transport, choice: Choice, types: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the series that there are: dicts with run_id, run, path and type."""
    for first in range(0, len(choice.runs), RUNS_AT_ONCE):
        body = choice.body(choice.runs[first : first + RUNS_AT_ONCE])
        after: str | None = None
        while True:
            answer = server.post("/series/find", {**body, "types": list(types), "after": after})
            yield from answer["series"]
            after = answer["next"]
            if after is None:
                break


def _point_columns(series: Sequence[FrameSeries]) -> dict[str, Column]:
    return {
        "run": Labels([(item.header["run"], item.points) for item in series]),
        "path": Labels([(item.header["path"], item.points) for item in series]),
        "step": Floats([item.columns["step"] for item in series]),
        "time": Times([item.columns["time_ms"] for item in series]),
        "value": Floats([item.columns["value"] for item in series]),
    }


def _bucketed(
    server: Transport, choice: Choice, buckets: int, start: float | None, stop: float | None
) -> dict[str, Column]:
    series: list[FrameSeries] = []
    labels: dict[int, str] = {}
    for runs, paths in _chart_requests(server, choice, labels):
        bounds = {"start": start, "stop": stop, "buckets": buckets}
        frame = read_frame(server.post_for_bytes("/charts", {"runs": runs, "paths": paths, **bounds}))
        series += [item for item in frame.series if item.points]
    columns: dict[str, Column] = {
        "run": Labels([(labels[item.header["run"]], item.points) for item in series]),
        "path": Labels([(item.header["path"], item.points) for item in series]),
        "step": Floats([item.columns["step"] for item in series]),
        "time": Times([_milliseconds(item.columns["time"]) for item in series]),
    }
    for name in BUCKET_COLUMNS:  # a series of few points comes as it is: each is a bucket of its own
        columns[name] = Floats([item.columns.get(name) or item.columns["value"] for item in series])
    return columns


def _chart_requests(server: Transport, choice: Choice, labels: dict[int, str]) -> Iterator[tuple[list[int], list[str]]]:
    """Yield runs and paths, of which every pair may be a series, in groups that one request can ask for."""
    by_run: dict[int, list[str]] = {}
    for found in find_series(server, choice, ["float_series"]):
        labels[found["run_id"]] = found["run"]
        by_run.setdefault(found["run_id"], []).append(found["path"])
    group: list[int] = []
    together: dict[str, None] = {}
    for run, paths in by_run.items():
        union = {**together, **dict.fromkeys(paths)}
        if group and (len(group) == RUNS_AT_ONCE or (len(group) + 1) * len(union) > SERIES_AT_ONCE):
            yield group, list(together)
            group, union = [], dict.fromkeys(paths)
        group, together = [*group, run], union
        if len(together) > SERIES_AT_ONCE:  # then this run is alone in the group
            for start in range(0, len(paths), SERIES_AT_ONCE):
                yield group, paths[start : start + SERIES_AT_ONCE]
            group, together = [], {}
    if group:
        yield group, list(together)


def _milliseconds(seconds: memoryview) -> bytes:
    return packed(array("q", [round(1000 * time) for time in unpacked("d", seconds.tobytes())]))


def chosen_series(server: Transport, project: str | None, runs: object, paths: object, query: str) -> Choice:
    """Return what the arguments of a fetch mean, which are checked here."""
    if runs is not None and query:
        raise InvalidValueError("runs= and query= both say which runs; give one of them")
    labels = run_labels(server, resolve_project(project), query) if runs is None else as_labels(runs)
    if isinstance(paths, str):
        return Choice(labels, paths, None)
    if not isinstance(paths, (list, tuple)) or not all(isinstance(path, str) for path in paths):
        raise UnsupportedTypeError(f"paths {shown(paths)} are not a regular expression or a list of paths")
    return Choice(labels, "", list(paths))


def _checked_buckets(buckets: object) -> int:
    least, most = BUCKETS
    if isinstance(buckets, bool) or not isinstance(buckets, int) or not least <= buckets <= most:
        raise InvalidValueError(f"buckets {shown(buckets)} is not a number between {least} and {most:,}")
    return buckets
