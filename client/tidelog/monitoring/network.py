"""Network traffic of the machine."""

from __future__ import annotations

from typing import Any

import psutil

from tidelog.monitoring.probe import MIB, Probe, Rate, known

LOOPBACK = ("lo", "lo0", "Loopback Pseudo-Interface 1")


def figures() -> list[Probe[float]]:
    """Bytes received and sent by all interfaces except the loopback, where processes of one machine talk."""
    return [Probe("network traffic", _Traffic().read)]


class _Traffic:
    def __init__(self) -> None:
        self._received, self._sent = Rate(), Rate()
        self.read()

    def read(self) -> dict[str, float]:
        outside = _outside(psutil.net_io_counters(pernic=True))
        return known({
            "network/received_mib_per_s": self._received.per_second(sum(nic.bytes_recv for nic in outside) / MIB),
            "network/sent_mib_per_s": self._sent.per_second(sum(nic.bytes_sent for nic in outside) / MIB),
        })  # fmt: skip


def _outside(interfaces: dict[str, Any]) -> list[Any]:
    return [counters for name, counters in interfaces.items() if name not in LOOPBACK]
