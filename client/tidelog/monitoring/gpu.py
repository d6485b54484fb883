"""NVIDIA GPUs, read through nvidia-ml-py, the official binding of the driver's management library (NVML).

A driver answers NOT_SUPPORTED to single questions (power in a virtual machine, utilisation in MIG mode) and
GPU_IS_LOST to all of them once a card has fallen off the bus, so every figure of every GPU is a probe of its own.
Whether torch sees a GPU is not asked: a job may train with another framework.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tidelog.monitoring.probe import GIB, Probe

try:
    import pynvml
except ImportError:
    pynvml = None

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Gpu:
    """One GPU by its NVML number: the order of nvidia-smi, the same for every job on the machine."""

    index: int

    def facts(self) -> list[Probe[float | str]]:
        """What does not change: which card this is, its memory and its power limit."""
        return [
            self._probe("name", pynvml.nvmlDeviceGetName),
            self._probe("uuid", pynvml.nvmlDeviceGetUUID),
            self._probe("memory_total_gib", lambda gpu: pynvml.nvmlDeviceGetMemoryInfo(gpu).total / GIB),
            self._probe("power_limit_w", lambda gpu: pynvml.nvmlDeviceGetEnforcedPowerLimit(gpu) / 1000),
        ]

    def figures(self) -> list[Probe[float]]:
        """Utilisation, memory, power and temperature."""
        return [
            self._probe("utilisation_percent", lambda gpu: float(pynvml.nvmlDeviceGetUtilizationRates(gpu).gpu)),
            self._probe("memory_used_gib", lambda gpu: pynvml.nvmlDeviceGetMemoryInfo(gpu).used / GIB),
            self._probe("power_w", lambda gpu: pynvml.nvmlDeviceGetPowerUsage(gpu) / 1000),
            self._probe("temperature_c", _temperature_c),
        ]

    def _probe(self, figure: str, read: Callable[[Any], Any]) -> Probe[Any]:
        path = f"gpu/{self.index}/{figure}"
        # The handle is asked for each time: one of a card that was lost and came back is not good any more.
        return Probe(path, lambda: {path: read(pynvml.nvmlDeviceGetHandleByIndex(self.index))})


def find_gpus() -> list[Gpu]:
    """Return the GPUs that this job may use; none if there is no driver or nvidia-ml-py is not installed."""
    if pynvml is None:
        logger.debug("nvidia-ml-py is not installed: GPUs are not monitored.")
        return []
    try:
        pynvml.nvmlInit()
        uuids = [_uuid(index) for index in range(pynvml.nvmlDeviceGetCount())]
    except pynvml.NVMLError as error:  # no NVIDIA driver, or one that does not match its library after an upgrade
        logger.debug("GPUs are not monitored: %s", error)
        return []
    return [Gpu(index) for index in visible_indices(uuids, os.environ.get("CUDA_VISIBLE_DEVICES"))]


def visible_indices(uuids: Sequence[str], visible: str | None) -> Sequence[int]:
    """Return the numbers of the GPUs that `CUDA_VISIBLE_DEVICES` leaves to this job; all of them if it is not set.

    CUDA counts as NVML does when CUDA_DEVICE_ORDER is PCI_BUS_ID, and on machines with cards of one kind. Entries are
    numbers or UUIDs, which may be shortened; as in CUDA, the first one that names no GPU ends the list. An entry for a
    part of a GPU (MIG) does not say which GPU it is on, so then all are monitored.
    """
    if visible is None or "MIG" in visible:
        return range(len(uuids))
    indices: list[int] = []
    for entry in (part.strip() for part in visible.split(",")):
        named = [index for index, uuid in enumerate(uuids) if entry == str(index) or _shortens(entry, uuid)]
        if len(named) != 1:
            break
        indices += named
    return indices


def _shortens(entry: str, uuid: str) -> bool:
    return entry.startswith("GPU-") and uuid.startswith(entry)


def _uuid(index: int) -> str:
    try:
        return str(pynvml.nvmlDeviceGetUUID(pynvml.nvmlDeviceGetHandleByIndex(index)))
    except pynvml.NVMLError:
        return ""


def _temperature_c(gpu: Any) -> float:
    """Ask in the way that every driver up to CUDA 13 knows, then in the one that replaces it."""
    try:
        return float(pynvml.nvmlDeviceGetTemperature(gpu, pynvml.NVML_TEMPERATURE_GPU))
    except pynvml.NVMLError_FunctionNotFound:
        return float(pynvml.nvmlDeviceGetTemperatureV(gpu, pynvml.NVML_TEMPERATURE_GPU))
