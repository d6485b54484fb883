"""Addresses that nobody would type: routes with the parameters that they know, and values that they do not expect."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import quote, urlencode

from fastapi import FastAPI
from fastapi.routing import APIRoute
from hypothesis import strategies as st
from starlette.routing import BaseRoute

from tests.everything import Logged

# What pages read from an address beside the parameters that their functions name.
READ_BY_PAGES = re.compile(r'(?:query|params|query_params|form)\.(?:get|getlist|text)\(\s*"([a-z_0-9]+)"')
LONG = "x" * 10_000
NASTY = (
    "", " ", "0", "-1", "1", "2", "007", "1e3", "1e999", "-1e999", "nan", "NaN", "inf", "-inf", "1.5", "0x10", "٣", "²",
    "9223372036854775807", "9223372036854775808", "-9223372036854775809", "1" + "0" * 400, "1" * 5_000,
    "true", "null", "None", "[]", "{}", "\x00", "a\x00b", "\r\nX: y", "\n", "\ud7ff", "\uffff", "\U0010ffff", "\u202e",
    "..", "../../etc/passwd", "/", "//", "\\", "%", "%s", "%00", "%2e%2e", "'", '"', "`", "``", "`a`", "`", ";", "--",
    "' OR 1=1 --", "<script>", "{{7*7}}", "${7}", "*", "**", "[", "(", "(" * 300, "((a+)+)+$", "!", "a:b", "a:float",
    "`metrics/loss`:float > 0", "sys/id", "sys/creation_time", "last(metrics/loss)", "min(", "metrics/loss",
    "metrics/loss - metrics/accuracy", "metrics/loss /", "eyJhIjoxfQ", "W10", "WzEsMiwzLDRd", "AAAA", "====", LONG,
    "a," * 500, "step", "time", "relative", "log", "ema:0.9", "ema:nan", "gauss:-1", "mean:1e999", "files", "console",
)  # fmt: skip
# Values that lead further into a page than garbage does.
KNOWN = ("monitoring/stdout", "logs/word", "weights/word", "tables/word", "files/word/page", "images/word",
         "params/kind", "sets of files/word", "artifacts/word", "params/lr", "second", "word")  # fmt: skip


class Place(NamedTuple):
    """An address with its parts open, what answers there, and which parameters that reads."""

    path: str
    methods: frozenset[str]
    parameters: tuple[str, ...]


def places_of(app: FastAPI) -> list[Place]:
    """All routes of the API and the pages."""
    return list(_places(app.routes, ""))


def _places(routes: Sequence[BaseRoute], prefix: str) -> Iterator[Place]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield Place(prefix + route.path, frozenset(route.methods), tuple(_parameters(route)))
        elif (inner := getattr(route, "original_router", None)) is not None:
            yield from _places(inner.routes, prefix + route.include_context.prefix)  # type: ignore[attr-defined]


def _parameters(route: APIRoute) -> list[str]:
    """The names that a route reads from a query: of pages also those that their modules take from it themselves."""
    named = [part.alias for part in route.dependant.query_params]
    module = inspect.getmodule(route.endpoint)
    if module is None or not module.__name__.startswith("tidelog_server.pages"):
        return named
    return [*named, *READ_BY_PAGES.findall(inspect.getsource(module)), *PAGE_PARAMETERS]


PAGE_PARAMETERS = (
    "q",
    "sort",
    "column",
    "run",
    "tab",
    "path",
    "x",
    "y",
    "smooth",
    "group",
    "find",
    "step",
    "after",
    "at",
)


def parts_of(logged: Logged) -> dict[str, list[str]]:
    """What there is for each part of a path."""
    return {
        "project": [logged.project],
        "name": [logged.project],
        "label": [*logged.labels, logged.version, logged.model, logged.trashed],
        "dashboard_id": [str(number) for number in logged.dashboards],
        "view_id": ["1"],
        "mark_id": ["1"],
        "writer": ["0123456789abcdef"],
        "number": ["1"],
        "widget_id": ["1"],
        "path": ["nothing/here"],
    }


def addresses(place: Place, logged: Logged) -> st.SearchStrategy[str]:
    """Addresses of one route: its path mostly with what is there, its query with anything."""
    known = parts_of(logged)
    names = re.findall(r"{([a-z_]+)(?::[a-z]+)?}", place.path)
    value = st.one_of(st.sampled_from(NASTY), st.sampled_from((*KNOWN, *logged.labels)), st.text(max_size=20))
    parts = {
        name: st.one_of(st.sampled_from(known.get(name, ["x"])), st.sampled_from(known.get(name, ["x"])), value)
        for name in names
    }
    queried = place.parameters or ("x",)
    pair = st.tuples(st.one_of(st.sampled_from(queried), st.just("unknown")), value)
    drawn = st.tuples(st.fixed_dictionaries(parts), st.lists(pair, max_size=5))
    return drawn.map(lambda both: address_of(place.path, *both))


def address_of(path: str, parts: dict[str, str], pairs: list[tuple[str, str]]) -> str:
    """The address with everything escaped that must be."""
    filled = re.sub(r"{([a-z_]+)(?::[a-z]+)?}", lambda found: quote(parts[found.group(1)], safe=""), path)
    query = urlencode(pairs, errors="replace")
    return f"{filled}?{query}" if query else filled
