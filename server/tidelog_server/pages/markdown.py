"""Markdown that people write, as HTML that cannot do anything: no tags, no scripts, no addresses that run."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markupsafe import Markup

_markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def markdown(text: str) -> Markup:
    """The text rendered. Tags in it are shown as they are written; links that would run a script stay text."""
    return Markup(_markdown.render(text))
