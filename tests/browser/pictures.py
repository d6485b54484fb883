"""Pictures of pages that can be compared: what varies from one day or machine to the next stands still in them.

A picture is compared with the one that is kept in `screens/`. Letters look different with other fonts and in other
browsers, so `screens/made_with.json` says what made those that are kept; elsewhere there is nothing to compare.
"""

from __future__ import annotations

import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page

KEPT = Path(__file__).parent / "screens"
MADE_WITH = KEPT / "made_with.json"
NEW = Path(__file__).parents[2] / "test-results" / "screens"
MAX_BYTES = 60_000
CHANNEL = 32  # by how much a colour may differ: pictures are kept in few colours, and edges of letters may vary
COLOURS = 256
MAX_SHARE = 0.0004  # of the pixels that may differ more: a button that moved by its border is more

# Times, durations and sizes are of the moment; who logged is of the machine. What would renew them is stopped first.
HOLD_STILL = r"""
() => {
  for (let timer = setTimeout(() => undefined); timer > 0; timer--) clearTimeout(timer); // intervals too
  document.addEventListener("htmx:beforeSwap", (event) => event.preventDefault(), true);
  const span = /just now|\d[\d.,]* (ms|s|min|h|d)( \d+ (ms|s|min|h))?( ago)?(?![a-z])/;
  const moment = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/, size = /\d[\d.,]* (bytes|[kMG]B)/;
  const varying = new RegExp([span, moment, size].map(({ source }) => source).join("|"), "g");
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { nodeValue } = walker.currentNode;
    const held = nodeValue.replace(varying, "0 s");
    if (held !== nodeValue) walker.currentNode.nodeValue = held;
  }
  for (const name of document.querySelectorAll(".facts dt")) {
    if (name.textContent === "By") name.nextElementSibling.textContent = "somebody";
  }
  document.activeElement?.blur();
}
"""
LETTERS_OF = """
() => ["--font", "--font-mono"].map((name) => {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `600 40px ${getComputedStyle(document.documentElement).getPropertyValue(name)}`;
  return Math.round(pen.measureText("How wide are 0123456789 letters, MNIST-1?").width);
})
"""


@dataclass(frozen=True)
class Maker:
    """What draws letters: the browser, and how wide its fonts are."""

    chromium: str
    letters: list[int]

    @classmethod
    def here(cls, browser: Browser, page: Page) -> Maker:
        """This browser, with the fonts of this machine; `page` has the style sheet."""
        return cls(browser.version.partition(".")[0], page.evaluate(LETTERS_OF))

    @classmethod
    def of_kept(cls) -> Maker:
        """What made the pictures that are kept."""
        return cls(**json.loads(MADE_WITH.read_text()))

    def keep(self) -> None:
        """Say that the pictures that are kept were made here."""
        MADE_WITH.write_text(json.dumps(asdict(self)) + "\n")


def picture_of(page: Page) -> Image.Image:
    """The window as it is, held still."""
    page.evaluate(HOLD_STILL)
    shot = Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide")))
    return shot.convert("RGB")


def kept_picture(path: Path) -> Image.Image:
    """A picture that was saved."""
    with Image.open(path) as picture:
        return picture.convert("RGB")


def save(picture: Image.Image, path: Path) -> None:
    """Write a picture in few colours, none of them far from what it was, as small as it can be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    few = picture.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def difference(one: Image.Image, other: Image.Image) -> str:
    """How two pictures differ, in words; empty if they do not, to the eye."""
    if one.size != other.size:
        return f"it measures {one.size[0]} x {one.size[1]}, not {other.size[0]} x {other.size[1]}"
    pixels, others = (np.asarray(picture.convert("RGB"), dtype=np.int16) for picture in (one, other))
    far = np.abs(pixels - others).max(axis=2) > CHANNEL
    share = float(far.mean())
    if share <= MAX_SHARE:
        return ""
    rows, columns = np.nonzero(far)
    return f"{share:.2%} of its pixels differ, from ({columns.min()}, {rows.min()}) to ({columns.max()}, {rows.max()})"
