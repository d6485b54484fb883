"""The widgets of dashboards and reports, each worked out to what its partial draws.

Every widget is drawn by the server. One that cannot be drawn says why in its place, and leaves the others alone.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from tidelog_server.blobs.store import MissingBytesError
from tidelog_server.dashboards.content import Selection, Widget
from tidelog_server.dashboards.selection import metrics_of, selected_table
from tidelog_server.dashboards.store import Frozen
from tidelog_server.errors import FileNotHereError, TidelogServerError
from tidelog_server.files.media_types import extension_of, media_type_of
from tidelog_server.files.reading import files_at
from tidelog_server.pages.chart_sections import ChartPlace, place_of
from tidelog_server.pages.markdown import markdown
from tidelog_server.pages.plots import Size, parallel_of, scatter_of
from tidelog_server.pages.run.files import ShownFile, shown_file
from tidelog_server.pages.sketch import Sketch, Source, sketch_of
from tidelog_server.runs.runs import Run
from tidelog_server.series.charts import Wanted, Window, curves
from tidelog_server.series.lookup import find_series
from tidelog_server.services import Services

MAX_CHARTS = 24  # of one widget
EMBEDDED_BYTES = 4 * 1024 * 1024  # of an image in a file that needs no server
SKETCH_BUCKETS = 220
COLUMN_PX, ROW_PX, HEAD_PX = 112, 74, 70


@dataclass(frozen=True)
class Surroundings:
    """What a widget is drawn from."""

    connection: sa.Connection
    services: Services
    project_id: int
    project: str
    selection: Selection
    runs: Sequence[Run]


@dataclass(frozen=True)
class WidgetView:
    """A widget as its partial draws it. `body` depends on the kind; it is None where `problem` says why."""

    widget: Widget
    title: str
    body: Any = None
    problem: str = ""
    frozen: Frozen | None = None


@dataclass(frozen=True)
class ChartsBody:
    """The charts of a widget, either as places that the browser fills or as pictures."""

    places: tuple[ChartPlace, ...]
    sketches: tuple[Sketch, ...]
    more: int


@dataclass(frozen=True)
class ValueBody:
    """One figure, and how it came about."""

    value: object
    told: str


@dataclass(frozen=True)
class ImagesBody:
    """The newest file of a series or of an attribute in each run. `embedded` are images as `data:` addresses."""

    files: tuple[tuple[Run, ShownFile, str], ...]
    missing: int


@dataclass(frozen=True)
class TableBody:
    """Some values of some runs."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Run, tuple[object, ...]], ...]
    total: int


def view_of(widget: Widget, around: Surroundings, *, as_picture: bool) -> WidgetView:
    """The widget worked out. `as_picture` draws charts too, for places where no script will."""
    view = WidgetView(widget, widget.title or _title_of(widget))
    try:
        return replace(view, body=_BODIES[widget.kind](widget, around, as_picture))
    except TidelogServerError as error:
        return replace(view, problem=error.message)


def _title_of(widget: Widget) -> str:
    options = widget.options
    if widget.kind == "scatter":
        return f"{options['y']} over {options['x']}" if options["x"] and options["y"] else ""
    if widget.kind == "value":
        return str(options["subject"])
    return ""


def _charts(widget: Widget, around: Surroundings, as_picture: bool) -> ChartsBody:
    ids = [run.id for run in around.runs]
    found = metrics_of(around.connection, ids, widget.options["metrics"]) if ids else []
    shown = found[:MAX_CHARTS]
    if as_picture:
        return ChartsBody((), _sketches(around, shown), len(found) - len(shown))
    labels = [run.label for run in around.runs]
    places = tuple(place_of(path, "", around.project, labels, f"{widget.id}-") for path in shown)
    return ChartsBody(places, (), len(found) - len(shown))


def _sketches(around: Surroundings, shown: Sequence[str]) -> tuple[Sketch, ...]:
    pairs = [(run, path) for path in shown for run in around.runs]
    found = find_series(
        around.connection, around.services.tails, around.project_id, [(run.id, path) for run, path in pairs]
    )
    drawn = [(run, path, item) for (run, path), item in zip(pairs, found, strict=True) if item is not None]
    results = curves(
        around.connection,
        [Wanted(item.head, item.tail, Window(), item.inherited) for _, _, item in drawn],
        SKETCH_BUCKETS,
    )
    by_path: dict[str, list[Any]] = {path: [] for path in shown}
    for (run, path, _), curve in zip(drawn, results, strict=True):
        by_path[path].append((Source(run.number, run.label), curve))
    return tuple(sketch_of(path, curves_of_path) for path, curves_of_path in by_path.items())


def _value(widget: Widget, around: Surroundings, _as_picture: bool) -> ValueBody:
    subject, over = widget.options["subject"], widget.options["over"]
    if not subject:
        return ValueBody(None, "Name an attribute to show.")
    values = [(run, values[0]) for run, values in _values(around, [subject])]
    present = [(run, value) for run, value in values if value is not None]
    if not present:
        return ValueBody(None, f"None of {len(values)} runs has it.")
    if over == "newest":
        run, value = max(present, key=lambda item: item[0].created_ms)
        return ValueBody(value, f"{run.label}, the newest of {len(present)}")
    numbers = [(float(value), run) for run, value in present if isinstance(value, (int, float))]
    if not numbers:
        return ValueBody(None, "Its values are no numbers.")
    if over == "mean":
        mean = sum(value for value, _ in numbers) / len(numbers)
        return ValueBody(mean, f"mean of {len(numbers)} runs")
    value, run = (min if over == "min" else max)(numbers, key=lambda item: item[0])
    return ValueBody(value, f"{over} of {len(numbers)} runs, {run.label}")


def _table(widget: Widget, around: Surroundings, _as_picture: bool) -> TableBody:
    columns = widget.options["columns"]
    rows = _values(around, columns)[: widget.options["rows"]]
    return TableBody(tuple(columns), tuple((run, tuple(values)) for run, values in rows), len(around.runs))


def _scatter(widget: Widget, around: Surroundings, _as_picture: bool) -> Any:
    x, y = widget.options["x"], widget.options["y"]
    if not x or not y:
        return None
    found = [(run, values[0], values[1]) for run, values in _values(around, [x, y])]
    return scatter_of(x, y, found, _size_of(widget))


def _parallel(widget: Widget, around: Surroundings, _as_picture: bool) -> Any:
    columns = widget.options["columns"]
    if len(columns) < 2:
        return None
    return parallel_of(columns, _values(around, columns), _size_of(widget))


def _images(widget: Widget, around: Surroundings, as_picture: bool) -> ImagesBody | None:
    path = widget.options["path"]
    if not path:
        return None
    found: list[tuple[Run, ShownFile, str]] = []
    for run in around.runs[: widget.options["rows"]]:
        try:
            page = files_at(around.connection, around.services.tails, around.project_id, run.id, path)
        except FileNotHereError:
            continue
        if page.type in ("file", "file_series") and page.files:
            shown = shown_file(run, path, page.files[0])
            found.append((run, shown, _embedded(around, shown) if as_picture else ""))
    return ImagesBody(tuple(found), len(around.runs) - len(found))


def _embedded(around: Surroundings, shown: ShownFile) -> str:
    """The image as an address that holds it; empty for what is no image, not here, or too large."""
    file = shown.file
    if shown.kind != "image" or file.key is None or file.size > EMBEDDED_BYTES:
        return ""
    try:
        data = b"".join(around.services.blobs.read(file.key, 0, file.size))
    except MissingBytesError:
        return ""
    return f"data:{media_type_of(extension_of(file.name) or file.extension)};base64,{b64encode(data).decode()}"


def _text(widget: Widget, _around: Surroundings, _as_picture: bool) -> Any:
    return markdown(widget.options["markdown"])


def _values(around: Surroundings, subjects: Sequence[str]) -> list[tuple[Run, list[object]]]:
    """The values of the selected runs for these subjects, in the order of the runs."""
    table = selected_table(around.connection, around.project_id, around.selection, list(dict.fromkeys(subjects)))
    found = {row.run.id: row for row in table.rows}
    return [
        (run, [found[run.id].values.get(subject) for subject in subjects]) for run in around.runs if run.id in found
    ]


def _size_of(widget: Widget) -> Size:
    """About what a widget measures on a page of usual width, in pixels."""
    return Size.of(COLUMN_PX * widget.place.width, ROW_PX * widget.place.height - HEAD_PX)


_BODIES: dict[str, Callable[[Widget, Surroundings, bool], Any]] = {
    "charts": _charts,
    "value": _value,
    "table": _table,
    "scatter": _scatter,
    "parallel": _parallel,
    "images": _images,
    "text": _text,
}
