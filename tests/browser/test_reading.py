"""Pages fit narrow screens, work without a script, in both themes, and for those who do not see them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site, tab

PATHS = (
    "/",
    "/projects/mnist",
    "/projects/mnist?q=(((",
    "/projects/long/runs/{long}",
    "/projects/long/runs/{long}?tab=attributes",
    "/projects/long/runs/{long}?tab=monitoring",
    "/projects/mnist/compare?run=MNIST-1&run=MNIST-2&run=MNIST-3",
    "/projects/mnist/compare?run=MNIST-1&run=MNIST-2&run=MNIST-3&tab=parameters&show=all",
)
# Texts that are too faint for their ground, by the formula of WCAG 2.1.
FAINT_TEXTS = """() => {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const ink = canvas.getContext('2d', { willReadFrequently: true });
  const rgb = colour => {
    ink.clearRect(0, 0, 1, 1);
    ink.fillStyle = colour;
    ink.fillRect(0, 0, 1, 1);
    return [...ink.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map(part => part / 255)
    .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility({ visibilityProperty: true })) continue;
    if (element.matches('title, noscript, :disabled')) continue;
    const pair = [light(rgb(getComputedStyle(element).color)), light(ground(element))].sort((a, b) => b - a);
    const contrast = (pair[0] + 0.05) / (pair[1] + 0.05);
    const text = element.textContent.trim().slice(0, 30);
    if (contrast < 4.5) found.push(`${element.className}: ${text}, ${contrast.toFixed(2)}`);
  }
  return [...new Set(found)];
}"""
UNNAMED_CONTROLS = """() => [...document.querySelectorAll('a, button, input:not([type=hidden]), summary')]
  .filter(element => element.checkVisibility())
  .filter(element => !(element.textContent.trim() || element.ariaLabel || element.title || element.labels?.length))
  .map(element => element.outerHTML)"""


@pytest.fixture(params=["light", "dark"])
def narrow(browser: Browser, site: Site, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A telephone, in each theme."""
    telephone = {"width": 390, "height": 844}
    with tab(browser, site, viewport=telephone, color_scheme=request.param, device_scale_factor=2) as page:
        yield page


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_wider_than_a_telephone(narrow: Page, long_run: str, path: str) -> None:
    """Tables scroll in their own box, the page never sideways; texts have contrast, controls have names."""
    narrow.goto(path.format(long=long_run))
    narrow.wait_for_load_state("networkidle")
    assert narrow.evaluate("document.documentElement.scrollWidth") == 390
    assert narrow.evaluate(FAINT_TEXTS) == []
    assert narrow.evaluate(UNNAMED_CONTROLS) == []


def test_a_run_is_readable_without_javascript(plain: Page, long_run: str) -> None:
    """Attributes are text, and charts are pictures that the server drew."""
    plain.goto(f"/projects/long/runs/{long_run}")
    expect(plain.locator("#attributes")).to_contain_text("loss")
    picture = plain.locator('figure[data-path="train/loss"] img')
    picture.scroll_into_view_if_needed()
    expect(picture).to_be_visible()
    answer = plain.request.get(picture.get_attribute("src") or "")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "<polygon" in answer.text()


def test_filter_sort_and_compare_work_without_javascript(plain: Page, site: Site) -> None:
    """Forms and links are enough for the way through the pages."""
    plain.goto("/projects/mnist")
    plain.get_by_role("searchbox", name="Filter runs").fill(
        '`sys/name`:string = "cnn-07" OR `sys/name`:string = "cnn-08"'
    )
    plain.get_by_role("button", name="Apply").click()
    expect(plain.locator("#runs tbody tr")).to_have_count(2)
    plain.get_by_role("link", name="Sort by val/loss").click()
    expect(plain.locator("#runs .run-link").first).to_have_text("cnn-08")
    for box in plain.locator("#runs tbody input").all():
        box.check()
    plain.get_by_role("button", name="Compare").click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("2 runs compared")


def test_a_wrong_address_leads_on(browser: Browser, site: Site) -> None:
    """What does not exist has a page that says so, with a way to what does."""
    page = browser.new_page(base_url=site.url)
    for path, status in (("/nothing", 404), ("/projects/none", 404), ("/projects/mnist/runs/MNIST-999", 404)):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == status
        expect(page.get_by_role("link", name="All projects")).to_be_visible()
    answer = page.goto("/projects/mnist/compare?run=MNIST-1")
    assert answer is not None
    assert answer.status == 400
    expect(page.locator("main")).to_contain_text("2 to 200 runs can be compared")
    page.close()


def test_the_keyboard_reaches_the_content(page: Page, site: Site) -> None:
    """The first stop of the Tab key skips what is the same on every page, and focus can be seen."""
    page.goto("/projects/mnist")
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    expect(focused).to_have_text("Skip to the content")
    assert focused.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
