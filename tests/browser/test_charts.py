"""Charts draw what was logged, ask for no more than is seen, and for more when one looks closer."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.conftest import LONG_POINTS, SPIKE_STEP, Site, drawn_chart, label_of

# Whether a canvas shows more than its ground.
IS_PAINTED = """canvas => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value, place) => place % 4 === 3 && value > 0);
}"""


@pytest.fixture
def asked(page: Page) -> list[dict[str, Any]]:
    """The requests for chart data, as they are made."""
    requests: list[dict[str, Any]] = []

    def note(request: Request) -> None:
        if request.url.endswith("/api/charts"):
            requests.append(json.loads(request.post_data or "{}"))

    page.on("request", note)
    return requests


def drag(page: Page, path: str, start: float, stop: float) -> None:
    """Drag over a chart, from and to these fractions of its width."""
    area = page.locator(f'figure.chart[data-path="{path}"] .u-over').bounding_box()
    assert area is not None
    middle = area["y"] + area["height"] / 2
    page.mouse.move(area["x"] + start * area["width"], middle)
    page.mouse.down()
    page.mouse.move(area["x"] + (start + stop) / 2 * area["width"], middle)
    page.mouse.move(area["x"] + stop * area["width"], middle)
    page.mouse.up()


def test_a_long_series_is_drawn_with_its_number_of_points(page: Page, long_run: str) -> None:
    """The badge names every point, the extremes and the NaN; the canvas is painted."""
    page.goto(f"/projects/long/runs/{long_run}")
    figure = drawn_chart(page, "train/loss")
    expect(figure.locator("[data-badge]")).to_have_text(f"{LONG_POINTS:,} points, extremes exact · 10 NaN or ∞")
    assert figure.locator("canvas").evaluate(IS_PAINTED)


def test_only_charts_in_view_are_asked_for_and_together(page: Page, long_run: str, asked: list[dict[str, Any]]) -> None:
    """One request for all that is seen; what is below comes when it is scrolled to."""
    page.goto(f"/projects/long/runs/{long_run}")
    drawn_chart(page, "layers/norm_00")
    assert len(asked) == 1
    assert "layers/norm_00" in asked[0]["paths"]
    assert "layers/norm_23" not in asked[0]["paths"]
    drawn_chart(page, "layers/norm_23")
    assert "layers/norm_23" in asked[-1]["paths"]


def test_a_chart_has_as_many_buckets_as_pixels(page: Page, long_run: str, asked: list[dict[str, Any]]) -> None:
    """The server sends what the screen can show."""
    page.goto(f"/projects/long/runs/{long_run}?find=train")
    figure = drawn_chart(page, "train/loss")
    width = figure.locator("[data-plot]").bounding_box()["width"]
    assert abs(asked[0]["buckets"] - width) <= 1


def test_zooming_asks_the_server_for_the_finer_level(page: Page, long_run: str, asked: list[dict[str, Any]]) -> None:
    """Dragging twice over a chart ends at single points; the address keeps the zoom, and back returns."""
    page.goto(f"/projects/long/runs/{long_run}?find=train")
    figure = drawn_chart(page, "train/loss")
    drag(page, "train/loss", 0.60, 0.64)
    expect(figure).not_to_have_attribute("data-points", str(LONG_POINTS))
    zoomed = asked[-1]
    assert zoomed["start"] < SPIKE_STEP < zoomed["stop"]
    fewer = int(figure.get_attribute("data-points") or 0)
    assert fewer <= zoomed["stop"] - zoomed["start"] + 1024
    page.wait_for_url(re.compile("from=.*to="))

    drag(page, "train/loss", 0.1, 0.13)
    expect(figure.locator("[data-badge]")).to_have_text(re.compile(r"^\d+ points$"))
    assert figure.get_attribute("data-points") == figure.get_attribute("data-drawn")

    page.go_back()
    expect(figure).to_have_attribute("data-points", str(fewer))


def test_a_double_click_shows_the_whole_again(page: Page, long_run: str) -> None:
    """So does the button that names the range."""
    page.goto(f"/projects/long/runs/{long_run}?find=train&from=100&to=300")
    figure = drawn_chart(page, "train/loss")
    expect(figure).to_have_attribute("data-points", "201")
    expect(page.get_by_role("button", name="Reset the zoom")).to_contain_text("steps 100 – 300")  # noqa: RUF001 - a dash
    figure.locator(".u-over").dblclick()
    expect(figure).to_have_attribute("data-points", str(LONG_POINTS))
    page.go_back()
    expect(figure).to_have_attribute("data-points", "201")
    page.get_by_role("button", name="Reset the zoom").click()
    expect(figure).to_have_attribute("data-points", str(LONG_POINTS))


def test_axes_change_in_place_and_in_the_address(page: Page, long_run: str, asked: list[dict[str, Any]]) -> None:
    """Steps, time since the start, wall time; linear and logarithmic."""
    page.goto(f"/projects/long/runs/{long_run}?find=train")
    drawn_chart(page, "train/loss")
    page.get_by_role("link", name="Relative").click()
    page.wait_for_function("() => document.querySelector('[data-x=relative][aria-current]')")
    page.wait_for_url(re.compile("x=relative"))
    drawn_chart(page, "train/loss")
    assert asked[-1]["axis"] == "relative"
    page.get_by_role("link", name="Log", exact=True).click()
    page.wait_for_url(re.compile("y=log"))
    assert drawn_chart(page, "train/loss").locator("canvas").evaluate(IS_PAINTED)
    page.reload()
    assert drawn_chart(page, "train/loss").locator("canvas").evaluate(IS_PAINTED)
    expect(page.locator("[data-y=log]")).to_have_attribute("aria-current", "true")


ODD_SERIES = {
    "huge": [1e300, 1.7e308, 1e307],
    "tiny": [1e-300, 5e-324, 1e-310],
    "narrow": [1e15, 1e15 + 1, 1e15 + 2],
    "constant": [5.0, 5.0, 5.0],
    "zero": [0.0, 0.0],
    "negative": [-1.0, -1e9],
    "single": [3.25],
    "nan": [math.nan, math.nan],
    "infinite": [math.inf, -math.inf],
    "mixed": [math.nan, 1.0, math.inf, -math.inf, 0.0, -0.0, 1e-12],
    "ends": [-1.7e308, 1.7e308],
}


@pytest.mark.parametrize("axes", ["", "y=log", "x=time", "x=relative&y=log"])
def test_odd_numbers_are_drawn_or_named(page: Page, site: Site, axes: str) -> None:
    """No value that a float can have keeps a chart from being drawn, on any axis."""
    with site.log(project="odd", name="odd") as run:
        for path, values in ODD_SERIES.items():
            run[path].extend(values)
    page.goto(f"/projects/odd/runs/{label_of(run)}?{axes}")
    for path, values in ODD_SERIES.items():
        figure = drawn_chart(page, path)
        expect(figure.locator("[data-badge]")).to_contain_text(f"{len(values)} point")
        figure.locator(".u-over").hover(position={"x": 5, "y": 5})


def test_the_pointer_reads_the_value_of_every_run(page: Page, site: Site) -> None:
    """In a comparison each run is named at the place under the pointer."""
    page.goto("/projects/mnist/compare?run=MNIST-1&run=MNIST-2&run=MNIST-3")
    drawn_chart(page, "val/loss").locator(".u-over").hover(position={"x": 3, "y": 40})
    box = page.locator(".pointer-box:visible")
    expect(box).to_contain_text("step 0")
    expect(box.locator(".pointer-row")).to_have_count(3)
    expect(box).to_contain_text("cnn-02")


def test_a_run_can_be_hidden_in_all_charts(page: Page, site: Site) -> None:
    """The eye of the legend takes a run's lines away, and the address remembers."""
    page.goto("/projects/mnist/compare?run=MNIST-1&run=MNIST-2")
    drawn_chart(page, "val/loss")
    eye = page.get_by_role("button", name="Lines of MNIST-2")
    eye.click()
    expect(eye).to_have_attribute("aria-pressed", "false")
    page.wait_for_url(re.compile("hide=MNIST-2"))
    page.locator('figure.chart[data-path="val/loss"] .u-over').hover(position={"x": 3, "y": 40})
    expect(page.locator(".pointer-box:visible .pointer-row")).to_have_count(1)


def test_monitoring_has_a_part_of_its_own(page: Page, long_run: str) -> None:
    """The hardware's charts do not stand between those of the training."""
    page.goto(f"/projects/long/runs/{long_run}")
    expect(page.locator('figure[data-path="monitoring/cpu_percent"]')).to_have_count(0)
    page.get_by_role("link", name="Monitoring 1").click()
    drawn_chart(page, "monitoring/cpu_percent")


def test_find_narrows_charts_and_attributes(page: Page, long_run: str) -> None:
    """Typing a part of a path is enough, and the address keeps it."""
    page.goto(f"/projects/long/runs/{long_run}")
    page.get_by_role("searchbox", name="Find attributes and charts").fill("layers 07")
    expect(page.locator("figure.chart")).to_have_count(1)
    drawn_chart(page, "layers/norm_07")
    page.wait_for_url(re.compile("find=layers"))
