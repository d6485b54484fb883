"""Child processes of a benchmark: jobs that are measured, and servers that they talk to."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from benchmarks.errors import BenchmarkError, NotInstalledError

ROOT = Path(__file__).resolve().parent.parent
HEALTH_INTERVAL_S = 0.005
SERVER_DEADLINE_S = 120.0  # mlflow server migrates an empty database for half a minute on a slow machine
STOP_DEADLINE_S = 20.0
LOG_LINES = 30

# Telemetry asks the internet for something at start: where nothing is to be reached, the wait would be counted. The
# MLflow server's job runner is seven more processes that work while others are measured.
PEERS_ENVIRONMENT = {
    "WANDB_SILENT": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
}


class Job:
    """A function of `benchmarks.jobs`, running in a process of its own."""

    def __init__(self, function: Callable[..., Any], **arguments: Any) -> None:
        address = f"{function.__module__}:{function.__qualname__}"
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115  # closed with the job
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.child", address, json.dumps(arguments)],
            cwd=ROOT,
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def __enter__(self) -> Job:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()
        self._log.close()

    def receive(self) -> dict[str, Any]:
        """The job's next message; it waits for `proceed` after each but the last."""
        line = _pipe(self._process.stdout).readline()
        message: dict[str, Any] = json.loads(line) if line else {}
        if "not_installed" in message:
            raise NotInstalledError(message["not_installed"])
        if not message:
            self._process.wait()
            raise BenchmarkError(f"a job ended with status {self._process.returncode}:\n{_last_lines(self._log)}")
        return message

    def proceed(self) -> None:
        """Let the job go on."""
        pipe = _pipe(self._process.stdin)
        pipe.write("\n")
        pipe.flush()

    def result(self) -> Any:
        """What the job returned."""
        return self.receive()["result"]


def run_job(function: Callable[..., Any], **arguments: Any) -> Any:
    """Run a job that asks nothing, and return what it returned."""
    with Job(function, **arguments) as job:
        return job.result()


@dataclass(frozen=True)
class Server:
    """A server that answers."""

    url: str
    start_s: float  # from starting the process to the first healthy answer
    pid: int


@contextmanager
def serving(command: Sequence[str], port: int, health: str, cwd: Path | None = None) -> Iterator[Server]:
    """Run a server while the block lasts; it is up when `health` answers 200."""
    with tempfile.TemporaryFile("w+") as log:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=cwd or ROOT, env=clean_environment(), stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait_until_healthy(process, port, health, log)
            yield Server(f"http://127.0.0.1:{port}", time.perf_counter() - started, process.pid)
        finally:
            _stop(process)


def cpu_s(pid: int) -> float:
    """Processor seconds that a process has used, with all its threads, in steps of 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def clean_environment() -> dict[str, str]:
    """The environment without anybody's tracker settings, and with this checkout importable."""
    prefixes = ("TIDELOG_", "WANDB_", "MLFLOW_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    search = [str(ROOT), *(str(ROOT / side) for side in ("client", "server", "integrations"))]
    environment["PYTHONPATH"] = os.pathsep.join([*search, environment.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return environment | PEERS_ENVIRONMENT


def _wait_until_healthy(process: subprocess.Popen[bytes], port: int, health: str, log: IO[str]) -> None:
    deadline = time.monotonic() + SERVER_DEADLINE_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise BenchmarkError(f"the server ended with status {process.returncode}:\n{_last_lines(log)}")
        if _answers(port, health):
            return
        time.sleep(HEALTH_INTERVAL_S)
    raise BenchmarkError(f"the server did not answer {health} within {SERVER_DEADLINE_S:g} s:\n{_last_lines(log)}")


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5.0)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and the workers that it forked: they are one process group."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_DEADLINE_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise RuntimeError("the process was started without this pipe")
    return pipe


def _last_lines(log: IO[str]) -> str:
    log.seek(0)
    return "\n".join(log.read().splitlines()[-LOG_LINES:])
