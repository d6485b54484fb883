"""A dashboard is made, filled, moved about and saved in a real browser."""

from __future__ import annotations

import numpy as np
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


def test_images_of_several_runs(page: Page, site: Site) -> None:
    """The newest image of each run is shown, and is in the file that is saved."""
    for number in range(2):
        with site.log(project="pictures") as run:
            for step in range(3):
                run["samples"].append(np.full((8, 8), number * 100 + step, np.uint8), step=step)
        assert run.wait(30)
    page.goto(f"{site.url}/projects/pictures/dashboards")
    page.get_by_placeholder("Name").fill("Samples")
    page.get_by_role("button", name="Make a dashboard").click()
    page.get_by_label("Add").select_option("images")
    page.get_by_role("button", name="Add widget").click()
    page.get_by_label("Path").fill("samples")
    page.locator(".widget-form").get_by_role("button", name="Apply").click()
    expect(page.locator(".image-of-run img")).to_have_count(2)
    expect(page.locator(".image-of-run").first).to_contain_text("step 2")
    exported = page.request.get(page.url.partition("?")[0] + "/export.html").text()
    assert exported.count("data:image/png;base64,") == 2


def test_the_form_of_a_widget_takes_no_room_from_it(page: Page, site: Site) -> None:
    """On a wide page it lies over what is around: the plot stays as large as it was, and the form is whole."""
    place = {"x": 10, "y": 0, "width": 2, "height": 3}
    options = {"x": "params/lr", "y": "val/loss"}
    widget = {"id": 1, "kind": "scatter", "title": "narrow", "place": place, "options": options}
    content = {"selection": {"limit": 5}, "widgets": [widget]}
    made = page.request.post(
        "/api/dashboards?project=mnist", data={"kind": "dashboard", "name": "form", "content": content}
    )
    address = f"/projects/mnist/dashboards/{made.json()['id']}"
    page.goto(f"{address}?edit=1")
    plot = page.locator("#widget-1 .plot")
    before = plot.bounding_box()
    page.goto(f"{address}?edit=1&widget=1")
    form = page.locator("#widget-1 .widget-form").bounding_box()
    assert plot.bounding_box() == before
    assert form is not None
    assert form["width"] >= 400
    assert form["x"] + form["width"] <= 1440


def test_frozen_charts_are_drawings_that_the_page_may_show(page: Page, site: Site) -> None:
    """They carry no style of their own, which the security policy would refuse."""
    widget = {"id": 1, "kind": "charts", "title": "Losses", "place": {"x": 0, "y": 0, "width": 6, "height": 5}}
    content = {"selection": {"limit": 3}, "widgets": [{**widget, "options": {"metrics": ["val/*"]}}]}
    made = page.request.post(
        "/api/dashboards?project=mnist", data={"kind": "report", "name": "as it was", "content": content}
    )
    page.goto(f"/projects/mnist/dashboards/{made.json()['id']}?edit=1")
    page.get_by_role("button", name="Freeze").click()
    expect(page.get_by_role("button", name="Thaw")).to_be_visible()
    expect(page.locator("#widget-1 .sketch svg")).to_have_count(2)
