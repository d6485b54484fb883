"""Reading 100 runs x 1M points back in batches: points a second, and the peak memory of client and server.

    python -m benchmarks.reading [--smoke] [--no-peers]

Beside a bare HTTP endpoint that gives as many bytes in pages of the same size. One round: filling takes minutes.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks import database_file
from benchmarks.api import Connection
from benchmarks.command import run_command
from benchmarks.contest import Contender, Figures, hold
from benchmarks.errors import BenchmarkError
from benchmarks.jobs import filling, streaming
from benchmarks.processes import run_job
from benchmarks.report import Line, Question, answer
from benchmarks.servers import bare_server, tidelog_server
from benchmarks.sizes import Size

RUNS = 100
LENGTH = 1_000_000
SMOKE_RUNS = 2
SMOKE_LENGTH = 3_000
PAGE_POINTS = 250_000
POINT_BYTES = 24
LIMIT_BYTES = 1_000_000_000


def measure(size: Size) -> list[Line]:
    """All lines of this benchmark."""
    runs, length = size.of(RUNS, SMOKE_RUNS), size.of(LENGTH, SMOKE_LENGTH)
    what = f"{runs} runs x {length:,} points read back"
    questions = [
        Question(f"{what}, points a second", "rate", "points/s"),
        Question(f"{what}, peak memory of the client", "client", "bytes", at_most=LIMIT_BYTES),
        Question(f"{what}, peak memory of the server", "server", "bytes", at_most=LIMIT_BYTES),
    ]
    contenders = [
        Contender("tidelog", partial(_read_back, runs, length)),
        Contender("bare HTTP endpoint, same bytes", partial(_read_bytes, runs * length), is_machine=True),
    ]
    return answer(questions, hold(contenders, rounds=1))


def _read_back(runs: int, length: int) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "server"
        with tidelog_server(data) as server:
            run_job(filling.fill_tidelog, folder=folder, url=server.url, runs=runs, series=1, length=length)
            database_file.wait_for_rest(data)
        with tidelog_server(data) as server:  # a fresh one, so that what filling took is not counted
            read = run_job(streaming.stream_all, url=server.url, runs=runs)
            peak_bytes = _peak_bytes(server.pid)
    if read["points"] != runs * length:
        raise BenchmarkError(f"{read['points']:,} points came back of {runs * length:,}")
    return {"rate": read["points"] / read["took_s"], "client": read["bytes"], "server": peak_bytes}


def _read_bytes(points: int) -> Figures:
    with bare_server() as server, Connection(server.url) as connection:
        started = time.perf_counter()
        for start in range(0, points, PAGE_POINTS):
            connection.get(f"/bytes?n={POINT_BYTES * min(PAGE_POINTS, points - start)}")
        took_s = time.perf_counter() - started
        return {"rate": points / took_s, "server": _peak_bytes(server.pid)}


def _peak_bytes(pid: int) -> float:
    """The most memory that a process has held so far, as Linux counts it."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return float(line.split()[1]) * 1024
    raise BenchmarkError(f"/proc/{pid}/status does not tell the peak of memory")


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    return run_command(measure, argv, __doc__)


if __name__ == "__main__":
    raise SystemExit(main())
