"""What a dashboard or a report holds: which runs, and the widgets over them, as JSON of a known form.

Whatever comes in, from a form or as JSON, is checked here; what was stored is read by the same rules, so that nothing
that the pages draw is a surprise to them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tidelog_server.errors import InvalidRequestError, NotFoundError
from tidelog_server.query.parser import parse, parse_subject

FORMAT = 1
COLUMNS = 12  # of the grid
MAX_HEIGHT = 20
MAX_ROW = 1_000
MAX_WIDGETS = 60
MAX_RUNS = 100
TITLE_CHARACTERS = 200
TEXT_CHARACTERS = 100_000
LIST_ITEMS = 40
GLOB_CHARACTERS = 2_000

# What each kind of widget is told beside its title: the name of the option, and how it is read.
OPTIONS: dict[str, dict[str, str]] = {
    "charts": {"metrics": "globs"},
    "value": {"subject": "subject", "over": "over"},
    "table": {"columns": "subjects", "rows": "rows"},
    "scatter": {"x": "subject", "y": "subject"},
    "parallel": {"columns": "subjects"},
    "images": {"path": "path", "rows": "rows"},
    "text": {"markdown": "text"},
}
OVER = ("newest", "min", "max", "mean")  # how one value is made of those of all runs
START_SIZES = {
    "charts": (6, 5),
    "value": (3, 2),
    "table": (6, 5),
    "scatter": (6, 5),
    "parallel": (12, 5),
    "images": (6, 5),
    "text": (4, 3),
}


@dataclass(frozen=True)
class Place:
    """Where a widget stands: columns and rows from 0, and how many of them it takes."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Widget:
    """One widget. `options` are those of its kind; see `OPTIONS`."""

    id: str
    kind: str
    title: str
    place: Place
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Selection:
    """Which runs: those that a query finds, the first `limit` in an order, or those named by label."""

    query: str = ""
    sort: str = "sys/creation_time"
    descending: bool = True
    limit: int = 10
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Content:
    """All that a dashboard holds but its name."""

    selection: Selection = field(default_factory=Selection)
    widgets: tuple[Widget, ...] = ()

    def widget(self, widget_id: str) -> Widget:
        """The widget of this id; raises `NotFoundError`."""
        for widget in self.widgets:
            if widget.id == widget_id:
                return widget
        raise NotFoundError("This widget is not there any more: somebody has removed it in the meantime.")

    def with_widget(self, changed: Widget) -> Content:
        """The content with this widget in the place of the one of the same id, or behind all others."""
        if all(widget.id != changed.id for widget in self.widgets):
            return replace(self, widgets=(*self.widgets, changed))
        return replace(self, widgets=tuple(changed if one.id == changed.id else one for one in self.widgets))

    def without(self, widget_id: str) -> Content:
        """The content without this widget."""
        return replace(self, widgets=tuple(one for one in self.widgets if one.id != widget_id))

    def moved(self, widget_id: str, by: int) -> Content:
        """The content with this widget earlier (-1) or later (1) among the others."""
        order = list(self.widgets)
        at = order.index(self.widget(widget_id))
        to = min(max(at + by, 0), len(order) - 1)
        order.insert(to, order.pop(at))
        return replace(self, widgets=tuple(order))

    def next_id(self) -> str:
        """An id that no widget has."""
        return str(1 + max((int(widget.id) for widget in self.widgets), default=0))

    def free_place(self, kind: str) -> Place:
        """Room for one more widget of this kind: below all others."""
        width, height = START_SIZES[kind]
        bottom = max((one.place.y + one.place.height for one in self.widgets), default=0)
        return Place(0, min(bottom, MAX_ROW), width, height)


def as_json(content: Content) -> str:
    """The content as it is stored, and as the API gives it."""
    return json.dumps({"format": FORMAT, **asdict(content)}, ensure_ascii=False)


def content_from(text: str | bytes) -> Content:
    """Read and check a content; raises `InvalidRequestError` with what is wrong."""
    try:
        return _content(json.loads(text))
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidRequestError(f"This is not the content of a dashboard ({error}). Nothing was stored.") from error


def widget_of(widget_id: str, kind: str, title: str, place: Place, options: Mapping[str, Any]) -> Widget:
    """A widget whose options are checked, and complete."""
    if kind not in OPTIONS:
        raise InvalidRequestError(f"There is no widget of the kind {kind[:40]!r}; there are {', '.join(OPTIONS)}.")
    if unknown := set(options) - set(OPTIONS[kind]):
        raise InvalidRequestError(f"A {kind} widget has no option {sorted(unknown)[0][:40]!r}.")
    read = {name: _READERS[how](name, options.get(name)) for name, how in OPTIONS[kind].items()}
    return Widget(widget_id, kind, _text("title", title, TITLE_CHARACTERS), _place(place), read)


def selection_of(query: str, sort: str, *, descending: bool, limit: object, labels: Sequence[str] = ()) -> Selection:
    """A selection that is checked."""
    parse(query)
    sort = sort.strip() or Selection.sort
    parse_subject(sort)
    count = _whole("limit", limit, 1, MAX_RUNS)
    if len(labels) > MAX_RUNS:
        raise InvalidRequestError(f"A dashboard is about up to {MAX_RUNS} runs, not {len(labels)}.")
    return Selection(query, sort, descending, count, tuple(_text("label", label, 100) for label in labels))


def _content(record: Mapping[str, Any]) -> Content:
    if record.get("format", FORMAT) != FORMAT:
        raise InvalidRequestError("This dashboard was made by a newer tidelog; update this server to read it.")
    chosen = record.get("selection", {})
    selection = selection_of(
        chosen.get("query", ""),
        chosen.get("sort", ""),
        descending=bool(chosen.get("descending", True)),
        limit=chosen.get("limit", Selection.limit),
        labels=chosen.get("labels", ()),
    )
    widgets = tuple(_widget(item) for item in record.get("widgets", ()))
    if len(widgets) > MAX_WIDGETS:
        raise InvalidRequestError(f"A dashboard holds up to {MAX_WIDGETS} widgets, not {len(widgets)}.")
    if len({widget.id for widget in widgets}) < len(widgets):
        raise InvalidRequestError("Two widgets have the same id.")
    return Content(selection, widgets)


def _widget(item: Mapping[str, Any]) -> Widget:
    place = item.get("place") or {}
    number = _whole("id", item["id"], 1, 10**9)
    spot = Place(*(place.get(name, default) for name, default in (("x", 0), ("y", 0), ("width", 6), ("height", 5))))
    return widget_of(str(number), str(item["kind"]), item.get("title", ""), spot, item.get("options") or {})


def _place(place: Place) -> Place:
    width = _whole("width", place.width, 1, COLUMNS)
    x = _whole("x", place.x, 0, COLUMNS - 1)
    return Place(
        min(x, COLUMNS - width), _whole("y", place.y, 0, MAX_ROW), width, _whole("height", place.height, 1, MAX_HEIGHT)
    )


def _whole(name: str, value: object, least: int, greatest: int) -> int:
    try:
        number = int(value)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        number = least - 1
    if not least <= number <= greatest:
        raise InvalidRequestError(f"{name} is a whole number from {least} to {greatest}, not {str(value)[:40]!r}.")
    return int(number)


def _text(name: str, value: object, characters: int) -> str:
    text = value if isinstance(value, str) else ""
    if len(text) > characters:
        raise InvalidRequestError(f"{name} has {len(text):,} characters; up to {characters:,} are kept.")
    return text.replace("\x00", "")


def _items(value: object) -> list[str]:
    """The lines of a text field, or the texts of a list."""
    items = value.splitlines() if isinstance(value, str) else value if isinstance(value, (list, tuple)) else []
    return [item.strip() for item in items if isinstance(item, str) and item.strip()]


def _globs(name: str, value: object) -> tuple[str, ...]:
    globs = _items(value)
    if sum(map(len, globs)) > GLOB_CHARACTERS or len(globs) > LIST_ITEMS:
        raise InvalidRequestError(f"{name}: up to {LIST_ITEMS} patterns of {GLOB_CHARACTERS:,} characters in all.")
    return tuple(globs)


def _subjects(name: str, value: object) -> tuple[str, ...]:
    subjects = _items(value)
    if len(subjects) > LIST_ITEMS:
        raise InvalidRequestError(f"{name}: up to {LIST_ITEMS} attributes, not {len(subjects)}.")
    for subject in subjects:
        parse_subject(subject)
    return tuple(subjects)


def _subject(name: str, value: object) -> str:
    subject = _text(name, value, 1_100).strip()
    if subject:
        parse_subject(subject)
    return subject


def _over(_name: str, value: object) -> str:
    return value if isinstance(value, str) and value in OVER else OVER[0]


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "globs": _globs,
    "subjects": _subjects,
    "subject": _subject,
    "over": _over,
    "rows": lambda name, value: _whole(name, value or 10, 1, MAX_RUNS),
    "path": lambda name, value: _text(name, value, 1_024).strip().strip("/"),
    "text": lambda name, value: _text(name, value, TEXT_CHARACTERS),
}
