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
    server: Transport, run: str, path: str, start: float | None = None, stop: float | None = None
) -> Iterator[tuple[int, int, Any]]:
    """Yield step (in millionths), time (in ms) and value of each point, ascending by step; nothing of no series.

    A value is a text, a dict of edges and counts, or a reference to a file.
    """
    bounds = {name: bound for name, bound in (("start", start), ("stop", stop)) if bound is not None}
    wanted: dict[str, Any] = {"path": path, "limit": PAGE_POINTS, "exact": "true", **bounds}
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
