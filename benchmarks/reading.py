"""Reading 100 runs x 1M points back in batches: points a second, and the peak memory of client and server.

    python -m benchmarks.reading [--smoke] [--no-peers]

Beside a bare HTTP endpoint that gives as many bytes in pages of the same size. One
round: the points are stored first, which takes minutes.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.api import Connection
from benchmarks.command import run_command
from benchmarks.contest import Contender, Figures, hold
from benchmarks.errors import BenchmarkError
from benchmarks.jobs import storing, streaming
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
LIMIT_MB = 1_000


def measure(size: Size) -> list[Line]:
    """All lines of this benchmark."""
    runs, length = size.of(RUNS, SMOKE_RUNS), size.of(LENGTH, SMOKE_LENGTH)
    what = f"{runs} runs x {length:,} points read back"
    questions = [
        Question(f"{what}, points a second", "rate", "points/s"),
        Question(f"{what}, peak memory of the client", "client", "MB", at_most=LIMIT_MB),
        Question(f"{what}, peak memory of the server", "server", "MB", at_most=LIMIT_MB),
        Question("of that, not pages of the database file, at the end", "own", "MB"),
    ]
    contenders = [
        Contender("tidelog", partial(_read_back, runs, length)),
        Contender("bare HTTP endpoint, same bytes", partial(_read_bytes, runs * length), is_machine=True),
    ]
    return answer(questions, hold(contenders, rounds=1))


def _read_back(runs: int, length: int) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "server"
        run_job(storing.store_runs, data=str(data), runs=runs, length=length)
        with tidelog_server(data) as server:
            read = run_job(streaming.stream_all, url=server.url, runs=runs)
            peak_bytes, own_bytes = _bytes(server.pid, "VmHWM"), _bytes(server.pid, "RssAnon")
    if read["points"] != runs * length:
        raise BenchmarkError(f"{read['points']:,} points came back of {runs * length:,}")
    return {"rate": read["points"] / read["took_s"], "client": read["bytes"], "server": peak_bytes, "own": own_bytes}


def _read_bytes(points: int) -> Figures:
    with bare_server() as server, Connection(server.url) as connection:
        started = time.perf_counter()
        for start in range(0, points, PAGE_POINTS):
            connection.get(f"/bytes?n={POINT_BYTES * min(PAGE_POINTS, points - start)}")
        took_s = time.perf_counter() - started
        return {"rate": points / took_s, "server": _bytes(server.pid, "VmHWM")}


def _bytes(pid: int, figure: str) -> float:
    """What Linux says of the memory of a process, such as the most that it has held so far (`VmHWM`)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == figure:
            return float(value.split()[0]) * 1024
    raise BenchmarkError(f"/proc/{pid}/status does not tell {figure}")


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    return run_command(measure, argv, __doc__)


if __name__ == "__main__":
    raise SystemExit(main())
