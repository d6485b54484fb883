"""Markdown becomes HTML that loads and runs nothing."""

from __future__ import annotations

import pytest

from tidelog_server.pages.markdown import markdown


@pytest.mark.parametrize(
    "address", ["https://example.org/a.png", "//example.org/a.png", "http:a.png", "picture.png", "/\\example.org/a.png"]
)
def test_a_picture_from_elsewhere_is_a_link(address: str) -> None:
    """Whoever reads a report is not told to another server."""
    html = markdown(f"![a <b>]({address})")
    assert "<img" not in html or 'src="/%5C' in html
    assert "<b>" not in html


@pytest.mark.parametrize("address", ["/api/runs/R-1/files?path=a", "data:image/png;base64,AAAA"])
def test_a_picture_of_our_own_is_shown(address: str) -> None:
    """A file of a run, or a picture in the text."""
    assert f'<img src="{address}" alt="a"' in markdown(f"![a]({address})")


@pytest.mark.parametrize("text", ["<script>x</script>", "[a](javascript:x)", "[a](data:text/html,x)", "<javascript:x>"])
def test_nothing_runs(text: str) -> None:
    """Tags are text, and an address that runs is none."""
    html = markdown(text)
    assert "<script" not in html
    assert "href" not in html
