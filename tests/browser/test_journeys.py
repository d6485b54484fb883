"""Whole ways through the pages: from training to a link for a colleague, by keys alone, and without a script."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESK, Site, drawn_chart, label_of, tab

PATIENCE_MS = 20_000


@pytest.fixture
def colleague(browser: Browser, site: Site) -> Iterator[Page]:
    """The browser of somebody who has seen nothing yet."""
    with tab(browser, site, viewport=DESK) as page:
        yield page


def test_from_training_to_a_link_for_a_colleague(page: Page, colleague: Page, site: Site) -> None:
    """Log, watch it live, filter, compare, save a view; the link shows a colleague the same."""
    with site.log(project="journey", name="first try") as first:
        first["params/lr"] = 0.1
        first["loss"].extend([1.0, 0.9])
    with site.log(project="journey", name="second try") as second:
        second["params/lr"] = 0.01
        second["loss"].extend([1.0, 0.5])
        second.wait()
        page.goto(f"/projects/journey/runs/{label_of(second)}")
        badge = drawn_chart(page, "loss").locator("[data-badge]")
        expect(badge).to_have_text("2 points")
        second["loss"].append(0.25)
        expect(badge).to_have_text("3 points", timeout=PATIENCE_MS)
    with site.log(project="journey", name="unlike") as other:
        other["params/lr"] = 0.001

    page.goto("/projects/journey")
    rows = page.locator("#runs .run-row")
    expect(rows).to_have_count(3)
    page.get_by_role("searchbox", name="Filter runs").fill("`sys/name`:string MATCHES 'try$'")
    page.keyboard.press("Enter")
    expect(rows).to_have_count(2)
    for run in (first, second):
        page.get_by_role("checkbox", name=f"Show {label_of(run)} in charts", exact=True).check()
    page.locator("#views > summary").click()
    page.get_by_role("textbox", name="Name of the view").fill("tries")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="tries")).to_be_visible()
    view = page.get_by_role("link", name="tries").get_attribute("href")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2 runs compared")
    drawn_chart(page, "loss")

    colleague.goto(page.url)
    expect(colleague.get_by_role("heading", level=1)).to_have_text("2 runs compared")
    drawn_chart(colleague, "loss")
    assert view is not None
    colleague.goto(view)
    expect(colleague.locator("#runs .run-link")).to_have_text(["second try", "first try"])
    expect(colleague.get_by_role("checkbox", name="in charts", checked=True)).to_have_count(2)


def test_from_the_table_into_a_run_and_on_by_keys(page: Page, site: Site) -> None:
    """A row is opened by Enter, tabs by their numbers, another run by the palette; the pointer is never used."""
    page.goto("/projects/mnist")
    expect(page.locator("#runs .run-row").first).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("cnn-54")
    for number in (2, 3):
        name = page.locator(".tabs .tab").nth(number - 1).inner_text()
        page.keyboard.press(str(number))
        expect(page.locator(".tabs .tab[aria-current]")).to_have_text(name)
    page.keyboard.press("Control+k")
    page.keyboard.type("cnn-07")
    expect(page.locator(".palette-group .palette-result", has_text="cnn-07")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("cnn-07")


def test_from_projects_to_a_comparison_without_javascript(plain: Page, site: Site) -> None:
    """Links and forms are enough to find runs, read one and set two side by side."""
    plain.goto("/")
    plain.get_by_role("link", name="mnist", exact=True).click()
    plain.get_by_role("searchbox", name="Filter runs").fill(
        '`sys/name`:string = "cnn-07" OR `sys/name`:string = "cnn-08"'
    )
    plain.get_by_role("button", name="Apply").click()
    expect(plain.locator("#runs .run-link")).to_have_text(["cnn-08", "cnn-07"])
    plain.get_by_role("link", name="cnn-07", exact=True).click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("cnn-07")
    plain.locator(".tabs").get_by_role("link", name="Attributes").click()
    expect(plain.locator("#attributes")).to_contain_text("optimizer")
    expect(plain.locator("#attributes")).to_contain_text("0.001")
    plain.go_back()
    plain.go_back()
    for box in plain.get_by_role("checkbox", name="in charts").all():
        box.check()
    plain.get_by_role("button", name="Compare").click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("2 runs compared")
    plain.get_by_role("link", name="Parameters").click()
    expect(plain.locator(".difference-group").first).to_contain_text("optimizer/name")
