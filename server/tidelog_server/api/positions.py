"""Where a page of a list in the order of time begins: behind something that has a time and a number."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

Position = Annotated[str | None, Query(pattern=r"^-?\d{1,18}-\d{1,18}$", description="`next` of the page before")]


def place_of(position: str | None) -> tuple[int, int] | None:
    """The time in milliseconds and the number that a position stands for."""
    if position is None:
        return None
    time_ms, _, number = position.rpartition("-")
    return int(time_ms), int(number)


def position_of(time_ms: int, number: int) -> str:
    """The position behind what has this time and this number."""
    return f"{time_ms}-{number}"
