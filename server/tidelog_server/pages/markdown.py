"""Markdown that people write, as HTML that cannot do anything: no tags, no scripts, no addresses that run.

Pictures are shown from this server and from the text itself. One from elsewhere becomes a link: to load it would tell
another server who reads the page, and the security policy of pages refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup

_OWN = re.compile(r"/(?!/)|data:image/")
_markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def markdown(text: str) -> Markup:
    """The text rendered. Tags in it are shown as they are written; links that would run a script stay text."""
    return Markup(_markdown.render(text))


def _picture(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    token = tokens[index]
    address = str(token.attrGet("src") or "")
    if _OWN.match(address):
        return renderer.image(tokens, index, options, env)
    return Markup('<a href="{}">{}</a>').format(address, token.content or address)


_markdown.add_render_rule("image", _picture)
