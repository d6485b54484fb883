"""What a dashboard holds is checked where it comes in, and read as it was stored."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidelog_server.dashboards.content import (
    COLUMNS,
    OPTIONS,
    Content,
    Place,
    as_json,
    content_from,
    selection_of,
    widget_of,
)
from tidelog_server.errors import InvalidRequestError, QueryError

OPTION_VALUES: dict[str, Any] = {
    "globs": ("train/*",),
    "subjects": ("params/lr", "min(val/loss)"),
    "subject": "min(val/loss)",
    "over": "mean",
    "rows": 7,
    "path": "val/mistakes",
    "text": "# Title\n\x7f <b>",
}


def widget_json(**changes: Any) -> dict[str, Any]:
    """A widget as JSON, right but for `changes`."""
    place = {"x": 0, "y": 0, "width": 6, "height": 4}
    return {"id": 1, "kind": "text", "title": "t", "place": place, "options": {"markdown": "x"}, **changes}


@given(st.lists(st.tuples(st.sampled_from(sorted(OPTIONS)), st.integers(0, 11), st.integers(1, 12)), max_size=8))
def test_content_is_read_as_it_was_written(kinds: list[tuple[str, int, int]]) -> None:
    """Any content survives being stored."""
    content = Content()
    for kind, x, width in kinds:
        options = {name: OPTION_VALUES[how] for name, how in OPTIONS[kind].items()}
        content = content.with_widget(widget_of(content.next_id(), kind, kind, Place(x, 3, width, 2), options))
    assert content_from(as_json(content)) == content
    assert all(widget.place.x + widget.place.width <= COLUMNS for widget in content.widgets)


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {"widgets": 7},
        {"widgets": [widget_json(kind="script")]},
        {"widgets": [widget_json(id="x; }")]},
        {"widgets": [widget_json(id=-1)]},
        {"widgets": [widget_json(), widget_json()]},
        {"widgets": [widget_json(place={"x": "1; } body {", "y": 0, "width": 1, "height": 1})]},
        {"widgets": [widget_json(place={"width": 13})]},
        {"widgets": [widget_json(options={"html": "x"})]},
        {"widgets": [widget_json(title="x" * 300)]},
        {"widgets": [widget_json(id=n) for n in range(1, 100)]},
        {"selection": {"limit": 1_000}},
        {"format": 2},
    ],
)
def test_what_is_wrong_is_refused(wrong: Any) -> None:
    """The answer says what is wrong; nothing odd is ever drawn."""
    with pytest.raises(InvalidRequestError):
        content_from(json.dumps(wrong))


def test_a_wrong_filter_is_refused_at_its_place() -> None:
    """Queries are the query language's, with its errors."""
    with pytest.raises(QueryError) as caught:
        selection_of("params/lr >", "", descending=True, limit=3)
    assert caught.value.position >= 10


def test_widgets_change_places() -> None:
    """One that is moved past an end stays there."""
    content = Content()
    for _ in range(3):
        widget = widget_of(content.next_id(), "text", "", content.free_place("text"), {"markdown": ""})
        content = content.with_widget(widget)
    assert [widget.id for widget in content.moved("3", -1).moved("3", -1).moved("3", -1).widgets] == ["3", "1", "2"]
    assert [widget.place.y for widget in content.widgets] == [0, 3, 6]
    assert [widget.id for widget in content.without("2").widgets] == ["1", "3"]
