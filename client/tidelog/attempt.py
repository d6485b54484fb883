"""What is known of one attempt of a run."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Attempt(NamedTuple):
    """One attempt: number 0 began the run, each further one resumed it.

    `ended` is None while it runs. `first_step` is the least step that it began a series at, None for attempt 0;
    `abandoned` counts the points of earlier attempts that it left behind.
    """

    number: int
    hosts: list[str]
    started: datetime
    ended: datetime | None
    first_step: float | None
    abandoned: int
