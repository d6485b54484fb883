"""Pages look as they did: each is compared with the picture that is kept of it.

After a change that is meant, look at the new pictures in test-results/screens and keep them:
`TIDELOG_KEEP_SCREENS=1 make test ARGS=tests/browser/test_screens.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Site
from tests.browser.pictures import KEPT, MAX_BYTES, NEW, Maker, difference, kept_picture, picture_of, save
from tests.conftest import ServerProcess, free_port

KEEPS = "TIDELOG_KEEP_SCREENS" in os.environ
RUNS = "&".join(f"run=LOOKS-{number}" for number in range(1, 7))


@dataclass(frozen=True)
class Screen:
    """A page in a window of a theme and a size. `waits_for` is there once it is drawn."""

    name: str
    address: str
    waits_for: str
    width: int
    height: int
    theme: Literal["light", "dark"] = "light"


SCREENS = (
    Screen("projects", "/", ".project-card", 900, 420),
    Screen("runs", "/projects/looks", "[data-row], .run-row", 1200, 480),
    Screen("runs-narrow-dark", "/projects/looks", "[data-row], .run-row", 390, 600, "dark"),
    Screen("overview-dark", "/projects/looks/runs/LOOKS-1?tab=overview", ".overview", 1024, 640, "dark"),
    Screen("attributes-narrow", "/projects/looks/runs/LOOKS-1?tab=attributes", ".attributes", 390, 700),
    Screen("parameters", f"/projects/looks/compare?{RUNS}&tab=parameters", ".difference-table", 1100, 520),
    Screen("relations", f"/projects/looks/compare?{RUNS}&tab=relations", ".brush-zone", 1100, 800),
    Screen("problem-dark", "/projects/looks/runs/NONE-1", ".problem", 700, 360, "dark"),
)


@pytest.fixture(scope="module")
def gallery(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server whose runs are the same every time."""
    folder = tmp_path_factory.mktemp("gallery")
    server = ServerProcess(folder / "data", free_port())
    server.start()
    site = Site(server.url, folder)
    for number in range(1, 7):
        log_run(site, number)
    yield site
    server.stop()


def log_run(site: Site, number: int) -> None:
    """A run of a small sweep."""
    options = {"project": "looks", "name": f"resnet {number}", "custom_run_id": f"run-{number}"}
    with site.log(**options, tags=["sweep", f"fold-{number % 3}"], description="A run to look at.") as run:
        run["params"] = {"lr": 0.1 / number, "optimizer": "adam" if number % 2 else "sgd", "depth": 18, "width": number}
        run["params/augment/flip"] = number % 2 == 0
        run["val/loss"].extend([number / (step + 1) for step in range(30)])
        run["val/accuracy"].extend([1 - number / (step + 10) for step in range(30)])


@pytest.fixture
def maker(browser: Browser, gallery: Site) -> Maker:
    """What draws here; a machine that draws otherwise than where the pictures were made compares nothing."""
    page = browser.new_page()
    page.goto(gallery.url)
    here = Maker.here(browser, page)
    page.close()
    if not KEEPS and here != Maker.of_kept():
        pytest.skip(f"Letters are drawn by {here}; the pictures that are kept were made with {Maker.of_kept()}.")
    return here


@pytest.fixture
def shown(browser: Browser, gallery: Site, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page of a screen, drawn."""
    screen: Screen = request.param
    context = browser.new_context(
        base_url=gallery.url,
        viewport={"width": screen.width, "height": screen.height},
        color_scheme=screen.theme,
        reduced_motion="reduce",
        timezone_id="UTC",
        locale="en-GB",
    )
    page = context.new_page()
    page.goto(screen.address, wait_until="networkidle")
    page.locator(screen.waits_for).first.wait_for()
    yield page
    context.close()


@pytest.mark.parametrize(
    ("screen", "shown"), [(screen, screen) for screen in SCREENS], indirect=["shown"], ids=[one.name for one in SCREENS]
)
def test_a_page_looks_as_it_did(screen: Screen, shown: Page, maker: Maker) -> None:
    """In its place, size and colours; the new picture of one that does not is written down."""
    picture = picture_of(shown)
    kept = KEPT / f"{screen.name}.png"
    if KEEPS:
        save(picture, kept)
        maker.keep()
    found = difference(picture, kept_picture(kept)) if kept.exists() else "there is no picture of it yet"
    if found:
        new = NEW / kept.name
        save(picture, new)
        pytest.fail(
            f"{screen.address} does not look as in {kept}: {found}. Look at {new}. If it is as it should be, keep it: "
            "TIDELOG_KEEP_SCREENS=1 make test ARGS=tests/browser/test_screens.py"
        )


def test_pictures_are_small() -> None:
    """They are in the repository for good."""
    kept = {path.stem: path.stat().st_size for path in KEPT.glob("*.png")}
    assert set(kept) == {screen.name for screen in SCREENS}
    assert max(kept.values()) <= MAX_BYTES


@pytest.mark.parametrize(
    ("address", "change"),
    [
        ("/", ".project-card { padding: 20px }"),
        ("/projects/looks", ".button { border-radius: 0; translate: 2px 2px }"),
        ("/projects/looks", ":root { --ink-muted: #b9c2c6 }"),
    ],
)
def test_a_change_of_looks_is_seen(browser: Browser, gallery: Site, address: str, change: str) -> None:
    """Of a distance, a place or a colour; the same page twice is the same."""
    context = browser.new_context(viewport={"width": 900, "height": 420}, bypass_csp=True, reduced_motion="reduce")
    page = context.new_page()
    page.goto(gallery.url + address, wait_until="networkidle")
    before = picture_of(page)
    page.reload(wait_until="networkidle")
    again = picture_of(page)
    page.add_style_tag(content=change)
    after = picture_of(page)
    context.close()
    assert difference(before, again) == ""
    assert difference(before, after) != ""


def test_pictures_of_other_sizes_differ() -> None:
    """Before any pixel is looked at."""
    assert difference(Image.new("RGB", (20, 10)), Image.new("RGB", (20, 11))) == "it measures 20 x 10, not 20 x 11"
