"""Waiting for what happens elsewhere: in another thread, another process, on a server."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

TIMEOUT_S = 60.0


def wait_for(find: Callable[[], Found], timeout_s: float = TIMEOUT_S) -> Found:
    """Return what is found as soon as it is true, or fail."""
    deadline_s = time.monotonic() + timeout_s
    while not (found := find()):
        assert time.monotonic() < deadline_s, "it did not happen"
        time.sleep(0.02)
    return found
