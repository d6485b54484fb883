"""A page that is open while a run is being logged grows with it, without a reload."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, drawn_chart, label_of

PATIENCE_MS = 20_000


def test_a_run_grows_in_the_page(page: Page, site: Site) -> None:
    """Points, a metric that was not there before, and the end of the run appear by themselves."""
    run = site.log(project="live", name="live")
    run["train/loss"].extend([1.0, 0.5, 0.25])
    run.wait()
    page.goto(f"/projects/live/runs/{label_of(run)}")
    page.evaluate("window.wasNotReloaded = true")
    figure = drawn_chart(page, "train/loss")
    expect(figure.locator("[data-badge]")).to_have_text("3 points")
    expect(page.locator("#run-header .state")).to_have_text("running")

    run["train/loss"].extend([0.2, 0.1])
    run["val/accuracy"].append(0.9)
    run["params/late"] = 17
    expect(figure.locator("[data-badge]")).to_have_text("5 points", timeout=PATIENCE_MS)
    expect(page.locator('figure[data-path="val/accuracy"][data-state="ready"]')).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("#attributes")).to_contain_text("late", timeout=PATIENCE_MS)

    run.stop()
    expect(page.locator("#run-header .state")).to_have_text("finished", timeout=PATIENCE_MS)
    assert page.evaluate("window.wasNotReloaded")


def test_the_table_follows_the_state_of_its_runs(page: Page, site: Site) -> None:
    """A run that ends while one looks at the table is shown as ended; what was ticked stays ticked."""
    run = site.log(project="live-table", name="soon over")
    run["loss"].append(1.0)
    run.wait()
    page.goto("/projects/live-table")
    row = page.locator("#runs tbody tr").first
    expect(row).to_contain_text("running")
    row.get_by_role("checkbox", name="Tick").check()
    row.get_by_role("checkbox", name="in charts").check()
    run.stop()
    expect(row).to_contain_text("finished", timeout=PATIENCE_MS)
    expect(row.get_by_role("checkbox", name="Tick")).to_be_checked()
    expect(row.get_by_role("checkbox", name="in charts")).to_be_checked()


def test_a_new_run_comes_to_the_top_of_a_long_table(page: Page, site: Site) -> None:
    """Of one that has more rows than a page, too; none of the rows that were there goes."""
    for number in range(26):
        site.log(project="live-long", name=f"old {number}").stop()
    page.clock.install()
    page.goto("/projects/live-long")
    rows = page.locator("#runs .run-row")
    expect(rows).to_have_count(26)
    site.log(project="live-long", name="the new one").stop()
    page.clock.fast_forward(60_000)
    expect(rows).to_have_count(27, timeout=PATIENCE_MS)
    expect(rows.first).to_contain_text("the new one")


def test_a_failed_run_shows_its_traceback(page: Page, site: Site) -> None:
    """An exception that ended the training is what the page is looked at for."""
    label = ""
    try:
        with site.log(project="failing", name="fails") as run:
            run["loss"].append(1.0)
            run.wait()
            label = label_of(run)
            page.goto(f"/projects/failing/runs/{label}")
            raise ZeroDivisionError("the learning rate was zero")
    except ZeroDivisionError:
        pass
    expect(page.locator("#run-header .state")).to_have_text("failed", timeout=PATIENCE_MS)
    expect(page.locator(".traceback")).to_contain_text(re.compile("ZeroDivisionError: the learning rate was zero"))


def test_namespaces_stay_as_they_were_left(page: Page, site: Site) -> None:
    """An update does not open what the reader has closed."""
    run = site.log(project="live-tree", name="tree")
    run["params"] = {"a": 1, "b": 2}
    run.wait()
    page.goto(f"/projects/live-tree/runs/{label_of(run)}")
    namespace = page.locator('details[data-namespace="params"]')
    namespace.locator("summary").click()
    expect(namespace).not_to_have_attribute("open", "")
    run["other"] = {"c": 3, "d": 4}
    expect(page.locator('details[data-namespace="other"]')).to_be_visible(timeout=PATIENCE_MS)
    expect(namespace).not_to_have_attribute("open", "")
    run.stop()


WATCHED_STREAMS = """
window.streams = [];
window.EventSource = class extends EventSource {
  constructor(address) { super(address); window.streams.push(this); }
};
window.ahead_ms = 0;
const now = Date.now;
Date.now = () => now() + window.ahead_ms;
"""
OPEN_AFTER = """
count => new Promise((resolve) => {
  const isOpen = () => streams.length > count && streams.at(-1).readyState === EventSource.OPEN;
  const look = () => (isOpen() ? resolve() : setTimeout(look, 50));
  look();
})
"""
LOOK_AWAY = """
isHidden => {
  Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}
"""


def test_a_hidden_tab_rests_and_catches_up(page: Page, site: Site) -> None:
    """Its stream is closed while nobody looks; what was logged meanwhile is there as soon as somebody does."""
    run = site.log(project="live-hidden", name="hidden")
    run["loss"].extend([1.0, 0.5])
    run.wait()
    page.add_init_script(WATCHED_STREAMS)
    page.goto(f"/projects/live-hidden/runs/{label_of(run)}")
    figure = drawn_chart(page, "loss")
    page.evaluate(OPEN_AFTER, 0)
    page.evaluate(LOOK_AWAY, True)
    assert page.evaluate("streams.every((one) => one.readyState === EventSource.CLOSED)")
    run["loss"].extend([0.4, 0.3, 0.2])
    run.wait()
    expect(figure.locator("[data-badge]")).to_have_text("2 points")
    page.evaluate(LOOK_AWAY, False)
    expect(figure.locator("[data-badge]")).to_have_text("5 points", timeout=PATIENCE_MS)
    run.stop()


def test_a_page_that_slept_opens_its_stream_again(page: Page, site: Site) -> None:
    """A connection that died while the machine slept says nothing: the clock that jumped does."""
    run = site.log(project="live-asleep", name="asleep")
    run["loss"].append(1.0)
    run.wait()
    page.add_init_script(WATCHED_STREAMS)
    page.goto(f"/projects/live-asleep/runs/{label_of(run)}")
    drawn_chart(page, "loss")
    page.evaluate(OPEN_AFTER, 0)
    before = page.evaluate("streams.length")
    page.evaluate("ahead_ms = 3600e3")
    page.evaluate(OPEN_AFTER, before)
    assert page.evaluate("streams.slice(0, -1).every((one) => one.readyState === EventSource.CLOSED)")
    run.stop()
