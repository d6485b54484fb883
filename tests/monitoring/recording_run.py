"""A run that keeps what is logged to it in memory, for tests of the monitor alone."""

from __future__ import annotations

import threading
from typing import Any


class RecordingRun:
    """Stands in for `tidelog.Run`: holds assignments and dict appends, and lets a test wait for samples."""

    def __init__(self) -> None:
        self.assigned: dict[str, Any] = {}
        self.samples: list[dict[str, float]] = []
        self.timestamps: list[float] = []
        self._changed = threading.Condition()

    def __getitem__(self, path: str) -> RecordingRun:
        return self

    def __setitem__(self, path: str, value: Any) -> None:
        self.assigned.setdefault(path, {}).update(value)

    def append(self, value: dict[str, float], *, timestamp: float) -> None:
        """Keep one sample and wake whoever waits for it."""
        with self._changed:
            self.samples.append(value)
            self.timestamps.append(timestamp)
            self._changed.notify_all()

    def with_figure(self, part: str) -> list[dict[str, float]]:
        """Return the samples that have a figure with this in its path."""
        return [sample for sample in self.samples if any(part in path for path in sample)]

    def wait_for_samples(self, count: int, part: str = "", timeout_s: float = 30.0) -> None:
        """Return once there are so many samples with such a figure; fail after `timeout_s`."""
        with self._changed:
            enough = self._changed.wait_for(lambda: len(self.with_figure(part)) >= count, timeout_s)
            assert enough, f"the monitor took no {count} samples of {part!r}: {self.samples[-1:]}"
