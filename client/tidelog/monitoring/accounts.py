"""What a job took in all: GPU-hours, energy, and the share of the time in which a GPU did nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tidelog.monitoring.gpu import ENERGY

IDLE_BELOW_PERCENT = 5.0  # of utilisation; a desktop's screen alone takes 1 or 2
LONGEST_GAP_S = 60.0  # more between two samples is a machine that slept: nobody knows what the GPU did
JOULES_PER_KWH = 3.6e6
SECONDS_PER_HOUR = 3600.0


@dataclass
class GpuAccount:
    """What one GPU did from its first sample to its last."""

    seconds: float = 0.0
    judged_s: float = 0.0  # of it, how long its utilisation was known
    idle_s: float = 0.0
    throttled_s: float = 0.0
    joules: float = 0.0
    _last: Mapping[str, float] | None = None
    _at: float = 0.0

    def add(self, now: float, answers: Mapping[str, float]) -> None:
        """Count the time since the last sample as this sample says; a GPU that did not answer counts nothing."""
        last, span_s = self._last, now - self._at
        self._last, self._at = answers or None, now
        if last is None or not answers or not 0.0 < span_s <= LONGEST_GAP_S:
            return
        self.seconds += span_s
        self.joules += _joules(last, answers, span_s)
        if "utilisation_percent" in answers:
            self.judged_s += span_s
            self.idle_s += span_s if answers["utilisation_percent"] < IDLE_BELOW_PERCENT else 0.0
        if answers.get("throttled_by_power") or answers.get("throttled_by_heat"):
            self.throttled_s += span_s


class GpuAccounts:
    """The accounts of all GPUs of a process."""

    def __init__(self) -> None:
        self._accounts: dict[int, GpuAccount] = {}

    def add(self, index: int, now: float, answers: Mapping[str, float]) -> None:
        """Count a sample of one GPU."""
        self._accounts.setdefault(index, GpuAccount()).add(now, answers)

    def totals(self) -> dict[str, float]:
        """Return the attributes, by path: for each GPU, and for all of them."""
        counted = {index: account for index, account in self._accounts.items() if account.seconds}
        found: dict[str, float] = {}
        for index, account in counted.items():
            found |= {f"gpu/{index}/{name}": value for name, value in _totals([account]).items()}
        if counted:
            found |= {f"gpu/{name}": value for name, value in _totals(list(counted.values())).items()}
        return found


def _totals(accounts: list[GpuAccount]) -> dict[str, float]:
    seconds = sum(account.seconds for account in accounts)
    judged_s = sum(account.judged_s for account in accounts)
    found = {
        "hours": seconds / SECONDS_PER_HOUR,
        "energy_kwh": sum(account.joules for account in accounts) / JOULES_PER_KWH,
        "throttled_percent": 100 * sum(account.throttled_s for account in accounts) / seconds,
    }
    if judged_s:
        found["idle_percent"] = 100 * sum(account.idle_s for account in accounts) / judged_s
    return found


def _joules(last: Mapping[str, float], now: Mapping[str, float], span_s: float) -> float:
    """Return the energy between two samples: by the card's own counter, else by the power at both."""
    counted = now.get(ENERGY, 0.0) - last.get(ENERGY, 0.0)
    if ENERGY in now and ENERGY in last and counted >= 0:
        return counted / 1000
    powers = [answers["power_w"] for answers in (last, now) if "power_w" in answers]
    return span_s * sum(powers) / len(powers) if powers else 0.0
