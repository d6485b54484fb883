"""What is known of one attempt of a run."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Attempt(NamedTuple):
    """One attempt: number 0 began the run, each further one resumed it.

    `ended` is None while it runs. `first_step` is the least step that it took over from earlier attempts, None if it
    abandoned nothing; `abandoned` counts the points of earlier attempts that it left behind.
    """

    number: int
    hosts: list[str]
    started: datetime
    ended: datetime | None
    first_step: float | None
    abandoned: int
