"""Colours of runs are stable, told apart, and visible in both themes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tidelog_server.pages.colours import DASHES, PALETTE, colour_of

STYLES = Path(__file__).parents[3] / "server" / "frontend" / "src"
SURFACES = re.findall(r"--surface: (#\w+);", (STYLES / "tokens.css").read_text())


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.1 defines it."""
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("colour", PALETTE)
def test_a_line_has_contrast_on_both_themes(colour: str, surface: str) -> None:
    """At least 3:1, as graphics need."""
    darker, lighter = sorted((luminance(colour), luminance(surface)))
    assert (lighter + 0.05) / (darker + 0.05) >= 3


def test_the_style_sheet_has_the_same_palette() -> None:
    """Pictures by the server and lines in the browser agree."""
    assert len(SURFACES) == 2
    found = re.findall(r"\.run-colour-(\d+) \{ color: (#\w+); \}", (STYLES / "colours.css").read_text())
    assert [colour for _, colour in sorted(found, key=lambda pair: int(pair[0]))] == list(PALETTE)


def test_runs_started_one_after_another_look_different() -> None:
    """As many as colours times dash patterns; then they come again."""
    different = len(PALETTE) * len(DASHES)
    assert len({colour_of(number) for number in range(1, different + 1)}) == different
    assert colour_of(1) == colour_of(1 + different)
