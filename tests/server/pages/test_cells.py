"""Cells of the runs table as HTML."""

from __future__ import annotations

import pytest

from tidelog_server.pages.table.columns import Cell, cell_markup


def test_what_was_logged_is_text_in_a_cell_and_in_its_title() -> None:
    """Markup in a value stays text in both places."""
    hostile = '"><script>alert(1)</script>' + "x" * 400
    html = cell_markup(Cell(hostile, "text"))
    assert "<script" not in html
    assert '""' not in html
    assert html.count("&#34;&gt;&lt;script&gt;") == 2


@pytest.mark.parametrize(
    ("cell", "html"),
    [
        (Cell(0.25, "number"), '<td class="number">0.25</td>'),
        (Cell(1 / 3, "number"), '<td class="number" title="0.3333333333333333">0.33333</td>'),
        (Cell(None, "text"), '<td class="text">\u2013</td>'),
        (Cell(None, "text", edited="description"), '<td class="text" data-edits="description">\u2013</td>'),
        (Cell(2, "number", heat=3, is_pinned=True), '<td class="number is-pinned heat-3">2</td>'),
    ],
)
def test_a_cell_has_a_title_only_where_more_is_to_be_said(cell: Cell, html: str) -> None:
    """Thousands of cells make a page: what repeats the text is left out."""
    assert cell_markup(cell) == html
