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
        self.assigned[path] = value

    def append(self, value: dict[str, float], *, timestamp: float) -> None:
        """Keep one sample and wake whoever waits for it."""
        with self._changed:
            self.samples.append(value)
            self.timestamps.append(timestamp)
            self._changed.notify_all()

    def wait_for_samples(self, count: int, timeout_s: float = 30.0) -> None:
        """Return once there are so many samples; fail after `timeout_s`."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.samples) >= count, timeout_s), "the monitor took no sample"
