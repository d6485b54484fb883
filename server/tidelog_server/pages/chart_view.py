"""How the charts of a page are looked at, as its address says. The same names and rules as in frontend/src/view.js."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.datastructures import QueryParams

from tidelog_server.series.drawings import XAxis
from tidelog_server.series.smoothing import KINDS, Smoothing

METRIC = "metric:"
X_AXES: dict[str, XAxis] = {"step": "step", "relative": "relative", "time": "time"}
USUAL_X: XAxis = "step"
USUAL_X_OF_HARDWARE: XAxis = "relative"  # whose steps only count samples
MAX_EXPRESSIONS = 20
MAX_TEXT = 1_000


@dataclass(frozen=True)
class ChartView:
    """The axes, the zoom, smoothing, which sections are open. `x` is `metric` for a metric, which `x_path` names;
    `usual_x` is what it is where an address says nothing.
    """

    x: XAxis = USUAL_X
    usual_x: XAxis = USUAL_X
    x_path: str = ""
    y: str = "linear"
    start: float | None = None
    stop: float | None = None
    smooth: Smoothing | None = None
    ignores_outliers: bool = False
    shows_marks: bool = True
    shows_tails: bool = True
    band: str = "ci"
    expressions: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()
    only: str = ""
    opened: frozenset[str] = frozenset()
    folded: frozenset[str] = frozenset()
    pages: tuple[tuple[str, int], ...] = ()

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """What an address has to say to draw charts like this; defaults are not mentioned."""
        pairs = [("x", self.x_address), ("y", self.y if self.y != "linear" else "")]
        pairs += [("smooth", f"{self.smooth.kind}:{self.smooth.amount:g}" if self.smooth else "")]
        pairs += [("outliers", "ignore" if self.ignores_outliers else "")]
        if self.start is not None and self.stop is not None:
            pairs += [("from", f"{self.start:.15g}"), ("to", f"{self.stop:.15g}")]
        return [(name, value) for name, value in pairs if value]

    @property
    def pairs_over_other_x(self) -> list[tuple[str, str]]:
        """The same, but over the x axis that is usual where the address leads to, and all of it."""
        return [(name, value) for name, value in self.pairs if name not in ("x", "from", "to")]

    @property
    def x_address(self) -> str:
        """The x axis as an address says it; empty for steps where these are usual."""
        return METRIC + self.x_path if self.x == "metric" else "" if self.x == self.usual_x == USUAL_X else self.x

    def page_of(self, section: str) -> int:
        """Which page of a section is shown, from 1."""
        return dict(self.pages).get(section, 1)

    def shows(self, label: str) -> bool:
        """Whether the run or group with this label is drawn."""
        return label == self.only if self.only else label not in self.hidden


def view_from(query: QueryParams, usual_x: XAxis = USUAL_X) -> ChartView:
    """The view that an address asks for. What it says wrongly is left at the default: a link always shows something.

    A form without a script sends a metric as `metric`, and smoothing as `smooth` and `amount`.
    """
    x = METRIC + query["metric"] if query.get("metric") else query.get("x", "")
    is_metric = x.startswith(METRIC) and len(METRIC) < len(x) <= MAX_TEXT
    start, stop = _number(query.get("from", "")), _number(query.get("to", ""))
    is_zoomed = start is not None and stop is not None and start < stop
    smooth = query.get("smooth", "")
    return ChartView(
        x="metric" if is_metric else X_AXES.get(x, usual_x),
        usual_x=usual_x,
        x_path=x[len(METRIC) :] if is_metric else "",
        y="log" if query.get("y") == "log" else "linear",
        start=start if is_zoomed else None,
        stop=stop if is_zoomed else None,
        smooth=_smoothing(smooth if ":" in smooth else f"{smooth}:{query.get('amount', '')}"),
        ignores_outliers=query.get("outliers") == "ignore",
        shows_marks=query.get("marks") != "hide",
        shows_tails=query.get("tails") != "off",
        band="range" if query.get("band") == "range" else "ci",
        expressions=_expressions(query.getlist("expression")),
        hidden=frozenset(query.getlist("hide")),
        only=query.get("only", ""),
        opened=frozenset(query.getlist("open")),
        folded=frozenset(query.getlist("fold")),
        pages=tuple(page for text in query.getlist("page") if (page := _page(text))),
    )


def _expressions(texts: Iterable[str]) -> tuple[str, ...]:
    kept = (text.strip() for text in texts if 0 < len(text.strip()) <= MAX_TEXT)
    return tuple(dict.fromkeys(kept))[:MAX_EXPRESSIONS]


def _smoothing(text: str) -> Smoothing | None:
    kind, _, amount = text.partition(":")
    value = _number(amount)
    if kind not in KINDS:
        return None
    return Smoothing(kind, min(value, KINDS[kind].most) if value and value > 0 else KINDS[kind].usual)


def _page(text: str) -> tuple[str, int] | None:
    number, _, section = text.partition(":")
    return (section, int(number)) if section and number.isascii() and number.isdigit() and len(number) < 7 else None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
