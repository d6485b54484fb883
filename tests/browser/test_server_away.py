"""A page that is open while the server goes away says so, loses nothing, and goes on by itself when it is back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import DESK, Site, drawn_chart, label_of
from tests.conftest import ServerProcess, free_port

PATIENCE_MS = 60_000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server of this test alone, that may be stopped."""
    server = ServerProcess(tmp_path / "data", free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own(server: ServerProcess, tmp_path: Path) -> Site:
    """What is logged to that server."""
    return Site(server.url, tmp_path)


@pytest.fixture
def tab(browser: Browser, server: ServerProcess) -> Iterator[Page]:
    """A tab in which requests may fail, which browsers complain about."""
    context = browser.new_context(base_url=server.url, viewport=DESK)
    yield context.new_page()
    context.close()


def bar(page: Page) -> Locator:
    """What tells the reader that the server is away."""
    return page.get_by_role("alert").filter(has_text="has not answered since")


def test_a_page_of_a_live_run_goes_on_after_the_server_was_away(tab: Page, own: Site, server: ServerProcess) -> None:
    """The reader is told at once; what was logged meanwhile is there without a reload when the server is back."""
    run = own.log(project="p", name="live")
    run["loss"].extend([1.0, 0.5])
    run.wait()
    tab.goto(f"/projects/p/runs/{label_of(run)}")
    figure = drawn_chart(tab, "loss")
    tab.evaluate("window.wasNotReloaded = true")
    server.stop()
    expect(bar(tab)).to_contain_text("goes on by itself", timeout=PATIENCE_MS)
    run["loss"].extend([0.4, 0.3, 0.2])
    server.start()
    expect(bar(tab)).to_have_count(0, timeout=PATIENCE_MS)
    expect(figure.locator("[data-badge]")).to_have_text("5 points", timeout=PATIENCE_MS)
    run.stop()
    expect(tab.locator("#run-header .state")).to_have_text("finished", timeout=PATIENCE_MS)
    assert tab.evaluate("window.wasNotReloaded")


def test_a_page_where_nothing_happens_notices_too(tab: Page, own: Site, server: ServerProcess) -> None:
    """By the first request without an answer: what was asked for comes when the server is back."""
    with own.log(project="p", name="over") as run:
        run["loss"].extend([1.0, 0.5])
    tab.goto(f"/projects/p/runs/{label_of(run)}")
    figure = drawn_chart(tab, "loss")
    server.stop()
    tab.locator("[data-x=relative]").click()
    expect(bar(tab)).to_be_visible(timeout=PATIENCE_MS)
    expect(figure.locator("[data-badge]")).to_contain_text("trying again")
    bar(tab).get_by_role("button", name="Try now").click()
    expect(bar(tab)).to_be_visible()
    server.start()
    expect(bar(tab)).to_have_count(0, timeout=PATIENCE_MS)
    expect(figure.locator("[data-badge]")).to_have_text("2 points", timeout=PATIENCE_MS)


def test_what_somebody_wrote_is_not_lost(tab: Page, own: Site, server: ServerProcess) -> None:
    """A form that could not be sent stays as it is, and can be sent when the server is back."""
    own.log(project="p", name="commented").stop()
    tab.goto("/projects/p/runs/P-1?tab=events")
    server.stop()
    tab.evaluate("dispatchEvent(new Event('offline'))")
    expect(bar(tab)).to_be_visible(timeout=PATIENCE_MS)
    form = tab.locator(".comment-form")
    form.get_by_label("Comment").fill("looks good")
    form.get_by_role("button").click()
    expect(tab.locator("#messages")).to_contain_text("Not sent")
    server.start()
    expect(bar(tab)).to_have_count(0, timeout=PATIENCE_MS)
    form.get_by_role("button").click()
    expect(tab.locator(".event")).to_contain_text("looks good")
