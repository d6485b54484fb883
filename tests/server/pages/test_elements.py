"""Elements that stand on most pages."""

from __future__ import annotations

import pytest

from tidelog_server.pages import elements
from tidelog_server.pages.colours import PALETTE


@pytest.mark.parametrize(
    ("path", "markup"),
    [
        ("a/b<c", '<span class="path-head">a/</span><span class="path-tail">b&lt;c</span>'),
        ("loss", '<span class="path-tail">loss</span>'),
    ],
)
def test_a_path_keeps_its_last_part_apart(path: str, markup: str) -> None:
    """What leads to it may give way; both are escaped."""
    assert elements.path_element(path) == f'<span class="path">{markup}</span>'


def test_a_moment_is_told_twice() -> None:
    """How long ago, and when."""
    markup = elements.time_element(1_700_000_000_000, 1_700_000_060_000)
    assert markup.startswith('<time datetime="2023-11-14T22:13:20.000Z" title="2023-11-14 22:13:20 UTC">')
    assert markup.endswith("ago</time>")


def test_a_swatch_is_dashed_where_colours_come_again() -> None:
    """The line looks as it does in charts."""
    first, again = elements.swatch_element(1), elements.swatch_element(1 + len(PALETTE))
    assert all("run-colour-0" in swatch for swatch in (first, again))
    assert ("dasharray" in first, 'stroke-dasharray="6 3"' in again) == (False, True)


def test_a_choice_has_room_for_its_bold_word() -> None:
    """The style sheet draws it unseen from what stands beside it, escaped."""
    assert elements.choice_element("a<b") == '<span class="choice-word" data-text="a&lt;b">a&lt;b</span>'
