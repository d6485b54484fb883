"""Elements that stand on most pages, as HTML: a path, a moment, the state of a run, the colour of a line, a choice."""

from __future__ import annotations

from functools import cache

from markupsafe import Markup

from tidelog_server.pages.colours import RunColour, colour_of
from tidelog_server.pages.filters import ago, iso, moment, path_head, path_tail


def path_element(path: str) -> Markup:
    """A path whose last part stays readable where there is no room for all of it."""
    head = Markup('<span class="path-head">{}</span>').format(path_head(path)) if path_head(path) else ""
    return Markup('<span class="path">{}<span class="path-tail">{}</span></span>').format(head, path_tail(path))


def time_element(at_ms: int, now_ms: int) -> Markup:
    """A moment as `3 h ago`, with all of it for who points at it and for programs."""
    shown = '<time datetime="{}" title="{}">{}</time>'
    return Markup(shown).format(iso(at_ms), moment(at_ms), ago(at_ms, now_ms))


def state_element(state: str, text: str = "") -> Markup:
    """The state of a run: a dot, and its name or another text."""
    shown = '<span class="state state-{}"><span class="state-dot"></span>{}</span>'
    return Markup(shown).format(state, text or state)


def swatch_element(number: int) -> Markup:
    """The line of the run with this number within its project, as charts draw it."""
    return _swatch(colour_of(number))


def choice_element(text: str) -> Markup:
    """One of several words that stand in a row: as wide as it is once chosen, so that no other moves then."""
    return Markup('<span class="choice-word" data-text="{}">{}</span>').format(text, text)


@cache
def _swatch(colour: RunColour) -> Markup:
    dashes = f' stroke-dasharray="{colour.dash_array}"' if colour.dash_array else ""
    return Markup(
        f'<svg class="swatch run-colour-{colour.colour}" viewBox="0 0 18 10" width="18" height="10" aria-hidden="true" '
        f'focusable="false"><path d="M1 5h16" stroke="currentColor" stroke-width="3" fill="none"{dashes}/></svg>'
    )


ELEMENTS = {
    "choice": choice_element,
    "path": path_element,
    "state": state_element,
    "swatch": swatch_element,
    "when": time_element,
}
