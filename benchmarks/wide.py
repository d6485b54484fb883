"""A run of 100,000 series: logging to it, folding it, and looking at it.

    python -m benchmarks.wide [--rounds N] [--smoke] [--no-peers]

Beside what the machine can do: a write of the same bytes, the same rows by sqlite3's `executemany` in one transaction,
and an HTTP endpoint that gives the same bytes. A page's processor time is the server's; all else is time on the clock.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.api import Connection
from benchmarks.command import run_command
from benchmarks.contest import Contender, Figures, hold
from benchmarks.jobs import widening
from benchmarks.jobs.filling import PROJECT
from benchmarks.jobs.storing import run_key
from benchmarks.processes import Job, Server, cpu_s, run_job
from benchmarks.report import Line, Question, answer
from benchmarks.servers import bare_server, tidelog_server
from benchmarks.sizes import Size

PATHS = 100_000
SMOKE_PATHS = 200
STEPS = 8  # of each series, in a fold
LIVE_S = 12.0  # folds come every five seconds
BUCKETS = 800
REQUESTS = 20
INTERVAL_S = 0.1
ROUNDS_OF_FOLDS = 3

Request = Callable[[], bytes]


def measure(size: Size) -> list[Line]:
    """All lines of this benchmark."""
    with tempfile.TemporaryDirectory() as name:
        folder, paths = Path(name), size.of(PATHS, SMOKE_PATHS)
        return [
            *_appends(size, folder, paths),
            *_folds(size, folder, paths),
            *_reads(size, folder, paths),
            *_live_reads(size, folder, paths),
        ]


def _appends(size: Size, folder: Path, paths: int) -> list[Line]:
    widely = [
        Question(f"a dict of {paths:,} new paths, per path", "first row", "us"),
        Question(f"a dict of {paths:,} known paths, per path", "next row", "us"),
        Question(f"one `append` to each of {paths:,} new paths", "first each", "us"),
        Question(f"one `append` to each of {paths:,} known paths", "next each", "us"),
        Question("one `append` to the same path, p50", "one", "us"),
    ]
    kinds = [
        Question("one `append` of a number, p50", "number", "us"),
        Question(f"one `append` of a text of {len(widening.TEXT)} characters, p50", "text", "us"),
        Question(f"one `append` of a histogram of {widening.BINS} bins, p50", "histogram", "us"),
    ]
    with tidelog_server(folder / "appends") as server:
        place = {"folder": str(folder), "url": server.url}
        appending = [
            Contender("tidelog", partial(run_job, widening.append_widely, **place, paths=paths)),
            Contender("os.write", partial(run_job, widening.write_widely, folder=str(folder), paths=paths), True),
        ]
        lines = answer(widely, hold(appending, size.rounds))
        appending = [
            Contender("tidelog", partial(run_job, widening.append_kinds, **place)),
            Contender("os.write", partial(run_job, widening.write_kinds, folder=str(folder)), True),
        ]
        return [*lines, *answer(kinds, hold(appending, size.rounds))]


def _folds(size: Size, folder: Path, paths: int) -> list[Line]:
    what = f"{paths:,} series x {STEPS} points"
    questions = [
        Question(f"journal of {what}, new, until acknowledged", "receive new", "s"),
        Question(f"fold of {what}, new series", "fold new", "s"),
        Question(f"fold of {what}, existing series", "fold existing", "s"),
    ]
    contenders = [
        Contender("tidelog", partial(run_job, widening.fold_widely, folder=str(folder), paths=paths, steps=STEPS)),
        Contender("executemany, same rows", partial(run_job, widening.write_rows, folder=str(folder)), True),
    ]
    return answer(questions, hold(contenders, min(size.rounds, ROUNDS_OF_FOLDS)))


def _reads(size: Size, folder: Path, paths: int) -> list[Line]:
    """Charts and pages of the run that was folded last, which has come to rest."""
    with ExitStack() as stack:
        server = stack.enter_context(tidelog_server(folder / "server"))
        look = Look(server, stack.enter_context(Connection(server.url)), _bare(stack))
        run = look.connection.get_json(f"/api/runs?project={PROJECT}&key={run_key(widening.WRITER)}")
        page = f"/projects/{PROJECT}/runs/{run['label']}"
        looks: list[tuple[list[Question], Request]] = [
            (_asks("charts tab", at_most=150), partial(look.connection.get, page)),
            (_asks("attributes tab"), partial(look.connection.get, f"{page}?tab=attributes")),
            ([_asks_chart(f"chart of one of {paths:,} series at rest")], _chart(look.connection, run["run_id"])),
        ]
        return [line for asked, request in looks for line in look.lines(asked, request, size.rounds)]


def _live_reads(size: Size, folder: Path, paths: int) -> list[Line]:
    """A chart of a run to whose series a point each is logged every second, and folded every five."""
    with ExitStack() as stack:
        server = stack.enter_context(tidelog_server(folder / "live"))
        connection, bare = stack.enter_context(Connection(server.url)), _bare(stack)
        seconds = size.seconds(LIVE_S)

        def watch() -> Figures:
            with Job(
                widening.log_every_second, folder=str(folder), url=server.url, paths=paths, seconds=seconds
            ) as job:
                request = _chart(connection, job.receive()["run_id"])
                job.proceed()
                figures = _time_for(request, seconds)
                job.result()
                return figures

        contenders = [
            Contender("tidelog", watch),
            Contender("bare HTTP endpoint", lambda: _time_for(lambda: bare.get("/bytes?n=1000"), seconds), True),
        ]
        asked = [
            _asks_chart(f"chart of one of {paths:,} series while each gets a point a second"),
            Question("of these, the longest", "max", "ms"),
        ]
        return answer(asked, hold(contenders, min(size.rounds, ROUNDS_OF_FOLDS)))


@dataclass(frozen=True)
class Look:
    """A server that is looked at, and a bare one beside it."""

    server: Server
    connection: Connection
    bare: Connection

    def lines(self, questions: Sequence[Question], request: Request, rounds: int) -> list[Line]:
        """What a request takes."""
        same_bytes = f"/bytes?n={len(request())}"
        contenders = [
            Contender("tidelog", partial(self._time, request)),
            Contender("bare HTTP endpoint, same bytes", lambda: _timed(lambda: self.bare.get(same_bytes)), True),
        ]
        return answer(questions, hold(contenders, rounds))

    def _time(self, request: Request) -> Figures:
        before_s = cpu_s(self.server.pid)
        figures = _timed(request)
        return {**figures, "cpu": (cpu_s(self.server.pid) - before_s) / REQUESTS}


def _bare(stack: ExitStack) -> Connection:
    return stack.enter_context(Connection(stack.enter_context(bare_server()).url))


def _asks(what: str, at_most: float | None = None) -> list[Question]:
    return [
        Question(f"{what}, p50", "p50", "ms"),
        Question(f"{what}, processor time of the server", "cpu", "ms", at_most=at_most),
    ]


def _asks_chart(what: str) -> Question:
    return Question(f"{what}, p50", "p50", "ms", at_most=50)


def _chart(connection: Connection, run_id: int) -> Request:
    wanted = {"runs": [run_id], "paths": [f"{widening.NAMESPACE}/{widening.names(1)[0]}"], "buckets": BUCKETS}
    return lambda: connection.post_json("/api/charts", wanted)


def _timed(request: Request) -> Figures:
    return _summary([_took(request) for _ in range(REQUESTS)])


def _time_for(request: Request, seconds: float) -> Figures:
    """Ask again and again, as a page that follows a run does; at least once."""
    end, took = time.monotonic() + seconds, [_took(request)]
    while time.monotonic() < end:
        time.sleep(INTERVAL_S)
        took.append(_took(request))
    return _summary(took)


def _summary(took: Sequence[float]) -> Figures:
    return {"p50": statistics.median(took), "max": max(took)}


def _took(request: Request) -> float:
    started = time.perf_counter()
    request()
    return time.perf_counter() - started


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    return run_command(measure, argv, __doc__)


if __name__ == "__main__":
    raise SystemExit(main())
