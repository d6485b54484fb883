"""Processes that torch starts: ranks of torchrun, and workers of a DataLoader. With a real server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.client.programs import CLIENT
from tests.conftest import ServerProcess

pytest.importorskip("torch")

RANKS = """
import time
import torch.distributed
import tidelog

torch.distributed.init_process_group("gloo")
run = tidelog.init_run(
    "p", custom_run_id="job", capture_hardware=True, monitoring_interval_s=0.1, capture_stdout=False,
    capture_stderr=False, flush_interval_s=0.1,
)
for step in range(10):
    total = torch.ones(1)
    torch.distributed.all_reduce(total)
    run["total"].append(total, step=step)
time.sleep(1.0)
torch.distributed.barrier()
run.stop()
torch.distributed.destroy_process_group()
"""

LOADER = """
import sys
import torch
import tidelog


class Numbers(torch.utils.data.Dataset):
    def __init__(self, run):
        self.seen = run["seen"]

    def __len__(self):
        return 40

    def __getitem__(self, index):
        self.seen.append(float(index), step=index)
        return index


if __name__ == "__main__":
    run = tidelog.init_run("p", custom_run_id="job", capture_hardware=False, flush_interval_s=0.1)
    loader = torch.utils.data.DataLoader(
        Numbers(run), batch_size=4, num_workers=2, multiprocessing_context=sys.argv[1]
    )
    assert sum(int(batch.sum()) for batch in loader) == sum(range(40))
    del loader
    run.stop()
"""


def launch(server: ServerProcess, folder: Path, program: str, *command: str) -> None:
    """Run a script to its end, in an environment that knows the server."""
    script = folder / "training.py"
    script.write_text(program)
    paths = os.pathsep.join(filter(None, [CLIENT, os.environ.get("PYTHONPATH")]))
    environment = {"PYTHONPATH": paths, "TIDELOG_URL": server.url, "TIDELOG_DIR": str(folder / "journals")}
    arguments = [str(script) if part == "SCRIPT" else part for part in command]
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=240, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def the_run(server: ServerProcess) -> dict[str, Any]:
    """The only run."""
    [row] = httpx.get(f"{server.url}/api/runs/query?project=p").json()["runs"]
    found: dict[str, Any] = httpx.get(f"{server.url}/api/runs/{row['label']}").json()
    return found


def series(server: ServerProcess, path: str) -> list[tuple[float, float]]:
    """Step and value of each point of a series."""
    headers = {"Accept": "application/json"}
    answer = httpx.get(f"{server.url}/api/runs/P-1/series", params={"path": path}, headers=headers).json()
    return list(zip(answer["steps"], answer["values"], strict=True))


def test_ranks_of_torchrun_write_one_run(server: ServerProcess, tmp_path: Path) -> None:
    """Rank 0 logs each point once, both are monitored, and the run ends with the last of them."""
    launch(server, tmp_path, RANKS, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone", "SCRIPT")
    assert the_run(server)["state"] == "finished"
    assert series(server, "total") == [(float(step), 2.0) for step in range(10)]
    assert the_run(server)["points"] >= 10
    listed = httpx.get(f"{server.url}/api/runs/P-1/attributes", params={"prefix": "monitoring"}).json()["attributes"]
    assert len({attribute["path"].split("/")[1] for attribute in listed}) == 2


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_workers_of_a_data_loader_write_the_same_run(server: ServerProcess, tmp_path: Path, context: str) -> None:
    """What a dataset logs in its workers is there, once, and a worker that is sent away makes no run fail."""
    launch(server, tmp_path, LOADER, "SCRIPT", context)
    assert the_run(server)["state"] == "finished"
    assert series(server, "seen") == [(float(step), float(step)) for step in range(40)]
