"""Every page passes axe-core's checks of WCAG 2.1, levels A and AA, on a wide light screen and on a narrow dark one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Site
from tests.everything import Logged

Theme = Literal["light", "dark"]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations"]}
SCREENS = pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
PAGES = (
    "/projects/mnist",
    "/projects/mnist?q=params/lr >",
    "/projects/mnist/runs/{run}/data?path=val/loss",
    "/projects/full/runs/{full}?tab=console",
    "/projects/full/runs/{full}?tab=console&search=loss",
    "/projects/full/runs/{full}?tab=monitoring",
    "/search?q=cnn",
    "/nothing-here",
)


@pytest.fixture(params=["light", "dark"])
def themed(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page in each theme."""
    context = browser.new_context(color_scheme=request.param)
    yield context.new_page()
    context.close()


def violations(page: Page) -> list[str]:
    """What axe-core finds: the rule, and the elements that break it."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{rule['id']}: {[node['html'][:160] for node in rule['nodes'][:4]]}" for rule in found]


def overflow(page: Page) -> list[str]:
    """The page, if it is wider than the window."""
    wide = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
    return [f"{wide} px wider than the window"] if wide > 0 else []


def look_through(browser: Browser, addresses: Iterable[str], theme: Theme, width: int) -> list[str]:
    """What is wrong with these pages, in a window of a theme and a width."""
    context = browser.new_context(color_scheme=theme, viewport={"width": width, "height": 900})
    page = context.new_page()
    faults = []
    for address in addresses:
        page.goto(address, wait_until="networkidle")
        faults += [f"{address}: {fault}" for fault in (*violations(page), *overflow(page))]
    context.close()
    return faults


@SCREENS
def test_a_page_has_no_violation(browser: Browser, site: Site, full_run: str, theme: Theme, width: int) -> None:
    """With many rows on it, with a mistake on it, or with what is not there; none is wider than the window."""
    addresses = [site.url + path.format(run=site.labels[0], full=full_run) for path in PAGES]
    faults = look_through(browser, addresses, theme, width)
    assert not faults, "\n".join(faults)


@SCREENS
def test_a_full_page_has_no_violation(
    browser: Browser, site: Site, everything: Logged, theme: Theme, width: int
) -> None:
    """Every page and tab with one of everything on it."""
    faults = look_through(browser, [site.url + address for address in everything.pages()], theme, width)
    assert not faults, "\n".join(faults)


def test_the_palette_has_no_violation(themed: Page, site: Site) -> None:
    """While it is open, with results in it."""
    themed.goto(site.url)
    themed.keyboard.press("Control+k")
    themed.keyboard.type("cnn")
    themed.locator(".palette-group").first.wait_for()
    assert violations(themed) == []


def test_the_check_finds_what_is_wrong(themed: Page) -> None:
    """A page with faults does not pass it."""
    themed.set_content(
        "<html><body><img src='x.png'><p style='color:#aaa;background:#fff;width:3000px'>faint</p></body></html>"
    )
    assert {found.split(":")[0] for found in violations(themed)} >= {"color-contrast", "image-alt", "html-has-lang"}
    assert overflow(themed) != []


def test_on_paper_is_what_was_read(browser: Browser, site: Site, everything: Logged) -> None:
    """Printed, every page is dark on light and without what only a screen can use."""
    context = browser.new_context(color_scheme="dark", viewport={"width": 794, "height": 1123})
    page = context.new_page()
    page.emulate_media(media="print")
    faults = []
    for address in everything.pages():
        page.goto(site.url + address, wait_until="load")
        shown = page.locator(
            ".topbar:visible, .menu:visible, dialog:visible, .run-controls:visible, .comment-form:visible"
        ).count()
        paper, ink = page.evaluate(
            "(({backgroundColor, color}) => [backgroundColor, color])(getComputedStyle(document.body))"
        )
        is_dark_on_light = paper == "rgba(0, 0, 0, 0)" and max(map(int, re.findall(r"\d+", ink))) < 100
        if shown or not is_dark_on_light:
            faults.append((address, shown, paper, ink))
    context.close()
    assert faults == []
