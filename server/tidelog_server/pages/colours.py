"""The colour of a run: the same on every page, in every chart, in both themes.

The colour follows from the run's number, so that runs that were started one after another, which are the ones that get
compared, never share one. After `len(PALETTE)` runs the colours come again with another dash pattern: a line is told
apart by more than its colour. The style sheet holds the palette as `.run-colour-N`; a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass

# Picked in OKLCH at nearly one lightness: each has a contrast of 3:1 or more (WCAG 1.4.11) on the light and the dark
# surface.
PALETTE = (
    "#088cb9",
    "#ea5202",
    "#059a46",
    "#cf48ab",
    "#b88a06",
    "#735fe9",
    "#06a1a1",
    "#dd3858",
    "#789e00",
    "#b161e5",
    "#a65c03",
    "#3692fe",
    "#088871",
    "#f45693",
    "#867d04",
    "#6887ff",
)
DASHES = ("", "6 3", "2 2", "8 3 2 3")


@dataclass(frozen=True)
class RunColour:
    """How the lines of a run are drawn: a place in the palette and a place in the dash patterns."""

    colour: int
    dash: int

    @property
    def hex(self) -> str:
        """The colour for pictures that no style sheet reaches."""
        return PALETTE[self.colour]

    @property
    def dash_array(self) -> str:
        """The dash pattern as SVG and canvas take it; empty for a solid line."""
        return DASHES[self.dash]


def colour_of(number: int) -> RunColour:
    """The colour of the run with this number within its project (the 3 in MNIST-3)."""
    turn, colour = divmod(max(number, 1) - 1, len(PALETTE))
    return RunColour(colour=colour, dash=turn % len(DASHES))
