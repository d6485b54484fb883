"""The GPUs of a job: which they are, and what all of them say."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from tidelog.cluster import Place
from tidelog.monitoring import gpu
from tidelog.monitoring.accounts import GpuAccounts
from tidelog.monitoring.gpu import Gpu, Report, parts_of, uuid_of
from tidelog.monitoring.nvml import pynvml
from tidelog.monitoring.probe import Wanted

logger = logging.getLogger(__name__)

# A driver that has lost a card may find it again only for a program that begins anew.
REOPEN_S = 30.0


class Gpus:
    """All GPUs that this process looks after. `ours` gives the numbers of the job's processes."""

    def __init__(self, gpus: Sequence[Gpu], ours: Callable[[], Collection[int]]) -> None:
        self._gpus = gpus
        self._figures = gpu.figures()
        self._slow_figures = gpu.slow_figures(ours)
        self._reopened = time.monotonic()
        self.accounts = GpuAccounts()

    def __bool__(self) -> bool:
        return bool(self._gpus)

    def facts(self) -> dict[str, Any]:
        """Return what does not change."""
        questions = gpu.facts()
        return {
            f"gpu/{device.index}/{name}": value
            for device in self._gpus
            for name, value in device.ask(questions).items()
        }

    def read(self) -> dict[str, float]:
        """Return a sample of all GPUs, and keep account of their time and energy. Never raises."""
        sample: dict[str, float] = {}
        for device in self._gpus:
            answers = device.ask(self._figures)
            self.accounts.add(device.index, time.monotonic(), answers)
            sample |= device.chosen(answers)
        self._look_for_lost_ones()
        return sample

    def read_slowly(self) -> dict[str, float]:
        """Return what takes a driver long: about 40 ms for each GPU. Never raises."""
        sample: dict[str, float] = {}
        for device in self._gpus:
            sample |= device.chosen(device.ask(self._slow_figures))
        return sample

    def _look_for_lost_ones(self) -> None:
        now = time.monotonic()
        if now - self._reopened < REOPEN_S or all(device.lost_since is None for device in self._gpus):
            return
        self._reopened = now
        try:
            pynvml.nvmlShutdown()
            pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            logger.debug("The driver could not be opened again: %s", error)


def find_gpus(place: Place, report: Report, wanted: Wanted) -> list[Gpu]:
    """Return the GPUs that this process looks after; none if there is no driver or nvidia-ml-py is not installed.

    Whether torch sees a GPU is not asked: a job may train with another framework.
    """
    if pynvml is None:
        logger.debug("nvidia-ml-py is not installed: GPUs are not monitored.")
        return []
    try:
        pynvml.nvmlInit()
        handles = [_handle(index) for index in range(pynvml.nvmlDeviceGetCount())]
    except pynvml.NVMLError as error:  # no NVIDIA driver, or one that does not match its library after an upgrade
        logger.debug("GPUs are not monitored: %s", error)
        return []
    uuids = [uuid_of(handle) or "" if handle else "" for handle in handles]
    parts = [_part_uuids(handle) if handle else [] for handle in handles]
    visible = visible_indices(uuids, os.environ.get("CUDA_VISIBLE_DEVICES"), parts)
    return [Gpu(index, report, wanted) for index in share_of(place, visible)]


def visible_indices(
    uuids: Sequence[str], visible: str | None, parts: Sequence[Sequence[str]] | None = None
) -> list[int]:
    """Return the numbers of the GPUs that `CUDA_VISIBLE_DEVICES` leaves to this job; all of them if it is not set.

    CUDA counts as NVML does when CUDA_DEVICE_ORDER is PCI_BUS_ID, and on machines with cards of one kind. Entries are
    numbers or UUIDs, which may be shortened; as in CUDA, the first one that names no GPU ends the list. `parts` are the
    UUIDs of the MIG devices of each GPU: an entry that names one leaves the GPU that it is part of.
    """
    if visible is None:
        return list(range(len(uuids)))
    names: list[tuple[int, str]] = [
        (index, uuid) for index, own in enumerate(uuids) for uuid in (own, *(parts[index] if parts else ()))
    ]
    indices: list[int] = []
    for entry in (part.strip() for part in visible.split(",")):
        named = {index for index, uuid in names if entry == str(index) or _shortens(entry, uuid)}
        if entry.startswith("MIG-") and not named:  # in the form of old drivers, or of a card that does not answer
            return list(range(len(uuids)))
        if len(named) != 1:
            break
        indices += [index for index in named if index not in indices]
    return indices


def share_of(place: Place, visible: Sequence[int]) -> Sequence[int]:
    """Return the GPUs that this rank looks after, so that of a node's GPUs each is looked after once.

    Ranks that see the same GPUs divide them in order, as training frameworks do. Where it is not known how many ranks a
    node has, its first one takes all; a rank that sees one GPU was given it.
    """
    ranks = place.local_world_size
    if not place.is_one_of_many or place.local_rank is None or len(visible) <= 1 or ranks == 1:
        return visible
    if ranks is None:
        return visible if place.local_rank == 0 else []
    size = -(-len(visible) // ranks)
    return visible[place.local_rank * size : (place.local_rank + 1) * size]


def _shortens(entry: str, uuid: str) -> bool:
    return entry.startswith(("GPU-", "MIG-")) and uuid.startswith(entry)


def _handle(index: int) -> Any:
    try:
        return pynvml.nvmlDeviceGetHandleByIndex(index)
    except pynvml.NVMLError:
        return None


def _part_uuids(handle: Any) -> list[str]:
    try:
        return [uuid_of(part) or "" for part in parts_of(handle).values()]
    except pynvml.NVMLError:
        return []
