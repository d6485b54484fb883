"""From the first append until every point can be read back through the server: one process, and twenty at once.

    python -m benchmarks.throughput [--rounds N] [--smoke] [--no-peers]

Each run logs rows of 100 metrics. Nothing may be lost: each series' count, last value and mean are compared with what
was logged, and a difference ends the benchmark. Slower peers log fewer rows, since the rate is what is compared.
"""

from __future__ import annotations

import os
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks import database_file
from benchmarks.api import Connection
from benchmarks.command import run_command
from benchmarks.contest import Contender, Figures, hold
from benchmarks.errors import NotInstalledError
from benchmarks.jobs import shipping
from benchmarks.loggers.machine import ROW_HEADER_BYTES, ROW_VALUE
from benchmarks.processes import Job, Server, run_job
from benchmarks.report import Line, Question, answer
from benchmarks.servers import bare_server, mlflow_server, tidelog_server
from benchmarks.sizes import Size

SERIES = 100
STEPS = 5_000
PROCESSES = 20
STEPS_OF_MANY = 500  # a million points in all
SMOKE_STEPS = 5
SMOKE_PROCESSES = 2
MLFLOW_STEPS = 50
MLFLOW_STEPS_OF_MANY = 3
TENSORBOARDX_STEPS = 200
BATCH_BYTES = 1 << 20
SERVER_FOLDER = "server"
ZLIB_LEVEL = 1

ONE = [
    Question("logged to readable, 1 run x 100 metrics x 5,000 steps", "rate", "points/s", at_least=500_000),
    Question("of that, logging alone", "logging", "points/s"),
]
MANY = [
    Question("logged to readable, 20 processes at once, nothing lost", "rate", "points/s", at_least=250_000),
]

Measure = Callable[[], Figures]


def measure(size: Size) -> list[Line]:
    """All lines of this benchmark."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        tidelog = stack.enter_context(tidelog_server(folder / SERVER_FOLDER))
        bare = stack.enter_context(bare_server())
        mlflow = _optional_mlflow(stack, folder) if size.peers else None
        points = SERIES * size.of(STEPS, SMOKE_STEPS)
        machine = [
            Contender("file and fsync", partial(_write_file, folder, points), is_machine=True),
            Contender("bare HTTP endpoint", partial(_post_bare, bare, points), is_machine=True),
        ]
        return [*_one(size, folder, tidelog, mlflow, machine), *_many(size, folder, tidelog, mlflow, machine)]


def _one(size: Size, folder: Path, tidelog: Server, mlflow: Server | None, machine: Sequence[Contender]) -> list[Line]:
    steps = size.of(STEPS, SMOKE_STEPS)
    contenders = [Contender("tidelog", partial(_together, "tidelog", folder, tidelog, 1, steps)), *machine]
    if size.peers:
        mlflow_steps = size.of(MLFLOW_STEPS, SMOKE_STEPS)
        contenders += [
            Contender("MLflow", partial(_together, "MLflow", folder, mlflow, 1, mlflow_steps)),
            Contender("W&B offline (local file)", partial(_local, "W&B offline", folder, steps)),
            Contender(
                "TensorBoardX (local file)", partial(_local, "TensorBoardX", folder, min(steps, TENSORBOARDX_STEPS))
            ),
        ]
    return answer(ONE, hold(contenders, size.rounds))


def _many(size: Size, folder: Path, tidelog: Server, mlflow: Server | None, machine: Sequence[Contender]) -> list[Line]:
    processes = size.of(PROCESSES, SMOKE_PROCESSES)
    steps = size.of(STEPS_OF_MANY, SMOKE_STEPS)
    contenders = [Contender("tidelog", partial(_together, "tidelog", folder, tidelog, processes, steps)), *machine]
    if size.peers:
        measure_mlflow = partial(_together, "MLflow", folder, mlflow, processes, MLFLOW_STEPS_OF_MANY)
        contenders.append(Contender("MLflow", measure_mlflow, most_rounds=1))
    return answer(MANY, hold(contenders, size.rounds))


def _optional_mlflow(stack: ExitStack, folder: Path) -> Server | None:
    data = folder / "mlflow"
    data.mkdir()
    try:
        return stack.enter_context(mlflow_server(data))
    except NotInstalledError:
        return None


def _together(logger: str, folder: Path, server: Server | None, processes: int, steps: int) -> Figures:
    """Points a second from the first append of any process until the last point of all can be read."""
    if server is None:
        raise NotInstalledError(logger)
    if logger == "tidelog":
        database_file.wait_for_rest(folder / SERVER_FOLDER)  # the runs of the round before are compacted
    jobs_folder = folder / "jobs"
    jobs_folder.mkdir(exist_ok=True)
    what = {"logger": logger, "folder": str(jobs_folder), "url": server.url, "series": SERIES, "steps": steps}
    with ExitStack() as stack:
        jobs = [
            stack.enter_context(Job(shipping.log_until_readable, **what, run=f"run-{number}"))
            for number in range(processes)
        ]
        _everyone(jobs)
        told = _everyone(jobs)
        for job in jobs:
            job.result()
    started = min(times["started"] for times in told)
    points = processes * SERIES * steps
    return {
        "rate": points / (max(times["readable"] for times in told) - started),
        "logging": points / (max(times["logged"] for times in told) - started),
    }


def _everyone(jobs: Sequence[Job]) -> list[dict[str, float]]:
    """Wait for a message of every job, and only then let any go on."""
    messages = [job.receive() for job in jobs]
    for job in jobs:
        job.proceed()
    return messages


def _local(logger: str, folder: Path, steps: int) -> Figures:
    place = folder / logger.replace(" ", "-")
    place.mkdir(exist_ok=True)
    figures: Figures = run_job(shipping.log_to_file, logger=logger, folder=str(place), series=SERIES, steps=steps)
    return figures


def _write_file(folder: Path, points: int) -> Figures:
    """Write the bytes of the journal to a file, and wait until they are on the disk."""
    journal = _journal_bytes(points)
    started = time.perf_counter()
    with open(folder / "raw", "wb") as file:
        for at in range(0, len(journal), BATCH_BYTES):
            file.write(journal[at : at + BATCH_BYTES])
        file.flush()
        os.fsync(file.fileno())
    return {"rate": points / (time.perf_counter() - started)}


def _post_bare(server: Server, points: int) -> Figures:
    """Compress the bytes of the journal and post them to a server that does nothing with them."""
    journal = _journal_bytes(points)
    with Connection(server.url) as connection:
        started = time.perf_counter()
        for at in range(0, len(journal), BATCH_BYTES):
            body = zlib.compress(journal[at : at + BATCH_BYTES], ZLIB_LEVEL)
            connection.post("/bytes", body, "application/octet-stream")
        return {"rate": points / (time.perf_counter() - started)}


def _journal_bytes(points: int) -> bytes:
    """As many bytes, and as compressible, as the journal of these points: rows of 100."""
    rows = points // SERIES
    return b"".join(
        bytes(ROW_HEADER_BYTES)
        + b"".join(ROW_VALUE.pack(number, shipping.value_at(number, step)) for number in range(SERIES))
        for step in range(rows)
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    return run_command(measure, argv, __doc__)


if __name__ == "__main__":
    raise SystemExit(main())
