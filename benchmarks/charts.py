"""Charts over HTTP: one series of 1M and of 10M points, and 100 runs at once.

    python -m benchmarks.charts [--rounds N] [--smoke] [--no-peers]

Warm: each request has been made before. Beside a bare HTTP endpoint that answers with as many bytes, and peers' own
endpoints for their charts, on fewer points where filling them would take hours (the number stands with the name).
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from benchmarks import database_file
from benchmarks.api import Connection
from benchmarks.command import run_command
from benchmarks.contest import Contender, Figures, hold
from benchmarks.errors import BenchmarkError, NotInstalledError
from benchmarks.jobs import filling
from benchmarks.processes import run_job
from benchmarks.report import Line, Question, answer
from benchmarks.servers import bare_server, mlflow_server, tensorboard_server, tidelog_server
from benchmarks.sizes import Size

MILLION = 1_000_000
SMOKE_POINTS = 3_000
RUNS = 100
SMOKE_RUNS = 3
RUN_POINTS = 1_000
BUCKETS = 800
REQUESTS = 20  # in a round, of which the median counts; fewer of one whose answers take seconds
ROUND_S = 3.0
PEER_ROUNDS = 2  # their answers take up to half a minute
PEER_POINTS = 200_000
TENSORBOARD_LOAD_DEADLINE_S = 120.0

Request = Callable[[], bytes]


@dataclass(frozen=True)
class Chart:
    """A chart to be asked for, and the target for the answer. Of no points for the peers: they are not asked."""

    question: Question
    runs: int
    points: int
    peer_points: int


class Tracker(Protocol):
    """A server with the data of all charts."""

    name: str

    def request(self, chart: Chart) -> Request:
        """What asks for a chart."""


def measure(size: Size) -> list[Line]:
    """All lines of this benchmark."""
    charts = _charts(size)
    with ExitStack() as servers:
        folder = Path(servers.enter_context(tempfile.TemporaryDirectory()))
        tidelog = Tidelog(servers, folder, charts)
        bare = servers.enter_context(Connection(servers.enter_context(bare_server()).url))
        peers = [_peer(maker, servers, folder, charts) for maker in (Mlflow, Tensorboard)] if size.peers else []
        return [line for chart in charts for line in _measure_chart(chart, size.rounds, tidelog, bare, peers)]


def _charts(size: Size) -> list[Chart]:
    million, ten_million = size.of(MILLION, SMOKE_POINTS), size.of(10 * MILLION, 2 * SMOKE_POINTS)
    hundred, peer_points = size.of(RUNS, SMOKE_RUNS), size.of(PEER_POINTS, RUN_POINTS)
    ask_million = Question("chart of 1M points over HTTP, warm", "p50", "ms", at_most=10)
    ask_ten_million = Question("chart of 10M points over HTTP, warm", "p50", "ms")
    ask_hundred = Question("chart of 100 runs x 1,000 points over HTTP, warm", "p50", "ms", at_most=30)
    return [
        Chart(ask_million, 1, million, peer_points),
        Chart(ask_ten_million, 1, ten_million, 0),
        Chart(ask_hundred, hundred, RUN_POINTS, RUN_POINTS),
    ]


def _measure_chart(
    chart: Chart, rounds: int, tidelog: Tracker, bare: Connection, peers: Sequence[Tracker | str]
) -> list[Line]:
    ask_tidelog = tidelog.request(chart)
    same_bytes = f"/bytes?n={len(ask_tidelog())}"
    contenders = [
        Contender("tidelog", partial(_time_requests, ask_tidelog)),
        Contender("bare HTTP endpoint, same bytes", partial(_time_requests, lambda: bare.get(same_bytes)), True),
    ]
    contenders += [_peer_contender(peer, chart) for peer in peers if chart.peer_points]
    return answer([chart.question], hold(contenders, rounds))


def _peer_contender(peer: Tracker | str, chart: Chart) -> Contender:
    if isinstance(peer, str):
        return Contender(peer, partial(_raise_not_installed, peer))
    points = "" if chart.peer_points == chart.points else f" ({chart.peer_points:,} points)"
    return Contender(peer.name + points, partial(_time_requests, peer.request(chart)), most_rounds=PEER_ROUNDS)


def _peer(
    maker: type[Mlflow] | type[Tensorboard], servers: ExitStack, folder: Path, charts: Sequence[Chart]
) -> Tracker | str:
    """The peer with its data, or its name if it is not installed."""
    try:
        return maker(servers, folder, [chart for chart in charts if chart.peer_points])
    except NotInstalledError:
        return maker.name


def _raise_not_installed(package: str) -> Figures:
    raise NotInstalledError(package)


def _time_requests(request: Request) -> Figures:
    request()
    took: list[float] = []
    while len(took) < REQUESTS and sum(took) < ROUND_S:
        started = time.perf_counter()
        request()
        took.append(time.perf_counter() - started)
    return {"p50": statistics.median(took), "max": max(took)}


class Tidelog:
    """tidelog's server, with every run compacted."""

    name = "tidelog"

    def __init__(self, servers: ExitStack, folder: Path, charts: Sequence[Chart]) -> None:
        data = folder / "tidelog"
        server = servers.enter_context(tidelog_server(data))
        self._connection = servers.enter_context(Connection(server.url))
        self._runs: dict[Chart, list[int]] = {}
        for chart in charts:
            what = {"runs": chart.runs, "series": 1, "length": chart.points}
            self._runs[chart] = run_job(filling.fill_tidelog, folder=str(folder), url=server.url, **what)
        database_file.wait_for_rest(data)

    def request(self, chart: Chart) -> Request:
        """The endpoint of tidelog's page."""
        wanted = {"runs": self._runs[chart], "paths": [filling.series_path(0)], "buckets": BUCKETS}
        return lambda: self._connection.post_json("/api/charts", wanted)


class Mlflow:
    """MLflow's server."""

    name = "MLflow"

    def __init__(self, servers: ExitStack, folder: Path, charts: Sequence[Chart]) -> None:
        data = folder / "mlflow"
        self._runs: dict[Chart, list[str]] = {
            chart: run_job(filling.fill_mlflow, folder=str(data), runs=chart.runs, length=chart.peer_points)
            for chart in charts
        }
        self._connection = servers.enter_context(Connection(servers.enter_context(mlflow_server(data)).url))

    def request(self, chart: Chart) -> Request:
        """The endpoint of MLflow's page."""
        query = [("run_ids", run) for run in self._runs[chart]]
        query += [("metric_key", "train/loss"), ("max_results", str(2 * BUCKETS))]
        path = f"/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?{urllib.parse.urlencode(query)}"
        return lambda: self._connection.get(path)


class Tensorboard:
    """TensorBoard, which draws a sample of 1,000 points that it takes when it loads the files."""

    name = "TensorBoard"

    def __init__(self, servers: ExitStack, folder: Path, charts: Sequence[Chart]) -> None:
        data = folder / "tensorboard"
        for chart in charts:
            what = {"runs": chart.runs, "length": chart.peer_points, "tag": self._tag(chart)}
            run_job(filling.fill_tensorboard, folder=str(data / self._tag(chart)), **what)
        server = servers.enter_context(tensorboard_server(data))
        self._connection = servers.enter_context(Connection(server.url))
        self._wait_until_loaded(sum(chart.runs for chart in charts))

    def request(self, chart: Chart) -> Request:
        """The endpoint of TensorBoard's page."""
        wanted = json.dumps([{"plugin": "scalars", "tag": self._tag(chart)}])
        form = urllib.parse.urlencode({"requests": wanted}).encode()
        path = "/experiment/defaultExperimentId/data/plugin/timeseries/timeSeries"
        return lambda: self._connection.post(path, form, "application/x-www-form-urlencoded")

    def _tag(self, chart: Chart) -> str:
        return f"loss-{chart.runs}"

    def _wait_until_loaded(self, runs: int) -> None:
        deadline = time.monotonic() + TENSORBOARD_LOAD_DEADLINE_S
        while len(self._connection.get_json("/data/plugin/scalars/tags")) < runs:
            if time.monotonic() > deadline:
                raise BenchmarkError(f"TensorBoard had not loaded {runs} runs after {TENSORBOARD_LOAD_DEADLINE_S:g} s")
            time.sleep(0.2)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    return run_command(measure, argv, __doc__)


if __name__ == "__main__":
    raise SystemExit(main())
