"""Running small training programs in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

import tidelog

TIMEOUT_S = 120.0
CLIENT = str(Path(tidelog.__file__).parent.parent)


_started: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def programs_end_with_their_test() -> Iterator[None]:
    """Kill what a failed test left running."""
    yield
    while _started:
        with _started.pop() as process:
            process.kill()


def start(program: str, *arguments: object, **environment: str) -> subprocess.Popen[str]:
    """Start a program; its arguments are in sys.argv."""
    code = textwrap.dedent(program)
    paths = os.pathsep.join(filter(None, [CLIENT, os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": paths, **environment},
    )  # fmt: skip
    _started.append(process)
    return process


def finish(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """Wait for a program's end."""
    out, err = process.communicate(timeout=TIMEOUT_S)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def run_program(program: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return finish(start(program, *arguments, **environment))
