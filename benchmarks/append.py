"""What logging costs the training loop: one append, a row of 100, and the CPU time of the whole process.

    python -m benchmarks.append [--rounds N] [--smoke] [--no-peers]

Every contender logs for the same time in a fresh process, with a tidelog server running and tidelog's shipper busy.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.command import run_command
from benchmarks.contest import Contender, Figures, hold
from benchmarks.jobs import appending
from benchmarks.processes import run_job
from benchmarks.report import Line, Question, answer
from benchmarks.servers import tidelog_server
from benchmarks.sizes import Size

SECONDS = 2.0  # long enough for the shipper's flush of every second to fall into it
WORK_BETWEEN_S = 0.001

MACHINE = ("bare loop", "os.write")
PEERS = ("TensorBoardX", "W&B offline", "MLflow", "MLflow async")

# As many points as take the contender some seconds at most: it is a point's cost that is compared.
CPU_POINTS = {"TensorBoardX": 20_000, "W&B offline": 10_000, "MLflow": 200, "MLflow async": 1_000}
CPU_POINTS_OTHERS = 500_000
CPU_ROW_POINTS = {"TensorBoardX": 20_000, "W&B offline": 100_000, "MLflow": 5_000, "MLflow async": 10_000}
CPU_ROW_POINTS_OTHERS = 1_000_000
SMOKE_POINTS = 200

MANY_CALLS = 2_000_000  # keeps the memory for durations small, whatever the contender
MOST_CALLS = {"MLflow async": 500}  # it queues faster than it stores, and stores the whole queue before it ends
MOST_ROUNDS = {"MLflow": 2, "MLflow async": 2}

SINGLE = [
    Question("one `append`, p50", "p50", "us", at_most=2),
    Question("one `append`, p99", "p99", "us", at_most=20),
    Question("one `append`, longest of about a million", "max", "ms"),
]
APART = [
    Question("one `append`, 1 ms of other work before each, p50", "p50", "us"),
    Question("one `append`, 1 ms of other work before each, p99", "p99", "us"),
]
ROW = [
    Question("a dict of 100, per point, p50", "p50", "us", at_most=0.6),
    Question("a dict of 100, per point, p99", "p99", "us"),
]
CPU_SINGLE = [Question("client CPU per point, whole process, single", "cpu", "us", at_most=4)]
CPU_ROW = [Question("client CPU per point, whole process, dict of 100", "cpu", "us", at_most=1)]


def measure(size: Size) -> list[Line]:
    """All lines of this benchmark."""
    with tempfile.TemporaryDirectory() as folder, tidelog_server(Path(folder, "server")) as server:
        contest = Contest(size, Path(folder), server.url)
        return [
            *contest.latencies(SINGLE, rows=False, pause_s=0.0),
            *contest.latencies(APART, rows=False, pause_s=WORK_BETWEEN_S),
            *contest.latencies(ROW, rows=True, pause_s=0.0),
            *contest.cpu(CPU_SINGLE, rows=False),
            *contest.cpu(CPU_ROW, rows=True),
        ]


@dataclass(frozen=True)
class Contest:
    """Everybody on this machine: a folder each, kept from round to round as a user's is. Only tidelog has a server."""

    size: Size
    folder: Path
    url: str

    def latencies(self, questions: Sequence[Question], *, rows: bool, pause_s: float) -> list[Line]:
        """How long a call takes."""
        how = {"seconds": self.size.seconds(SECONDS), "rows": rows, "pause_s": pause_s}

        def measure_one(name: str) -> Figures:
            return self._run(appending.time_calls, name, most_calls=MOST_CALLS.get(name, MANY_CALLS), **how)

        return self._hold(questions, measure_one)

    def cpu(self, questions: Sequence[Question], *, rows: bool) -> list[Line]:
        """What a point costs."""
        amounts, others = (CPU_ROW_POINTS, CPU_ROW_POINTS_OTHERS) if rows else (CPU_POINTS, CPU_POINTS_OTHERS)

        def measure_one(name: str) -> Figures:
            points = self.size.of(amounts.get(name, others), SMOKE_POINTS)
            return self._run(appending.spend_cpu, name, points=points, rows=rows)

        return self._hold(questions, measure_one)

    def _hold(self, questions: Sequence[Question], measure_one: Callable[[str], Figures]) -> list[Line]:
        names = ["tidelog", *MACHINE, *(PEERS if self.size.peers else ())]
        contenders = [
            Contender(name, partial(measure_one, name), name in MACHINE, MOST_ROUNDS.get(name)) for name in names
        ]
        return answer(questions, hold(contenders, self.size.rounds))

    def _run(self, job: Callable[..., Figures], name: str, **arguments: float | bool) -> Figures:
        folder = self.folder / name.replace(" ", "-")
        folder.mkdir(exist_ok=True)
        url = self.url if name == "tidelog" else None
        figures: Figures = run_job(job, logger=name, folder=str(folder), url=url, **arguments)
        return figures


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    return run_command(measure, argv, __doc__)


if __name__ == "__main__":
    raise SystemExit(main())
