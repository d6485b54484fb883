"""Charts over HTTP: one series of 1M and of 10M points, and 100 runs at once.

    python -m benchmarks.charts [--rounds N] [--smoke] [--no-peers]

Warm: each request has been made before. Beside a bare HTTP endpoint that answers with as many bytes, and peers' own
endpoints for their charts, on fewer points where filling them would take hours (the number stands with the name).
"""

from __future__ import annotations

import statistics
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import database_file
from benchmarks.api import Connection
from benchmarks.contest import Contender, Figures, hold
from benchmarks.errors import BenchmarkError, NotInstalledError
from benchmarks.jobs import filling
from benchmarks.processes import Server, run_job
from benchmarks.report import Line, Question, answer, surroundings, table
from benchmarks.servers import bare_server, mlflow_server, tensorboard_server, tidelog_server
from benchmarks.sizes import Size, parse_size

MILLION = 1_000_000
SMOKE_LENGTH = 3_000
RUNS = 100
SMOKE_RUNS = 3
RUN_LENGTH = 1_000
BUCKETS = 800
REQUESTS = 20  # in a round; the median counts
PEER_LENGTH = 200_000
TENSORBOARD_LOAD_DEADLINE_S = 120.0

Request = Callable[[], bytes]


@dataclass(frozen=True)
class Chart:
    """A chart to be asked for, and the target for the answer."""

    question: Question
    runs: int
    length: int
    peer_length: int


@dataclass
class Stack:
    """The servers, the folders and the connections of one run of this benchmark."""

    size: Size
    folder: Path
    servers: ExitStack


def measure(size: Size) -> list[Line]:
    """All lines of this benchmark."""
    lines: list[Line] = []
    for chart in _charts(size):
        with ExitStack() as servers:
            folder = Path(servers.enter_context(tempfile.TemporaryDirectory()))
            lines += _measure_chart(Stack(size, folder, servers), chart)
    return lines


def _charts(size: Size) -> list[Chart]:
    million, ten_million = size.of(MILLION, SMOKE_LENGTH), size.of(10 * MILLION, 2 * SMOKE_LENGTH)
    peer_length = size.of(PEER_LENGTH, RUN_LENGTH)
    return [
        Chart(Question("chart of 1M points over HTTP, warm", "p50", "ms", at_most=10), 1, million, peer_length),
        Chart(Question("chart of 10M points over HTTP, warm", "p50", "ms"), 1, ten_million, 0),
        Chart(
            Question("chart of 100 runs x 1,000 points over HTTP, warm", "p50", "ms", at_most=30),
            size.of(RUNS, SMOKE_RUNS), RUN_LENGTH, RUN_LENGTH,
        ),
    ]  # fmt: skip


def _measure_chart(stack: Stack, chart: Chart) -> list[Line]:
    ask_tidelog = _tidelog_request(stack, chart)
    answer_bytes = len(ask_tidelog())
    ask_bare = _bare_request(stack, answer_bytes)
    contenders = [
        Contender("tidelog", partial(_time_requests, ask_tidelog)),
        Contender("bare HTTP endpoint, same bytes", partial(_time_requests, ask_bare), is_machine=True),
    ]
    if stack.size.peers and chart.peer_length:
        contenders += [
            _peer("MLflow", _mlflow_request, stack, chart),
            _peer("TensorBoard", _tensorboard_request, stack, chart),
        ]
    return answer([chart.question], hold(contenders, stack.size.rounds))


def _peer(name: str, request_of: Callable[[Stack, Chart], Request], stack: Stack, chart: Chart) -> Contender:
    """A peer, filled and started now; one that is not installed shows as that when it is measured."""
    points = f" ({chart.peer_length:,} points)" if chart.peer_length != chart.length else ""
    try:
        request = request_of(stack, chart)
    except NotInstalledError as error:
        return Contender(name, partial(_raise_not_installed, str(error)))
    return Contender(name + points, partial(_time_requests, request))


def _raise_not_installed(package: str) -> Figures:
    raise NotInstalledError(package)


def _time_requests(request: Request) -> Figures:
    request()
    took: list[float] = []
    for _ in range(REQUESTS):
        started = time.perf_counter()
        request()
        took.append(time.perf_counter() - started)
    return {"p50": statistics.median(took), "max": max(took)}


def _connected(stack: Stack, server: Server) -> Connection:
    return stack.servers.enter_context(Connection(server.url))


def _tidelog_request(stack: Stack, chart: Chart) -> Request:
    data = stack.folder / "tidelog"
    server = stack.servers.enter_context(tidelog_server(data))
    runs: list[int] = run_job(
        filling.fill_tidelog, folder=str(stack.folder), url=server.url, runs=chart.runs, series=1, length=chart.length
    )
    database_file.wait_for_rest(data)
    connection = _connected(stack, server)
    wanted = {"runs": runs, "paths": [filling.series_path(0)], "buckets": BUCKETS}
    return lambda: connection.post_json("/api/charts", wanted)


def _bare_request(stack: Stack, answer_bytes: int) -> Request:
    connection = _connected(stack, stack.servers.enter_context(bare_server()))
    return lambda: connection.get(f"/bytes?n={answer_bytes}")


def _mlflow_request(stack: Stack, chart: Chart) -> Request:
    """The endpoint that MLflow's own page asks for its charts."""
    data = stack.folder / "mlflow"
    runs: list[str] = run_job(filling.fill_mlflow, folder=str(data), runs=chart.runs, length=chart.peer_length)
    connection = _connected(stack, stack.servers.enter_context(mlflow_server(data)))
    query = [("run_ids", run) for run in runs] + [("metric_key", "train/loss"), ("max_results", str(2 * BUCKETS))]
    path = f"/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?{urllib.parse.urlencode(query)}"
    return lambda: connection.get(path)


def _tensorboard_request(stack: Stack, chart: Chart) -> Request:
    """The endpoint of TensorBoard's page: it draws a sample of 1,000 points, which it takes when it loads the files."""
    data = stack.folder / "tensorboard"
    run_job(filling.fill_tensorboard, folder=str(data), runs=chart.runs, length=chart.peer_length)
    connection = _connected(stack, stack.servers.enter_context(tensorboard_server(data)))
    _wait_until_loaded(connection, chart.runs)
    form = urllib.parse.urlencode({"requests": '[{"plugin": "scalars", "tag": "train/loss"}]'}).encode()
    path = "/experiment/defaultExperimentId/data/plugin/timeseries/timeSeries"
    return lambda: connection.post(path, form, "application/x-www-form-urlencoded")


def _wait_until_loaded(connection: Connection, runs: int) -> None:
    deadline = time.monotonic() + TENSORBOARD_LOAD_DEADLINE_S
    while len(connection.get_json("/data/plugin/scalars/tags")) < runs:
        if time.monotonic() > deadline:
            raise BenchmarkError(f"TensorBoard had not loaded {runs} runs after {TENSORBOARD_LOAD_DEADLINE_S:g} s")
        time.sleep(0.2)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    size = parse_size(argv, __doc__ or "", rounds=5)
    print(table(measure(size)))
    print(f"\n{surroundings()}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
