"""The servers that are measured: tidelog's, MLflow's, TensorBoard's, and one that only takes and gives bytes."""

from __future__ import annotations

import importlib.util
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks.errors import NotInstalledError
from benchmarks.processes import Server, free_port, serving


def tidelog_server(data: Path) -> AbstractContextManager[Server]:
    """`tidelog server` on a folder."""
    port = free_port()
    command = [sys.executable, "-m", "tidelog_server", "--data", str(data), "--port", str(port)]
    return serving(command, port, "/api/health")


def mlflow_server(data: Path) -> AbstractContextManager[Server]:
    """`mlflow server` on SQLite. One worker: with several, its sockets delay every answer by 40 ms on loopback."""
    _need("mlflow")
    port = free_port()
    store = f"sqlite:///{data / 'mlflow.db'}"
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--backend-store-uri",
        store,
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    return serving(command, port, "/health", cwd=data)


def tensorboard_server(data: Path) -> AbstractContextManager[Server]:
    """`tensorboard` on a folder of event files, which it reads once: reading again would disturb other measurements."""
    _need("tensorboard")
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "tensorboard.main",
        "--logdir",
        str(data),
        "--port",
        str(port),
        "--reload_interval",
        "0",
    ]
    return serving(command, port, "/data/environment", cwd=data)


def bare_server() -> AbstractContextManager[Server]:
    """uvicorn and starlette with nothing behind them: the fastest that an HTTP endpoint of this make can be."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "benchmarks.bare_http:app", "--port", str(port), "--log-level", "error"]
    return serving(command, port, "/health")


def _need(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise NotInstalledError(package)
