"""A dashboard is made, filled, moved about and saved in a real browser."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import Site


def test_a_dashboard_from_nothing(page: Page, site: Site) -> None:
    """Make one, add charts, drag and press them about; the places are still there after a reload."""
    page.goto(f"{site.url}/projects/mnist/dashboards")
    page.get_by_placeholder("Name").fill("Sweep <b>")
    page.get_by_role("button", name="Make a dashboard").click()
    page.get_by_label("Add").select_option("charts")
    page.get_by_role("button", name="Add widget").click()
    page.get_by_label("Metrics").fill("val/*")
    page.locator(".widget-form").get_by_role("button", name="Apply").click()
    widget = page.locator("#widget-1")
    expect(widget.locator("canvas").first).to_be_visible()
    handle = widget.get_by_role("button", name="Move", exact=True)
    box = handle.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 5, steps=5)
    with page.expect_response("**/layout*"):
        page.mouse.up()
    moved = int(widget.get_attribute("data-column") or 0)
    assert moved >= 3
    handle.focus()
    with page.expect_response("**/layout*"):
        page.keyboard.press("Shift+ArrowDown")
    page.get_by_role("link", name="Done").click()
    expect(page.locator("#widget-1")).to_have_attribute("data-column", str(moved))
    expect(page.locator("#widget-1")).to_have_attribute("data-height", "6")
    expect(page.get_by_role("heading", name="Sweep <b>")).to_be_visible()


def test_deleting_asks_first(page: Page, site: Site) -> None:
    """Whoever says no keeps the dashboard."""
    page.goto(f"{site.url}/projects/mnist/dashboards")
    page.get_by_placeholder("Name").fill("Short-lived")
    page.get_by_role("button", name="Make a report").click()
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Short-lived")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="Short-lived")).to_have_count(0)
