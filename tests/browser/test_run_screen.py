"""The page of a run as people use it: the console, media, and the lines of the hardware, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, label_of

FULL = "/projects/full/runs/{run}"
MOST_LINES = 3_000  # in the document: six pages of 500


def lines(page: Page) -> list[int]:
    """The steps of the lines in the document."""
    texts = page.eval_on_selector_all(".log-step", "all => all.map((one) => one.textContent)")
    return [int(text.replace(",", "")) for text in texts]


def test_a_log_is_scrolled_from_its_end_to_its_beginning(page: Page, full_run: str) -> None:
    """Pages come in as one scrolls, in order and without a gap, and never more than a few are in the document."""
    page.goto(f"{FULL.format(run=full_run)}?tab=console&series=log")
    expect(page.locator(".log-line").last).to_contain_text("colour 31")
    assert lines(page)[-1] == 3_000
    while (first := page.locator(".log-step").first.text_content()) != "0":
        page.evaluate("document.querySelector('[data-log]').scrollTop = 0")
        page.wait_for_function("first => document.querySelector('.log-step').textContent !== first", arg=first)
    shown = lines(page)
    assert shown == list(range(len(shown)))
    assert len(shown) <= MOST_LINES
    page.get_by_role("link", name="Newest").click()
    expect(page.locator(".log-line").last).to_contain_text("colour 31")


def test_a_line_is_in_sight_when_a_link_points_to_it(page: Page, full_run: str) -> None:
    """As from a search over all logs; the number of a line is such a link."""
    page.goto(f"{FULL.format(run=full_run)}?tab=console&series=log&step=1234")
    expect(page.locator(".is-target")).to_be_in_viewport()
    expect(page.locator(".is-target")).to_contain_text("step 1234:")


def test_choosing_a_tab_moves_no_other(page: Page, full_run: str) -> None:
    """The chosen one is bold, and as wide as before."""
    at = f"{FULL.format(run=full_run)}?tab={{}}"
    places = []
    for chosen in ("charts", "overview", "attributes"):
        page.goto(at.format(chosen))
        places.append(page.eval_on_selector_all(".tabs .tab", "all => all.map((one) => one.offsetLeft)"))
    assert len(places[0]) > 5
    assert places[0] == places[1] == places[2]


def test_search_and_wrapping_in_a_log(page: Page, full_run: str) -> None:
    """By keys; the address tells both."""
    page.goto(f"{FULL.format(run=full_run)}?tab=console&series=log")
    page.locator(".log").first.wait_for()
    page.keyboard.press("w")
    expect(page.locator(".log")).to_have_class(re.compile("is-unwrapped"))
    assert "wrap=off" in page.url
    page.keyboard.press("/")
    page.keyboard.type("step 299:")
    page.keyboard.press("Enter")
    expect(page.locator(".log-found")).to_have_text(["step 299:"])


def test_a_log_grows_while_one_follows(page: Page, site: Site) -> None:
    """New lines come without a reload, and stay in sight."""
    with site.log(project="following", name="talks") as run:
        run["log"].extend([f"line {number}" for number in range(200)])
        run.wait()
        page.goto(f"/projects/following/runs/{label_of(run)}?tab=console&series=log")
        page.get_by_role("button", name="Follow").click()
        run["log"].extend([f"line {number}" for number in range(200, 260)])
        run.wait()
        last = page.locator(".log-line").last
        expect(last).to_contain_text("line 259")
        expect(last).to_be_in_viewport()
        assert lines(page) == list(range(260))
        assert "follow=on" in page.url


def test_media_are_stepped_through_together(page: Page, full_run: str) -> None:
    """By keys and by the slider; the address tells the step, and a reload shows the same."""
    page.goto(f"{FULL.format(run=full_run)}?tab=media")
    step = page.locator("[data-media-step]")
    expect(step).to_have_text("step 20")
    page.keyboard.press("ArrowLeft")
    expect(step).to_have_text("step 10")
    expect(page.locator(".media-description")).to_have_text("samples at 10")
    page.get_by_role("slider", name="Step").fill("0")
    expect(page.locator(".media-description")).to_have_text("samples at 0")
    page.reload()
    expect(step).to_have_text("step 0")


def test_a_picture_fills_the_window(page: Page, full_run: str) -> None:
    """Until Escape; the focus is where it was."""
    page.goto(f"{FULL.format(run=full_run)}?tab=media")
    page.locator("a.file-image").first.click()
    box = page.locator(".lightbox")
    expect(box.locator("img")).to_be_visible()
    expect(box).to_contain_text("samples at 20")
    page.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(page.locator("a.file-image").first).to_be_focused()


def test_a_chart_has_a_line_for_each_gpu(page: Page, full_run: str) -> None:
    """In one chart, told apart by its own legend, over the time since the start; steps can be chosen."""
    page.goto(f"{FULL.format(run=full_run)}?tab=monitoring")
    expect(page.get_by_role("link", name="Relative")).to_have_attribute("aria-current", "true")
    chart = page.locator('figure.chart[data-path="gpu/utilisation_percent"]')
    chart.scroll_into_view_if_needed()
    page.wait_for_selector('figure.chart[data-path="gpu/utilisation_percent"][data-state="ready"] canvas')
    assert chart.get_attribute("data-points") == "100"
    expect(chart.locator(".chart-lines li")).to_have_text([re.compile("GPU 0"), re.compile("GPU 1")])
    expect(page.locator(".hints")).to_contain_text("GPU 1 was idle 38 % of the time")
    page.get_by_role("link", name="Step", exact=True).click()
    page.wait_for_url("**x=step*")
    page.get_by_role("link", name="Relative").click()
    page.wait_for_url("**?tab=monitoring")


@pytest.mark.parametrize("tab", ["overview", "media", "console", "monitoring", "source", "files", "history"])
def test_no_tab_is_wider_than_a_small_screen(page: Page, full_run: str, tab: str) -> None:
    """390 px: what does not fit scrolls within its own frame."""
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{FULL.format(run=full_run)}?tab={tab}", wait_until="networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    expect(page.locator(".tab[aria-current]")).to_be_in_viewport()
