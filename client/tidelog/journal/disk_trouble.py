"""What is said about a disk that refuses records, and how often."""

from __future__ import annotations

import time

from tidelog.messages import warn

QUIET_S = 60.0  # a disk that goes to and fro is not news each time


class DiskTrouble:
    """Warns when it begins and when it is over. How much was lost in all is said at the end of the run."""

    def __init__(self) -> None:
        self._quiet_until = 0.0
        self._said = False

    def begins(self, where: str, error: OSError) -> None:
        """The disk refused a record."""
        if not self._said and time.monotonic() >= self._quiet_until:
            self._said = True
            self._quiet_until = time.monotonic() + QUIET_S
            warn(
                "the journal in %s cannot be written (%s). The program goes on; what it logs is dropped and counted "
                "until it can be.",
                where,
                error.strerror or error,
            )

    def is_over(self, dropped: int) -> None:
        """The disk took a record again, after so many were dropped."""
        if self._said:
            self._said = False
            warn("the journal can be written again; %s records were dropped meanwhile", f"{dropped:,}")
