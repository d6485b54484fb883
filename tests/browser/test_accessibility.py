"""Every page passes axe-core's checks of WCAG 2.1, levels A and AA, in both themes and on a small screen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Site

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations"]}
WIDTHS = (1440, 390)
RUN_TABS = ("overview", "media", "console", "monitoring", "source", "files", "history")
PAGES = (
    "/",
    "/projects/mnist",
    "/projects/mnist?q=params/lr >",
    "/projects/mnist/runs/{run}",
    "/projects/mnist/runs/{run}?tab=attributes",
    "/projects/mnist/runs/{run}?tab=events",
    "/projects/mnist/runs/{run}/data?path=val/loss",
    *(f"/projects/full/runs/{{full}}?tab={tab}" for tab in RUN_TABS),
    "/projects/full/runs/{full}?tab=console&search=loss",
    "/projects/mnist/compare?run={run}&run={other}",
    "/projects/mnist/compare?run={run}&run={other}&tab=parameters&show=all",
    "/projects/mnist/dashboards",
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


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_violation(themed: Page, site: Site, full_run: str, path: str) -> None:
    """On a wide and on a narrow screen."""
    for width in WIDTHS:
        themed.set_viewport_size({"width": width, "height": 900})
        themed.goto(
            site.url + path.format(run=site.labels[0], other=site.labels[1], full=full_run), wait_until="networkidle"
        )
        assert violations(themed) == []


def test_the_palette_has_no_violation(themed: Page, site: Site) -> None:
    """While it is open, with results in it."""
    themed.goto(site.url)
    themed.keyboard.press("Control+k")
    themed.keyboard.type("cnn")
    themed.locator(".palette-group").first.wait_for()
    assert violations(themed) == []


def test_the_check_finds_what_is_wrong(themed: Page) -> None:
    """A page with faults does not pass it."""
    themed.set_content("<html><body><img src='x.png'><p style='color:#aaa;background:#fff'>faint</p></body></html>")
    assert {found.split(":")[0] for found in violations(themed)} >= {"color-contrast", "image-alt", "html-has-lang"}
