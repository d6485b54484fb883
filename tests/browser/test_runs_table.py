"""From the list of projects through the table to a comparison, as a person clicks it."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from tests.browser.conftest import Site

FIFTY = 50  # rows of a page of the table


def names(page: Page) -> list[str]:
    """The names of the runs in the table, from the top."""
    return page.locator("#runs .run-link").all_inner_texts()


def query_of(page: Page) -> dict[str, list[str]]:
    """What the address asks for."""
    return parse_qs(urlsplit(page.url).query)


def test_from_projects_to_a_comparison(page: Page, site: Site) -> None:
    """The main way through the pages works: projects, table, sort, filter, tick, compare."""
    page.goto("/")
    page.get_by_role("link", name="mnist", exact=True).click()
    expect(page.locator("#runs tbody tr")).to_have_count(FIFTY)

    page.get_by_role("link", name="Sort by val/loss").click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("val/loss")
    page.wait_for_url(re.compile("sort=val(/|%2F)loss"))
    assert names(page)[0] == "cnn-54"
    page.get_by_role("link", name="Sort by val/loss").click()
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("val/loss")
    assert names(page)[0] == "cnn-00"

    page.get_by_role("searchbox", name="Filter runs").fill("`params/lr`:float = 0.001")
    page.keyboard.press("Enter")
    expect(page.locator("#runs tbody tr")).to_have_count(18)
    assert query_of(page)["sort"] == ["val/loss"]

    for label in ("MNIST-2", "MNIST-5", "MNIST-8"):
        page.get_by_role("checkbox", name=f"Compare {label}", exact=True).check()
    expect(page.locator("[data-compare-count]")).to_have_text("3 runs ticked")
    page.get_by_role("button", name="Compare").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("3 runs compared")
    expect(page.locator("#legend li")).to_have_count(3)
    page.wait_for_selector('figure.chart[data-path="val/loss"][data-state="ready"] canvas')
    page.get_by_role("link", name="Parameters").click()
    expect(page.locator(".difference-group").first).not_to_contain_text("params/lr")


def test_a_comparison_shows_differences_first_and_all_on_demand(page: Page, site: Site) -> None:
    """Parameters that are alike stay hidden until they are asked for."""
    page.goto("/projects/mnist/compare?run=MNIST-1&run=MNIST-2&tab=parameters")
    rows = page.locator(".difference-group").first.locator("tbody th")
    expect(rows).to_have_text(["params/lr", "params/optimizer/name"])
    page.get_by_role("link", name="All", exact=True).click()
    expect(rows).to_have_text(["params/lr", "params/optimizer/name", "params/epochs"])


def test_a_mistake_in_the_filter_is_explained_under_it(page: Page, site: Site) -> None:
    """The query stays in its box, and the message points at the place."""
    page.goto("/projects/mnist")
    box = page.get_by_role("searchbox", name="Filter runs")
    box.fill("`params/lr`:float >> 0.001")
    box.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("xpected")
    expect(page.locator(".mistake mark")).to_have_text(">")
    expect(box).to_have_value("`params/lr`:float >> 0.001")
    box.fill("")
    box.press("Enter")
    expect(page.locator("#runs tbody tr")).to_have_count(FIFTY)


def test_columns_are_chosen_and_kept_in_the_address(page: Page, site: Site) -> None:
    """A table with other columns is a link like any other."""
    page.goto("/projects/mnist")
    page.get_by_text("Columns", exact=True).click()
    page.get_by_role("searchbox", name="Find a column").fill("host SYS")
    expect(page.get_by_role("checkbox", name="sys/owner")).to_have_count(0)
    expect(page.get_by_role("checkbox", name="params/lr")).to_be_checked()
    assert urlsplit(page.url).path == "/projects/mnist"
    page.get_by_role("checkbox", name="sys/hostname").check()
    expect(page.locator("#runs thead")).to_contain_text("sys/hostname")
    page.wait_for_url(re.compile("column=sys(/|%2F)hostname"))
    page.reload()
    expect(page.locator("#runs thead")).to_contain_text("sys/hostname")
    expect(page.locator("#runs thead")).to_contain_text("params/lr")


def test_ticks_survive_paging_and_sorting(page: Page, site: Site) -> None:
    """What is ticked on one page of the table is compared together with what is ticked on the next."""
    page.goto("/projects/mnist")
    page.get_by_role("checkbox", name="Compare MNIST-55", exact=True).check()
    page.get_by_role("link", name="Next page").click()
    expect(page.locator("#runs tbody tr")).to_have_count(len(site.labels) - FIFTY)
    page.get_by_role("checkbox", name="Compare MNIST-1", exact=True).check()
    expect(page.locator("[data-compare-count]")).to_have_text("2 runs ticked")
    assert query_of(page)["run"] == ["MNIST-55", "MNIST-1"]
    page.go_back()
    expect(page.locator("#runs tbody tr")).to_have_count(FIFTY)
    expect(page.get_by_role("checkbox", name="Compare MNIST-55", exact=True)).to_be_checked()


def test_one_run_alone_cannot_be_compared(page: Page, site: Site) -> None:
    """The button says so by being off."""
    page.goto("/projects/mnist")
    expect(page.get_by_role("button", name="Compare")).to_be_disabled()
    page.get_by_role("checkbox", name="Compare MNIST-55", exact=True).check()
    expect(page.get_by_role("button", name="Compare")).to_be_disabled()
    page.get_by_role("checkbox", name="Tick all runs of this page").check()
    expect(page.get_by_role("button", name="Compare")).to_be_enabled()
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_role("button", name="Compare")).to_be_disabled()
