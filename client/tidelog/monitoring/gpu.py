"""One NVIDIA GPU, asked through nvidia-ml-py, the official binding of the driver's management library (NVML).

A driver answers NOT_SUPPORTED to single questions (power in a virtual machine, utilisation in MIG mode, the fan of a
card without one) and GPU_IS_LOST to all of them once a card has fallen off the bus. So every question stands alone, and
a card that is lost is told apart from a figure that is not there.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from tidelog.monitoring.nvml import pynvml
from tidelog.monitoring.probe import GIB, Wanted, everything

logger = logging.getLogger(__name__)

Report = Callable[[str, str, str], None]  # level, title, text of an event
ENERGY = "energy_mj"  # a counter for the account of the energy, not a figure of its own
POWER_REASONS = 0x4 | 0x80  # SwPowerCap, HwPowerBrakeSlowdown
THERMAL_REASONS = 0x20 | 0x40  # SwThermalSlowdown, HwThermalSlowdown
VOLATILE = 0  # errors since the driver was loaded; the other kind is since the card was made


class Question(NamedTuple):
    """One thing to ask a GPU; `ask` takes its handle. What is counted is asked even if nobody wants it in a series."""

    name: str
    ask: Callable[[Any], Mapping[str, Any]]
    counted: bool = False


class Gpu:
    """One GPU by its NVML number: the order of nvidia-smi, the same for every job on the machine.

    Two threads may ask it at once. `report` hears when it is lost and when it is back.
    """

    def __init__(self, index: int, report: Report, wanted: Wanted = everything) -> None:
        self.index = index
        self.lost_since: float | None = None
        self._report = report
        self._wanted = wanted
        self._lock = threading.Lock()
        self._handle: Any = None
        self._uuid: str | None = None
        self._said: set[str] = set()
        self._unwanted: set[str] = set()

    def ask(self, questions: Sequence[Question]) -> dict[str, Any]:
        """Return the answers that the GPU has, by names such as `power_w`. Never raises."""
        answers: dict[str, Any] = {}
        for question in questions:
            if question.name in self._unwanted:
                continue
            try:
                found = question.ask(self._reach())
            except Exception as error:  # noqa: BLE001  # the driver's, and what a binding of another age makes of it
                if _is_lost(error):
                    self._lose(error)
                    return {}
                self._say_once(question.name, error)
                continue
            answers.update(found)
            if found and not question.counted and not any(self.wants(name) for name in found):
                self._unwanted.add(question.name)
        if answers:
            self._come_back()
        else:
            self._handle = None  # whatever is wrong, a new handle may do better
        return answers

    def wants(self, name: str) -> bool:
        """Say whether this figure of this GPU is to be logged."""
        return name != ENERGY and self._wanted(f"gpu/{self.index}/{name}")

    def chosen(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answers that are to be logged, by path."""
        return {f"gpu/{self.index}/{name}": value for name, value in answers.items() if self.wants(name)}

    def _reach(self) -> Any:
        """Return the GPU's handle. By UUID, if it is known: when a card is gone, those after it get other numbers."""
        if self._handle is None:
            if self._uuid is None:
                self._handle = pynvml.nvmlDeviceGetHandleByIndex(self.index)
                self._uuid = uuid_of(self._handle)
            else:
                self._handle = pynvml.nvmlDeviceGetHandleByUUID(self._uuid)
        return self._handle

    def _lose(self, error: Exception) -> None:
        with self._lock:
            self._handle = None
            if self.lost_since is not None:
                return
            self.lost_since = time.monotonic()
        self._report(
            "error",
            f"GPU {self.index} vanished",
            f"The driver says of GPU {self.index} ({self._uuid or 'its UUID is not known'}): {error}. Its figures are "
            "missing from here on; all others are still logged.",
        )

    def _come_back(self) -> None:
        with self._lock:
            since, self.lost_since = self.lost_since, None
        if since is not None:
            self._report(
                "info",
                f"GPU {self.index} is back",
                f"GPU {self.index} answers again, after {time.monotonic() - since:.0f} s.",
            )

    def _say_once(self, question: str, error: Exception) -> None:
        if question not in self._said:
            self._said.add(question)
            logger.debug("GPU %s does not tell its %s; all else is read.", self.index, question, exc_info=error)


def facts() -> list[Question]:
    """What does not change: which card this is, its memory and its limits; the parts it is divided into."""
    return [
        Question("name", lambda gpu: {"name": _text(pynvml.nvmlDeviceGetName(gpu))}),
        Question("UUID", lambda gpu: {"uuid": _text(pynvml.nvmlDeviceGetUUID(gpu))}),
        Question("memory size", lambda gpu: {"memory_total_gib": pynvml.nvmlDeviceGetMemoryInfo(gpu).total / GIB}),
        Question("power limit", lambda gpu: {"power_limit_w": pynvml.nvmlDeviceGetEnforcedPowerLimit(gpu) / 1000}),
        Question("greatest SM clock", lambda gpu: {"sm_clock_max_mhz": _max_clock(gpu, pynvml.NVML_CLOCK_SM)}),
        Question("greatest memory clock", lambda gpu: {"memory_clock_max_mhz": _max_clock(gpu, pynvml.NVML_CLOCK_MEM)}),
        Question("parts", lambda gpu: _of_parts(gpu, _part_facts)),
    ]


def figures() -> list[Question]:
    """What is asked at every sample: none of these takes a driver long."""
    return [
        Question("utilisation", _utilisation, counted=True),
        Question("memory", lambda gpu: {"memory_used_gib": pynvml.nvmlDeviceGetMemoryInfo(gpu).used / GIB}),
        Question("power", lambda gpu: {"power_w": pynvml.nvmlDeviceGetPowerUsage(gpu) / 1000}, counted=True),
        Question("energy", lambda gpu: {ENERGY: pynvml.nvmlDeviceGetTotalEnergyConsumption(gpu)}, counted=True),
        Question("temperature", lambda gpu: {"temperature_c": _temperature_c(gpu)}),
        Question("SM clock", lambda gpu: {"sm_clock_mhz": _clock(gpu, pynvml.NVML_CLOCK_SM)}),
        Question("memory clock", lambda gpu: {"memory_clock_mhz": _clock(gpu, pynvml.NVML_CLOCK_MEM)}),
        Question("fan", lambda gpu: {"fan_percent": float(pynvml.nvmlDeviceGetFanSpeed(gpu))}),
        Question("throttle reasons", _throttling, counted=True),
        Question("encoder", lambda gpu: {"encoder_percent": float(pynvml.nvmlDeviceGetEncoderUtilization(gpu)[0])}),
        Question("decoder", lambda gpu: {"decoder_percent": float(pynvml.nvmlDeviceGetDecoderUtilization(gpu)[0])}),
        Question("parts", lambda gpu: _of_parts(gpu, _part_figures)),
    ]


def slow_figures(ours: Callable[[], Collection[int]]) -> list[Question]:
    """What a driver takes its time for: PCIe throughput is measured for 20 ms while the caller waits, each way.

    `ours` gives the numbers of the job's processes.
    """
    processes = _Processes(ours)
    return [
        Question("PCIe, received", lambda gpu: {"pcie_received_mib_per_s": _pcie(gpu, pynvml.NVML_PCIE_UTIL_RX_BYTES)}),
        Question("PCIe, sent", lambda gpu: {"pcie_sent_mib_per_s": _pcie(gpu, pynvml.NVML_PCIE_UTIL_TX_BYTES)}),
        Question("corrected errors", lambda gpu: {"ecc_corrected": _errors(gpu, 0)}),
        Question("uncorrected errors", lambda gpu: {"ecc_uncorrected": _errors(gpu, 1)}),
        Question("processes", processes.of),
    ]


def uuid_of(handle: Any) -> str | None:
    """Return the UUID of a GPU or of a part of one; None if the driver does not tell."""
    try:
        return _text(pynvml.nvmlDeviceGetUUID(handle))
    except pynvml.NVMLError:
        return None


def parts_of(gpu: Any) -> dict[int, Any]:
    """Return the handles of the MIG devices that a GPU is divided into, by their numbers; none if it is whole."""
    try:
        divided = pynvml.nvmlDeviceGetMigMode(gpu)[0]
    except pynvml.NVMLError as error:
        if _is_lost(error):
            raise
        return {}
    parts: dict[int, Any] = {}
    for number in range(pynvml.nvmlDeviceGetMaxMigDeviceCount(gpu) if divided else 0):
        try:
            parts[number] = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, number)
        except pynvml.NVMLError as error:
            if _is_lost(error):
                raise
            continue  # fewer parts than there may be
    return parts


class _Processes:
    """The processes on a GPU, and those of them that are the job's.

    In a container the driver may name processes by other numbers than we do. Until one of ours has been seen, nothing
    is said of ours: no figure is better than a wrong 0.
    """

    def __init__(self, ours: Callable[[], Collection[int]]) -> None:
        self._ours = ours
        self._seen = False

    def of(self, gpu: Any) -> dict[str, float]:
        running = pynvml.nvmlDeviceGetComputeRunningProcesses(gpu)
        ours = [process for process in running if process.pid in self._ours()]
        self._seen = self._seen or bool(ours)
        found = {"processes": float(len(running))}
        if self._seen:
            found["job_processes"] = float(len(ours))
            found["job_memory_gib"] = sum(process.usedGpuMemory or 0 for process in ours) / GIB
        return found


def _utilisation(gpu: Any) -> dict[str, float]:
    rates = pynvml.nvmlDeviceGetUtilizationRates(gpu)
    return {"utilisation_percent": float(rates.gpu), "memory_utilisation_percent": float(rates.memory)}


def _throttling(gpu: Any) -> dict[str, float]:
    reasons = pynvml.nvmlDeviceGetCurrentClocksThrottleReasons(gpu)
    return {
        "throttle_reasons": float(reasons),
        "throttled_by_power": float(bool(reasons & POWER_REASONS)),
        "throttled_by_heat": float(bool(reasons & THERMAL_REASONS)),
    }


def _temperature_c(gpu: Any) -> float:
    """Ask in the way that every driver up to CUDA 13 knows, then in the one that replaces it."""
    try:
        return float(pynvml.nvmlDeviceGetTemperature(gpu, pynvml.NVML_TEMPERATURE_GPU))
    except pynvml.NVMLError_FunctionNotFound:
        return float(pynvml.nvmlDeviceGetTemperatureV(gpu, pynvml.NVML_TEMPERATURE_GPU))


def _clock(gpu: Any, kind: int) -> float:
    return float(pynvml.nvmlDeviceGetClockInfo(gpu, kind))


def _max_clock(gpu: Any, kind: int) -> float:
    return float(pynvml.nvmlDeviceGetMaxClockInfo(gpu, kind))


def _pcie(gpu: Any, direction: int) -> float:
    """Return the throughput in MiB/s; the driver's unit is 1,024 bytes a second."""
    return float(pynvml.nvmlDeviceGetPcieThroughput(gpu, direction)) / 1024


def _errors(gpu: Any, kind: int) -> float:
    return float(pynvml.nvmlDeviceGetTotalEccErrors(gpu, kind, VOLATILE))


def _of_parts(gpu: Any, read: Callable[[Any], Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, part in parts_of(gpu).items():
        try:
            answers = read(part)
        except pynvml.NVMLError as error:
            if _is_lost(error):
                raise
            continue  # a part that was taken away meanwhile
        found |= {f"mig/{number}/{name}": value for name, value in answers.items()}
    return found


def _part_facts(part: Any) -> dict[str, Any]:
    return {
        "name": _text(pynvml.nvmlDeviceGetName(part)),
        "uuid": uuid_of(part) or "",
        "memory_total_gib": pynvml.nvmlDeviceGetMemoryInfo(part).total / GIB,
    }


def _part_figures(part: Any) -> dict[str, float]:
    return {"memory_used_gib": pynvml.nvmlDeviceGetMemoryInfo(part).used / GIB}


def _is_lost(error: Exception) -> bool:
    return pynvml is not None and isinstance(error, pynvml.NVMLError) and error.value == pynvml.NVML_ERROR_GPU_IS_LOST


def _text(text: str | bytes) -> str:
    """Return what bindings before 11.5 gave as bytes."""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text
