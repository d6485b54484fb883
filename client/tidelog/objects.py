"""Reading series whose points are no numbers: texts, histograms and files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tidelog.errors import NotFoundError
from tidelog.paths import quoted
from tidelog.values import STEP_SCALE

if TYPE_CHECKING:
    from tidelog.transport import Transport

PAGE_POINTS = 1_000


def stored_objects(
    server: Transport, run: str, path: str, start: float | None = None, stop: float | None = None
) -> Iterator[tuple[int, int, Any]]:
    """Yield step (in millionths), time (in ms) and value of each point, ascending by step; nothing of no series.

    A value is a text, a dict of edges and counts, or a reference to a file.
    """
    bounds = {name: bound for name, bound in (("start", start), ("stop", stop)) if bound is not None}
    after: int | None = None
    while True:
        wanted = {"path": path, "limit": PAGE_POINTS, **bounds, **({} if after is None else {"after": after})}
        try:
            page = server.get(f"/runs/{quoted(run)}/objects", wanted)
        except NotFoundError:
            return
        for step, time, value in zip(page["steps"], page["times"], page["values"], strict=True):
            yield round(step * STEP_SCALE), round(time * 1000), value
        after = page["next"]
        if after is None:
            return
