"""Reading series whose points are no numbers: texts, histograms and files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tidelog.errors import NotFoundError
from tidelog.paths import quoted
from tidelog.values.histograms import Histogram

if TYPE_CHECKING:
    from tidelog.shipping.transport import Transport

PAGE_POINTS = 1_000


def stored_objects(
    server: Transport, run: str, path: str, start: float | None = None, stop: float | None = None, *,
    abandoned_by: int = 0, own: bool = False,
) -> Iterator[tuple[int, int, Any]]:  # fmt: skip
    """Yield step (in millionths), time (in ms) and value of each point, ascending by step; nothing of no series.

    A value is a text, a dict of edges and counts, or a reference to a file. `abandoned_by` asks for what that attempt
    left behind of the series; with `own` a fork's history, which it inherits, is left out.
    """
    which = {"start": start, "stop": stop, "abandoned_by": abandoned_by or None, "own": "true" if own else None}
    given = {name: value for name, value in which.items() if value is not None}
    wanted: dict[str, Any] = {"path": path, "limit": PAGE_POINTS, "exact": "true", **given}
    while True:
        try:
            page = server.get(f"/runs/{quoted(run)}/objects", wanted)
        except NotFoundError:
            return
        yield from zip(page["steps"], page["times"], page["values"], strict=True)
        if page["next"] is None:
            return
        wanted["after"] = page["next"]


def object_value(kind: str | None, value: Any) -> Any:
    """Return a point's value as a program gets it: a str, a `Histogram`, or what is said of a file."""
    if kind == "histogram_series":
        return Histogram(edges=value["edges"], counts=value["counts"])
    return value
