"""Reading figures one by one, so that one that cannot be had never loses the others."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

GIB = 2**30
MIB = 2**20

Value = TypeVar("Value")
Wanted = Callable[[str], bool]

logger = logging.getLogger(__name__)


def everything(_: str) -> bool:
    """Want every figure."""
    return True


@dataclass(frozen=True)
class Probe(Generic[Value]):
    """A named way to read a few figures that come from one place and succeed or fail together."""

    name: str
    read: Callable[[], Mapping[str, Value]]


@dataclass
class ProbeReader(Generic[Value]):
    """Reads probes, leaves out those that fail, and logs each failing one once.

    A failing probe is asked again next time: a figure may come back (a driver that was busy), and an exception a second
    costs nothing that can be measured. A probe none of whose figures is wanted is not asked again.
    """

    probes: Iterable[Probe[Value]]
    wanted: Wanted = everything
    _failed: set[str] = field(default_factory=set)
    _unwanted: set[str] = field(default_factory=set)

    def read(self) -> dict[str, Value]:
        """Return the wanted figures of all probes that could be read. Never raises."""
        figures: dict[str, Value] = {}
        for probe in self.probes:
            if probe.name in self._unwanted:
                continue
            try:
                found = probe.read()
            except Exception:  # a driver or a /proc file may fail in ways that nobody has listed
                if probe.name not in self._failed:
                    self._failed.add(probe.name)
                    logger.debug("%s cannot be read; all other figures are.", probe.name, exc_info=True)
                continue
            kept = {path: value for path, value in found.items() if self.wanted(path)}
            if found and not kept:
                self._unwanted.add(probe.name)
            figures.update(kept)
        return figures


class Rate:
    """Turns a counter that only grows into its growth per second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: tuple[float, float] | None = None

    def per_second(self, total: float) -> float | None:
        """Return the growth per second since the last call; None at the first one and after a counter was reset."""
        now, last = self._clock(), self._last
        self._last = (now, total)
        if last is None or now <= last[0] or total < last[1]:
            return None
        return (total - last[1]) / (now - last[0])


def known(figures: Mapping[str, float | None]) -> dict[str, float]:
    """Return the figures that have a value."""
    return {name: value for name, value in figures.items() if value is not None}
