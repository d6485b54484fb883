"""The examples of the guide to reading back, run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.client.programs import run_program
from tests.conftest import ServerProcess

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "reading.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)


def test_the_examples_of_the_guide_work(server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each as a program of its own, one after the other, with nothing but the server's address from outside."""
    monkeypatch.chdir(tmp_path)  # where what they download goes
    assert len(EXAMPLES) >= 3
    for example in EXAMPLES:
        done = run_program(example, TIDELOG_URL=server.url, TIDELOG_DIR=str(tmp_path / "journals"))
        assert done.returncode == 0, example + done.stderr
