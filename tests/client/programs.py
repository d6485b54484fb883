"""Running small training programs in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import tidelog

TIMEOUT_S = 120.0
CLIENT = str(Path(tidelog.__file__).parent.parent)


def start(program: str, *arguments: object, **environment: str) -> subprocess.Popen[str]:
    """Start a program; its arguments are in sys.argv."""
    code = textwrap.dedent(program)
    paths = os.pathsep.join(filter(None, [CLIENT, os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": paths, **environment},
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """Wait for a program's end."""
    out, err = process.communicate(timeout=TIMEOUT_S)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def run_program(program: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return finish(start(program, *arguments, **environment))
