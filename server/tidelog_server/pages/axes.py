"""The axes of a page's charts, as its address says."""

from __future__ import annotations

from dataclasses import dataclass

from tidelog_server.pages.addresses import with_query

X_AXES = {"step": "Step", "relative": "Relative", "time": "Time"}
Y_AXES = {"linear": "Linear", "log": "Log"}
DEFAULTS = {"x": "step", "y": "linear"}


@dataclass(frozen=True)
class Choice:
    """One of several ways to look at a page, with the address that shows it."""

    value: str
    text: str
    address: str
    is_current: bool


@dataclass(frozen=True)
class Axes:
    """The axes in use, and the choices for each with their addresses."""

    x: str
    y: str
    x_choices: tuple[Choice, ...]
    y_choices: tuple[Choice, ...]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """What an address has to say to get these axes; defaults are not mentioned."""
        return _pairs(self.x, self.y)


def axes_from(x: str, y: str, *, base: str, others: tuple[tuple[str, str], ...] = ()) -> Axes:
    """The axes that an address asks for; an unknown one is the default. `others` are the address's other parts."""
    x = x if x in X_AXES else DEFAULTS["x"]
    y = y if y in Y_AXES else DEFAULTS["y"]
    return Axes(
        x=x,
        y=y,
        x_choices=tuple(
            Choice(value, text, with_query(base, [*others, *_pairs(value, y)]), value == x)
            for value, text in X_AXES.items()
        ),
        y_choices=tuple(
            Choice(value, text, with_query(base, [*others, *_pairs(x, value)]), value == y)
            for value, text in Y_AXES.items()
        ),
    )


def _pairs(x: str, y: str) -> list[tuple[str, str]]:
    return [(name, value) for name, value in (("x", x), ("y", y)) if value != DEFAULTS[name]]
