"""Which process of a distributed job this is, read from what its launcher left in the environment.

Nothing is imported and nothing is asked over a network, so the answer is there before torch, MPI or a framework is. A
process that no launcher started is rank 0 of 1.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

NAMESPACE = "cluster"
KUBERNETES_NAMESPACE_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

Fact = str | int


class Launcher(NamedTuple):
    """The variables by which a launcher tells a process its place; of several names the first that is set counts."""

    name: str
    rank: tuple[str, ...]
    local_rank: tuple[str, ...]
    world_size: tuple[str, ...]
    node_rank: tuple[str, ...]
    local_world_size: tuple[str, ...]


# The innermost comes first: torchrun inside a SLURM step makes several ranks of one SLURM task.
LAUNCHERS = (
    Launcher(
        "torchrun", ("RANK",), ("LOCAL_RANK",), ("WORLD_SIZE",), ("GROUP_RANK", "NODE_RANK"), ("LOCAL_WORLD_SIZE",)
    ),
    Launcher(
        "horovod",
        ("HOROVOD_RANK",),
        ("HOROVOD_LOCAL_RANK",),
        ("HOROVOD_SIZE",),
        ("HOROVOD_CROSS_RANK",),
        ("HOROVOD_LOCAL_SIZE",),
    ),
    Launcher(
        "openmpi",
        ("OMPI_COMM_WORLD_RANK",),
        ("OMPI_COMM_WORLD_LOCAL_RANK",),
        ("OMPI_COMM_WORLD_SIZE",),
        (),
        ("OMPI_COMM_WORLD_LOCAL_SIZE",),
    ),
    # MPICH, Intel MPI, MVAPICH and Cray: all of them start processes through PMI.
    Launcher(
        "mpi",
        ("PMI_RANK", "PMIX_RANK", "MV2_COMM_WORLD_RANK"),
        ("MPI_LOCALRANKID", "PMI_LOCAL_RANK", "MV2_COMM_WORLD_LOCAL_RANK"),
        ("PMI_SIZE", "MV2_COMM_WORLD_SIZE"),
        (),
        ("MPI_LOCALNRANKS", "PMI_LOCAL_SIZE", "MV2_COMM_WORLD_LOCAL_SIZE"),
    ),
    # Below the others: SLURM's variables are inherited by all that a task starts, whoever counts in there.
    Launcher(
        "slurm",
        ("SLURM_PROCID",),
        ("SLURM_LOCALID",),
        ("SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"),
        ("SLURM_NODEID",),
        ("SLURM_NTASKS_PER_NODE",),
    ),
    # Lightning's own launcher gives the processes that it starts no RANK. Its first process has none of these.
    Launcher("lightning", (), ("LOCAL_RANK",), ("WORLD_SIZE",), ("NODE_RANK",), ("LOCAL_WORLD_SIZE",)),
)

# Identifiers that a person looks a job up by, with the names they get below `cluster/`.
IDENTIFIERS = {
    "slurm/job_id": ("SLURM_JOB_ID", "SLURM_JOBID"),
    "slurm/job_name": ("SLURM_JOB_NAME",),
    "slurm/step_id": ("SLURM_STEP_ID", "SLURM_STEPID"),
    "slurm/array_job_id": ("SLURM_ARRAY_JOB_ID",),
    "slurm/array_task_id": ("SLURM_ARRAY_TASK_ID",),
    "slurm/partition": ("SLURM_JOB_PARTITION",),
    "slurm/account": ("SLURM_JOB_ACCOUNT",),
    "slurm/qos": ("SLURM_JOB_QOS",),
    "slurm/cluster": ("SLURM_CLUSTER_NAME",),
    "slurm/nodes": ("SLURM_JOB_NODELIST", "SLURM_NODELIST"),
    "slurm/node_count": ("SLURM_JOB_NUM_NODES", "SLURM_NNODES"),
    "slurm/restart_count": ("SLURM_RESTART_COUNT",),
    "torchrun/run_id": ("TORCHELASTIC_RUN_ID",),
    "torchrun/restart_count": ("TORCHELASTIC_RESTART_COUNT",),
    "torchrun/max_restarts": ("TORCHELASTIC_MAX_RESTARTS",),
    "kubernetes/pod": ("POD_NAME", "MY_POD_NAME"),
    "kubernetes/namespace": ("POD_NAMESPACE", "MY_POD_NAMESPACE"),
    "kubernetes/node": ("NODE_NAME", "MY_NODE_NAME", "K8S_NODE_NAME"),
    "kubernetes/job": ("JOB_NAME", "KUBERNETES_JOB_NAME"),
    "kubernetes/completion_index": ("JOB_COMPLETION_INDEX",),
}


class Place(NamedTuple):
    """A process's place in its job. `launcher` is None where no launcher told of one."""

    launcher: str | None
    rank: int
    local_rank: int | None
    world_size: int
    node_rank: int | None
    local_world_size: int | None

    @property
    def is_main(self) -> bool:
        """Whether this is the one process that logs what is the same in all of them."""
        return self.rank == 0

    @property
    def is_first_on_node(self) -> bool:
        """Whether this process looks after what belongs to the machine; all do where none knows its local rank."""
        return self.local_rank in (0, None)

    @property
    def is_one_of_many(self) -> bool:
        """Whether others log beside this process."""
        return self.world_size > 1 or self.rank > 0


ALONE = Place(None, 0, 0, 1, None, 1)


def find_place(environment: Mapping[str, str] | None = None) -> Place:
    """Return this process's place by the first launcher that told of one.

    A number that cannot be read counts as not given: whatever set it, no job fails for it.
    """
    environment = os.environ if environment is None else environment
    for launcher in LAUNCHERS:
        place = _place(launcher, environment)
        if place is not None:
            return place
    return ALONE


def facts(environment: Mapping[str, str] | None = None) -> dict[str, Fact]:
    """Return what a run says of its job, by path below `cluster/`; nothing for a process on its own.

    Of a job of many ranks the main one tells what they share. What is a rank's own is below `ranks/<rank>`.
    """
    environment = os.environ if environment is None else environment
    place = find_place(environment)
    found: dict[str, Fact] = {}
    if place.is_main:
        found.update(_identifiers(environment))
        if place.launcher is not None:
            found |= {"launcher": place.launcher, "world_size": place.world_size}
    if place.is_one_of_many:
        own = {"local_rank": place.local_rank, "node_rank": place.node_rank}
        known = {name: value for name, value in own.items() if value is not None}
        own_facts: dict[str, Fact] = {"node": os.uname().nodename, "pid": os.getpid(), **known}
        found |= {f"ranks/{place.rank}/{name}": value for name, value in own_facts.items()}
    return found


def monitoring_namespace(environment: Mapping[str, str] | None = None) -> str:
    """Return where this process's hardware figures go: a namespace of its own where several ranks write one run."""
    place = find_place(environment)
    return f"monitoring/{os.uname().nodename}-{place.rank}" if place.is_one_of_many else "monitoring"


def _place(launcher: Launcher, environment: Mapping[str, str]) -> Place | None:
    node_rank = _number(environment, launcher.node_rank)
    local_rank = _number(environment, launcher.local_rank)
    rank = _number(environment, launcher.rank)
    if rank is None and not launcher.rank and local_rank is not None:
        rank = _rank_by_node(node_rank or 0, local_rank, _number(environment, ("LOCAL_WORLD_SIZE",)))
    if rank is None:
        return None
    return Place(
        launcher=launcher.name,
        rank=rank,
        local_rank=local_rank,
        world_size=max(_number(environment, launcher.world_size) or 1, rank + 1),
        node_rank=node_rank,
        local_world_size=_number(environment, launcher.local_world_size),
    )


def _rank_by_node(node_rank: int, local_rank: int, local_world_size: int | None) -> int:
    """Return the rank that follows from a node's; where nodes are of unknown size, one that is at least not 0."""
    return node_rank * (local_world_size or local_rank + 1) + local_rank


def _identifiers(environment: Mapping[str, str]) -> dict[str, Fact]:
    in_kubernetes = "KUBERNETES_SERVICE_HOST" in environment
    found: dict[str, Fact] = {}
    for path, names in IDENTIFIERS.items():
        value = next((environment[name] for name in names if environment.get(name)), None)
        # Names such as JOB_NAME are anybody's outside a pod.
        if value is not None and (in_kubernetes or not path.startswith("kubernetes/")):
            found[path] = value
    if in_kubernetes:
        found.setdefault("kubernetes/pod", environment.get("HOSTNAME") or os.uname().nodename)
        namespace = _kubernetes_namespace()
        if namespace:
            found.setdefault("kubernetes/namespace", namespace)
    return found


def _kubernetes_namespace() -> str | None:
    try:
        with open(KUBERNETES_NAMESPACE_FILE, encoding="utf-8") as file:
            return file.read(256).strip()
    except (OSError, UnicodeDecodeError):
        return None


def _number(environment: Mapping[str, str], names: tuple[str, ...]) -> int | None:
    for name in names:
        text = environment.get(name, "").strip()
        if text.isascii() and text.isdigit():
            return int(text[:9])
    return None
