"""Attempts and forks from a program's side, against a real server: the examples of the guide, run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tidelog
from tests.client.programs import run_program
from tests.conftest import ServerProcess

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "attempts-and-forks.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)


def test_the_examples_of_the_guide_work(server: ServerProcess, tmp_path: Path) -> None:
    """Each as a program of its own; what they assert is what the guide says."""
    assert len(EXAMPLES) == 2
    for example in EXAMPLES:
        done = run_program(example, TIDELOG_URL=server.url, TIDELOG_DIR=str(tmp_path / "journals"))
        assert done.returncode == 0, example + done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        {"fork_run_id": "MNIST-1"},
        {"fork_step": 3},
        {"fork_run_id": "MNIST-1", "fork_step": 3, "with_id": "MNIST-2"},
        {"fork_run_id": "MNIST-1", "fork_step": float("nan")},
    ],
)
def test_half_a_fork_is_refused(arguments: dict[str, object]) -> None:
    """At the call, before anything is written."""
    with pytest.raises(tidelog.ArgumentError):
        tidelog.init_run(mode="debug", **arguments)  # type: ignore[arg-type]
