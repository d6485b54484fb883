"""Runs in a notebook: a real IPython kernel, whose cells are run, run again, and raise. With a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integrations.conftest import CAPTURED, Server

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Jupyter's own packages among themselves

OPEN = """
import sys, threading
import tidelog
run = tidelog.init_run("notebook", name="cell", flush_interval_s=0.1, monitoring_interval_s=0.1)
run["x"].append(1.0)
"""
PRINT = """
print("to stdout")
print("to stderr", file=sys.stderr)
"the cell's value"
"""
COUNT = """
import os, time
def threads():
    count, steady = 0, 0
    while steady < 15:
        now = len(os.listdir("/proc/self/task"))
        count, steady = now, steady + 1 if now == count else 0
        time.sleep(0.1)
    return count
"""
MONITORS = "print(sorted(thread.name for thread in threading.enumerate() if thread.name.startswith('tidelog')))"
STOP = """
run.stop()
print("still here")
"""


class Notebook:
    """Cells that are run one by one in one kernel, as a person does."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def run(self, source: str, *, fails: bool = False) -> list[Any]:
        """Run a cell and return its outputs."""
        cell = nbformat.v4.new_code_cell(source, metadata={"tags": ["raises-exception"]} if fails else {})
        self._client.nb.cells.append(cell)
        self._client.execute_cell(cell, len(self._client.nb.cells) - 1)
        outputs: list[Any] = cell.outputs
        return outputs

    def printed(self, source: str) -> str:
        """Run a cell and return what it wrote to stdout."""
        return "".join(output.text for output in self.run(source) if output.get("name") == "stdout")


@pytest.fixture
def notebook(to_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    """A notebook whose runs capture all that they do by themselves."""
    for name, value in CAPTURED.items():
        monkeypatch.setenv(name, value)
    for name in ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    resources = {"metadata": {"path": str(tmp_path)}}
    client = nbclient.NotebookClient(
        nbformat.v4.new_notebook(), timeout=120, kernel_name="python3", resources=resources
    )
    with client.setup_kernel():
        yield Notebook(client)


def runs(server: Server) -> list[dict[str, Any]]:
    """The runs of the notebook, the oldest first."""
    rows = server.ask("/api/runs/query", project="notebook")["runs"]
    return sorted((server.ask(f"/api/runs/{row['label']}") for row in rows), key=lambda run: run["label"])


def test_cells_that_are_run_again_leave_nothing_double(notebook: Notebook, to_server: Server) -> None:
    """A cell that opens a run ends the one before; threads do not grow, and what cells show stays what it was."""
    before = [dict(output) for output in notebook.run("import sys, threading\n" + PRINT)]
    notebook.run(COUNT)
    notebook.run(OPEN)
    threads, monitors = notebook.printed("print(threads())"), notebook.printed(MONITORS)
    assert "tidelog-hardware-monitor" in monitors
    notebook.run(PRINT)
    for _ in range(3):
        notebook.run(OPEN)
    assert notebook.printed("print(threads())") == threads
    assert notebook.printed(MONITORS) == monitors
    shown = notebook.run(PRINT)
    assert [output.get("text") for output in shown] == [output.get("text") for output in before]
    assert shown[-1]["data"] == before[-1]["data"]
    [error] = notebook.run("raise ArithmeticError('of the user')", fails=True)
    assert error["ename"] == "ArithmeticError"
    assert notebook.printed("run['x'].append(2.0); print(run.stop_requested)") == "False\n"
    assert notebook.printed(STOP) == "still here\n"
    assert notebook.printed(MONITORS) == "[]\n"
    found = runs(to_server)
    assert [run["state"] for run in found] == ["finished"] * 4
    assert to_server.points(found[-1], "x") == [(0, 1.0), (1, 2.0)]
    assert to_server.lines(found[-1], "monitoring/stdout").count("to stdout") == 1
    assert to_server.lines(found[-1], "monitoring/stderr").count("to stderr") == 1
    assert to_server.lines(found[0], "monitoring/stdout").count("to stdout") == 1
