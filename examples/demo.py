"""Show tidelog at work: start a server, train MNIST against it at a few learning rates, and print what it holds then.

Run it as `make demo`. The server goes on until Ctrl-C; with --exit (`make demo DEMO_EXIT=1`) it stops after the table.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

EXAMPLES = Path(__file__).parent
FOLDER = EXAMPLES.parent / ".demo"
HOST = "127.0.0.1"
PORT = 8600
PROJECT = "mnist"
RATES = (0.0003, 0.002, 0.01)  # Adam's; the last run is the one that is printed
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0


class DemoFailedError(RuntimeError):
    """A step of the demo did not work; the message says which, and what its program printed is above it."""


def main() -> None:
    """Serve, train, show; then serve until Ctrl-C unless --exit is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exit", action="store_true", help="stop after the table")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where data of server and run are kept")
    parser.add_argument("training", nargs="*", help="arguments for mnist_lightning.py, after --")
    arguments = parser.parse_args()
    # What stops the demo stops its server: SIGTERM is taken like Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        demonstrate(arguments.folder.resolve(), arguments.training, stays=not arguments.exit)
    except DemoFailedError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        print("\ndemo: stopped")


def demonstrate(folder: Path, training: list[str], *, stays: bool) -> None:
    """Train a few runs against a server of its own, and print where they are and what the last one holds."""
    folder.mkdir(parents=True, exist_ok=True)
    with serving(folder / "server") as url:
        say(f"the server is up; watch the runs while they train: {url}/projects/{PROJECT}")
        keys = [uuid.uuid4().hex for _ in RATES]
        for key, rate in zip(keys, RATES, strict=True):
            train(url, key, folder, ["--lr", str(rate), "--name", f"cnn at {rate:g}", *training])
        with httpx.Client(base_url=url, timeout=30) as api:
            runs = [ask(api, "/api/runs", project=PROJECT, key=key) for key in keys]
            run = runs[-1]
            attributes = ask(api, f"/api/runs/{run['label']}/attributes")["attributes"]
            board = make_dashboard(api, [found["label"] for found in runs])
        print(table(attributes))
        say(f"{run['points']:,} points of run {run['label']} ({run['state']}) are on the server")
        say(f"look at the run: {url}/projects/{PROJECT}/runs/{run['label']}")
        say(f"compare the runs: {url}/projects/{PROJECT}/compare?{'&'.join('run=' + found['label'] for found in runs)}")
        say(f"a dashboard over them: {url}{board}")
        if stays:
            say("serving until Ctrl-C")
            wait_for_ever()


def say(line: str) -> None:
    """Print a line of the demo's own, so that it is told apart from what the programs print."""
    print(f"demo: {line}", flush=True)


@contextlib.contextmanager
def serving(data: Path) -> Iterator[str]:
    """Run a server on SQLite and this folder; give its address once it answers, and stop it at the end."""
    port = free_port()
    url = f"http://{HOST}:{port}"
    tidelog = str(Path(sys.executable).with_name("tidelog"))
    command = [tidelog, "server", "--data", str(data), "--host", HOST, "--port", str(port)]
    with subprocess.Popen(command) as server:
        try:
            wait_until_healthy(url, server)
            yield url
        finally:
            server.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(STOP_TIMEOUT_S)
            server.kill()


def free_port() -> int:
    """Return the usual port, or any other that is free if something listens there already."""
    for port in (PORT, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return int(probe.getsockname()[1])
    raise DemoFailedError("no free port on this machine")


def wait_until_healthy(url: str, server: subprocess.Popen[bytes]) -> None:
    """Return once the server answers; fail if it ends or takes too long."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise DemoFailedError(f"the server ended with status {server.returncode}")
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/api/health").status_code == httpx.codes.OK:
                return
        time.sleep(0.05)
    raise DemoFailedError(f"the server did not answer within {START_TIMEOUT_S:.0f} s")


def train(url: str, key: str, folder: Path, arguments: list[str]) -> None:
    """Run the training script as a user would, with this server and this run in its environment."""
    environment = {
        "TIDELOG_URL": url,
        "TIDELOG_CUSTOM_RUN_ID": key,
        "TIDELOG_DIR": str(folder / "journals"),
    }
    script = str(EXAMPLES / "mnist_lightning.py")
    command = [sys.executable, script, "--project", PROJECT, "--no-progress", "--epochs", "3", *arguments]
    done = subprocess.run(command, env={**os.environ, **environment}, cwd=folder, check=False)
    if done.returncode:
        raise DemoFailedError(f"training ended with status {done.returncode}")


def make_dashboard(api: httpx.Client, labels: list[str]) -> str:
    """Make a dashboard over these runs, and return the address of its page."""
    widgets = [
        ("text", "", (0, 0, 4, 3), {"markdown": "### Which rate?\n\nA small network on real digits at three rates."}),
        ("value", "Best validation accuracy", (4, 0, 4, 3), {"subject": "max(training/val/accuracy)", "over": "max"}),
        ("value", "Seconds of training", (8, 0, 4, 3), {"subject": "sys/running_time", "over": "mean"}),
        ("charts", "Losses", (0, 3, 8, 6), {"metrics": ["training/train/loss_step", "training/val/loss"]}),
        ("scatter", "", (8, 3, 4, 6), {"x": "training/hyperparams/lr", "y": "max(training/val/accuracy)"}),
        ("images", "Digits taken for others", (0, 9, 12, 5), {"path": "val/mistakes", "rows": 3}),
        ("table", "Runs", (0, 14, 12, 4), {"columns": ["training/hyperparams/lr", "max(training/val/accuracy)"]}),
    ]
    content = {
        "selection": {"labels": labels},
        "widgets": [
            {"id": number, "kind": kind, "title": title, "options": options,
             "place": dict(zip(("x", "y", "width", "height"), place, strict=True))}
            for number, (kind, title, place, options) in enumerate(widgets, 1)
        ],
    }  # fmt: skip
    answer = api.post("/api/dashboards", params={"project": PROJECT}, json={"name": "Rates", "content": content})
    if answer.is_error:
        raise DemoFailedError(f"the server answered {answer.status_code} to the dashboard: {answer.text}")
    return str(answer.json()["url"])


def ask(api: httpx.Client, path: str, **query: str) -> dict[str, Any]:
    """Return what the server's API answers."""
    answer = api.get(path, params=query)
    if answer.is_error:
        raise DemoFailedError(f"the server answered {answer.status_code} to GET {path}: {answer.text}")
    found: dict[str, Any] = answer.json()
    return found


def table(attributes: list[dict[str, Any]]) -> str:
    """Lay out what a run holds: values as they are, series by their last value, extremes and number of points."""
    rows = [("path", "last value", "min", "max", "points"), *(row(attribute) for attribute in attributes)]
    widths = [max(len(cells[column]) for cells in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() for cells in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def row(attribute: dict[str, Any]) -> tuple[str, ...]:
    """Return the cells of one attribute."""
    if "series" in attribute["type"] and attribute["type"] != "float_series":
        return (attribute["path"], shown(attribute["value"]), "", "", f"{attribute['points']:,}")
    if attribute["type"] != "float_series":
        return (attribute["path"], shown(attribute["value"]), "", "", "")
    figures = (shown(attribute[figure]) for figure in ("last", "min", "max"))
    return (attribute["path"], *figures, f"{attribute['points']:,}")


def shown(value: object) -> str:
    """Return a value short enough for a table."""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def wait_for_ever() -> None:
    """Wait for Ctrl-C."""
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
