"""What starting costs: the import, the first append, and the server on a folder with data.

    python -m benchmarks.startup [--rounds N] [--smoke] [--no-peers]

Every start is a fresh process; files are in the page cache, byte-code is compiled: pip does that when it installs, and
a checkout in an environment with PYTHONDONTWRITEBYTECODE would compile 70 modules at each start.
"""

from __future__ import annotations

import compileall
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from benchmarks.command import run_command
from benchmarks.contest import Contender, Figures, hold
from benchmarks.jobs import filling, starting
from benchmarks.processes import ROOT, Server, clean_environment, run_job
from benchmarks.report import Line, Question, answer
from benchmarks.servers import mlflow_server, tidelog_server
from benchmarks.sizes import Size

IMPORTS = [Question("`import tidelog`", "import", "ms", at_most=60)]
FIRST = [Question("`init_run` to first append returned, with a server", "first", "ms", at_most=5)]
FIRST_ALONE = [Question("`init_run` to first append returned, no server there", "first", "ms", at_most=5)]
SERVER = [Question("`tidelog server` start to healthy, existing data", "start", "s", at_most=1.5)]

PEERS = ("TensorBoardX", "W&B offline", "MLflow")
EXISTING_RUNS = 20
EXISTING_SERIES = 50
EXISTING_LENGTH = 1_000


def measure(size: Size) -> list[Line]:
    """All lines of this benchmark."""
    for package in ("client/tidelog", "server/tidelog_server", "benchmarks"):
        compileall.compile_dir(ROOT / package, quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        return [*_imports(size), *_first_appends(size, Path(folder)), *_server_starts(size, Path(folder))]


def _imports(size: Size) -> list[Line]:
    names = ["tidelog", *(PEERS if size.peers else ())]
    contenders = [Contender(name, partial(run_job, starting.import_package, logger=name)) for name in names]
    contenders.append(Contender("python -c pass, whole process", _start_python, is_machine=True))
    return answer(IMPORTS, hold(contenders, size.rounds))


def _start_python() -> Figures:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True, env=clean_environment())
    return {"import": time.perf_counter() - started}


def _first_appends(size: Size, folder: Path) -> list[Line]:
    with tidelog_server(folder / "first") as server:
        with_server = _first_contest(size, folder, FIRST, server.url, PEERS if size.peers else ())
    return [*with_server, *_first_contest(size, folder, FIRST_ALONE, None, ())]


def _first_contest(
    size: Size, folder: Path, questions: Sequence[Question], url: str | None, peers: Sequence[str]
) -> list[Line]:
    """Peers write locally, as their guides begin; MLflow's store is made in a first run that is not counted."""

    def append_first(name: str) -> Figures:
        place = folder / name.replace(" ", "-")
        if not place.exists():
            place.mkdir()
            run_job(starting.append_first, logger=name, folder=str(place), url=None)
        figures: Figures = run_job(
            starting.append_first, logger=name, folder=str(place), url=url if name == "tidelog" else None
        )
        return figures

    contenders = [Contender(name, partial(append_first, name)) for name in ("tidelog", *peers)]
    return answer(questions, hold(contenders, size.rounds))


def _server_starts(size: Size, folder: Path) -> list[Line]:
    data = folder / "existing"
    runs, length = size.of(EXISTING_RUNS, 1), size.of(EXISTING_LENGTH, 10)
    with tidelog_server(data) as server:
        run_job(
            filling.fill_tidelog,
            folder=str(folder), url=server.url, runs=runs, series=size.of(EXISTING_SERIES, 2), length=length,
        )  # fmt: skip
    contenders = [Contender("tidelog", partial(_start_server, tidelog_server, data))]
    if size.peers:
        contenders.append(Contender("MLflow", partial(_start_mlflow, folder / "MLflow"), most_rounds=1))
    return answer(SERVER, hold(contenders, size.rounds))


def _start_server(server_on: Callable[[Path], AbstractContextManager[Server]], data: Path) -> Figures:
    with server_on(data) as server:
        return {"start": server.start_s}


def _start_mlflow(data: Path) -> Figures:
    """On the store that the first appends have made and migrated."""
    data.mkdir(exist_ok=True)
    return _start_server(mlflow_server, data)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    return run_command(measure, argv, __doc__)


if __name__ == "__main__":
    raise SystemExit(main())
