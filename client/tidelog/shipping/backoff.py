"""How long to wait before a server that failed is asked again."""

from __future__ import annotations

import os

FIRST_S = 0.5
LONGEST_S = 15.0
DOUBLINGS = 5  # after which the longest is reached


class Backoff:
    """Doubles the wait with each failure up to a cap, and spreads it, so that many jobs don't come back at once."""

    def __init__(self) -> None:
        self.failures = 0

    def failed(self, retry_after_s: float | None = None) -> float:
        """Count a failure and return the seconds to wait; never less than the server asked for."""
        longest_s = min(LONGEST_S, FIRST_S * (1 << min(self.failures, DOUBLINGS)))
        self.failures += 1
        spread = 0.5 + os.urandom(1)[0] / 512  # 0.5 to 1; the module random costs an import
        return max(retry_after_s or 0.0, longest_s * spread)

    def succeeded(self) -> None:
        """Begin anew."""
        self.failures = 0
