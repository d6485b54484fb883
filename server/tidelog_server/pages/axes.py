"""The controls over the charts of a page: axes and smoothing in use, and the addresses of the other choices."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tidelog_server.pages.addresses import with_query
from tidelog_server.pages.chart_view import X_AXES, ChartView
from tidelog_server.series.smoothing import KINDS

X_TEXTS = {"step": "Step", "relative": "Relative", "time": "Time"}
Y_AXES = {"linear": "Linear", "log": "Log"}


@dataclass(frozen=True)
class Choice:
    """One of several ways to look at a page, with the address that shows it."""

    value: str
    text: str
    address: str
    is_current: bool


@dataclass(frozen=True)
class Axes:
    """The context of partials/axes.html. `base` and `others` are the parts of the address that its form keeps;
    `can_group` is set where the legend has groups of runs.
    """

    view: ChartView
    base: str
    others: tuple[tuple[str, str], ...]
    x_choices: tuple[Choice, ...]
    y_choices: tuple[Choice, ...]
    smoothings: tuple[Choice, ...]
    expressions: tuple[Choice, ...]
    has_groups: bool = False

    @property
    def x(self) -> str:
        """The x axis."""
        return self.view.x

    @property
    def y(self) -> str:
        """The y axis."""
        return self.view.y

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """What an address has to say to get these axes; defaults are not mentioned."""
        return self.view.pairs


def axes_from(x: str, y: str, *, base: str, others: tuple[tuple[str, str], ...] = ()) -> Axes:
    """The controls of a page whose address says no more than the two axes; an unknown one is the default."""
    view = ChartView(x=X_AXES.get(x, "step"), y=y if y in Y_AXES else "linear")
    return axes_of(view, base=base, others=others)


def axes_of(view: ChartView, *, base: str, others: tuple[tuple[str, str], ...] = (), has_groups: bool = False) -> Axes:
    """The controls for this view. `others` are the address's other parts."""

    def address(changed: ChartView) -> str:
        texts = [("expression", text) for text in changed.expressions]
        return with_query(base, [*others, *changed.pairs, *texts])

    unzoomed = replace(view, start=None, stop=None)
    kinds = {"": "No smoothing", **{name: kind.text for name, kind in KINDS.items()}}
    return Axes(
        view=view,
        base=base,
        others=(*others, *(("expression", text) for text in view.expressions)),
        x_choices=tuple(
            Choice(value, X_TEXTS[value], address(replace(unzoomed, x=value)), value == view.x)
            for value in X_AXES.values()
        ),
        y_choices=tuple(
            Choice(value, text, address(replace(view, y=value)), value == view.y) for value, text in Y_AXES.items()
        ),
        smoothings=tuple(
            Choice(value, text, "", value == (view.smooth.kind if view.smooth else "")) for value, text in kinds.items()
        ),
        expressions=tuple(
            Choice(text, text, address(replace(view, expressions=_without(view.expressions, text))), True)
            for text in view.expressions
        ),
        has_groups=has_groups,
    )


def _without(texts: tuple[str, ...], text: str) -> tuple[str, ...]:
    return tuple(one for one in texts if one != text)
