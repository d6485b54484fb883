"""Which process of a job this is, by launcher."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.client.conftest import OpenRun
from tidelog import cluster
from tidelog.cluster import Place, facts, find_place
from tidelog.journal.reading import Define, read_records
from tidelog.journal.segments import find_journals

TORCHRUN = {
    "RANK": "5",
    "LOCAL_RANK": "1",
    "WORLD_SIZE": "8",
    "LOCAL_WORLD_SIZE": "4",
    "GROUP_RANK": "1",
    "TORCHELASTIC_RUN_ID": "abc",
}
SLURM = {"SLURM_PROCID": "3", "SLURM_LOCALID": "1", "SLURM_NTASKS": "4", "SLURM_NODEID": "1", "SLURM_JOB_ID": "77"}


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({}, Place(None, 0, 0, 1, None, 1)),
        (TORCHRUN, Place("torchrun", 5, 1, 8, 1, 4)),
        (SLURM, Place("slurm", 3, 1, 4, 1, None)),
        (
            {"OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_LOCAL_RANK": "0", "OMPI_COMM_WORLD_SIZE": "4"},
            Place("openmpi", 2, 0, 4, None, None),
        ),
        (
            {"PMI_RANK": "1", "PMI_SIZE": "2", "MPI_LOCALRANKID": "1"},
            Place("mpi", 1, 1, 2, None, None),
        ),  # Intel MPI, MPICH
        ({"PMIX_RANK": "1", **SLURM, "PMI_SIZE": "4"}, Place("mpi", 1, None, 4, None, None)),
        ({"HOROVOD_RANK": "1", "HOROVOD_LOCAL_RANK": "1", "HOROVOD_SIZE": "2"}, Place("horovod", 1, 1, 2, None, None)),
        ({"LOCAL_RANK": "1", "NODE_RANK": "0", "WORLD_SIZE": "2"}, Place("lightning", 1, 1, 2, 0, None)),
        ({"LOCAL_RANK": "1", "NODE_RANK": "2", "LOCAL_WORLD_SIZE": "4"}, Place("lightning", 9, 1, 10, 2, 4)),
    ],
)
def test_each_launcher_is_understood(environment: dict[str, str], place: Place) -> None:
    """Rank, local rank, world size and node, in each launcher's own variables."""
    assert find_place(environment) == place


def test_torchrun_inside_a_slurm_task_counts() -> None:
    """SLURM's variables are inherited by what torchrun starts; the innermost launcher knows the process."""
    assert find_place(SLURM | TORCHRUN).launcher == "torchrun"


@pytest.mark.parametrize("nonsense", ["", "-1", "two", "1.5", "\u0663"])
def test_a_number_that_is_none_counts_as_not_given(nonsense: str) -> None:
    """Many a script sets RANK to something of its own; the job goes on as a process on its own."""
    assert find_place({"RANK": nonsense}) == cluster.ALONE


def test_a_process_alone_says_nothing() -> None:
    """A laptop's run has no namespace `cluster`."""
    assert facts({}) == {}


def test_the_main_rank_tells_what_all_share() -> None:
    """Identifiers once; every rank its own node, below its number."""
    main = facts({**SLURM, "SLURM_PROCID": "0", "SLURM_LOCALID": "0"})
    assert main["slurm/job_id"] == "77"
    assert (main["launcher"], main["world_size"], main["ranks/0/local_rank"]) == ("slurm", 4, 0)
    other = facts(SLURM)
    assert set(other) == {f"ranks/3/{name}" for name in ("node", "local_rank", "pid", "node_rank")}
    assert other["ranks/3/node"] == os.uname().nodename


def test_kubernetes_names_its_pod(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The pod is the host's name unless the downward API says it; the namespace lies in a file."""
    file = tmp_path / "namespace"
    file.write_text("training\n")
    monkeypatch.setattr(cluster, "KUBERNETES_NAMESPACE_FILE", str(file))
    pod = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "HOSTNAME": "job-0-x7", "JOB_COMPLETION_INDEX": "0"}
    assert facts(pod) == {
        "kubernetes/pod": "job-0-x7",
        "kubernetes/namespace": "training",
        "kubernetes/completion_index": "0",
    }
    assert "kubernetes/pod" not in facts({"JOB_NAME": "a build server's"})


def test_a_slurm_job_of_one_task_names_its_job() -> None:
    """No ranks where there is one, but the number that `scancel` takes."""
    one = facts({"SLURM_JOB_ID": "9", "SLURM_PROCID": "0", "SLURM_NTASKS": "1", "SLURM_ARRAY_TASK_ID": "4"})
    assert one == {"slurm/job_id": "9", "slurm/array_task_id": "4", "launcher": "slurm", "world_size": 1}


def test_nothing_is_imported_for_it() -> None:
    """Asking costs no import of torch, MPI or a socket."""
    code = "import sys, tidelog.cluster as c; n = set(sys.modules); c.facts(); print(*(set(sys.modules) - n))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_each_rank_has_a_namespace_for_its_hardware() -> None:
    """One process: `monitoring`; several: one below it for each, so that no two write one series."""
    assert cluster.monitoring_namespace({}) == "monitoring"
    assert cluster.monitoring_namespace(SLURM) == f"monitoring/{os.uname().nodename}-3"
    assert cluster.monitoring_namespace({"SLURM_PROCID": "0", "SLURM_NTASKS": "1"}) == "monitoring"


def test_a_run_records_it(open_run: OpenRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """By itself, when it is opened."""
    for name, value in SLURM.items():
        monkeypatch.setenv(name, value)
    run = open_run()
    [folder] = find_journals(str(run.directory))
    paths = [record.path for record in read_records(folder.read(0, 1 << 30)) if isinstance(record, Define)]
    assert "cluster/ranks/3/local_rank" in paths


def test_a_rank_whose_logging_is_dropped_still_tells_where_it_is(
    open_run: OpenRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its place in the job is its own, as its hardware is."""
    for name, value in SLURM.items():
        monkeypatch.setenv(name, value)
    run = open_run(custom_run_id="k")
    run["metric"].append(1.0)
    [folder] = find_journals(str(run.directory))
    paths = {record.path for record in read_records(folder.read(0, 1 << 30)) if isinstance(record, Define)}
    assert "cluster/ranks/3/node" in paths
    assert "metric" not in paths
