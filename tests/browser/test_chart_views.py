"""Ways to look at charts: each is in the address, and works by mouse, by keyboard and by touch."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site, drawn_chart, label_of, tab

COMPARED = "/projects/mnist/compare?run=MNIST-1&run=MNIST-2&run=MNIST-3&run=MNIST-4"


@pytest.fixture(scope="session")
def layered_run(site: Site) -> str:
    """The label of a run with 12 layers, and a counter to be an x axis."""
    with site.log(project="layered", name="layers") as run:
        for layer in range(12):
            run[f"layers/{layer}/grad_norm"].extend([layer + step / 50 for step in range(50)])
        run["train/loss"].extend([1 / (step + 1) for step in range(50)])
        run["train/tokens"].extend([step * 1024 for step in range(0, 50, 2)], steps=range(0, 50, 2))
    return label_of(run)


def test_smoothing_is_chosen_in_place(page: Page, site: Site) -> None:
    """It is in the address, and the pointer reads both values."""
    page.goto(f"{COMPARED}&find=loss")
    drawn_chart(page, "val/loss")
    page.get_by_role("combobox", name="Kind of smoothing").select_option("ema")
    page.wait_for_url(re.compile("smooth=ema"))
    expect(page.get_by_role("slider", name="Amount of smoothing")).to_be_visible()
    page.locator(".u-over").first.hover(position={"x": 60, "y": 40})
    expect(page.locator(".pointer-box:visible")).to_contain_text("smoothed")
    page.keyboard.press("s")
    page.wait_for_url(re.compile("^(?!.*smooth)"))


def test_a_metric_can_be_the_x_axis(page: Page, layered_run: str) -> None:
    """Only steps that both have are drawn; the address keeps the choice."""
    page.goto(f"/projects/layered/runs/{layered_run}?find=train")
    drawn_chart(page, "train/loss")
    page.get_by_text("Options").click()
    page.get_by_label("x axis: a metric").fill("train/tokens")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url(re.compile("x=metric"))
    figure = drawn_chart(page, "train/loss")
    expect(figure).to_have_attribute("data-points", "25")
    figure.locator(".u-over").hover(position={"x": 5, "y": 40})
    expect(page.locator(".pointer-box:visible")).to_contain_text("train/tokens 0")


def test_an_expression_gets_a_chart(page: Page, site: Site) -> None:
    """It is evaluated for every run; one that is wrong says why in its place."""
    page.goto(f"{COMPARED}&expression=1 - val/accuracy")
    figure = page.locator('figure[data-expression="1 - val/accuracy"][data-state="ready"]')
    expect(figure.locator("[data-badge]")).to_have_text("80 points")


def test_groups_are_drawn_as_one_curve_each(page: Page, site: Site) -> None:
    """With their mean and interval, and n."""
    page.goto(f"{COMPARED}&group=params/optimizer/name")
    figure = drawn_chart(page, "val/loss")
    expect(figure.locator("[data-badge]")).to_have_text("80 points, mean ± 95 %")
    expect(page.locator("[data-group-key]")).to_have_count(2)
    figure.locator(".u-over").hover(position={"x": 30, "y": 40})
    expect(page.locator(".pointer-box:visible")).to_contain_text("n = 2")


def test_a_legend_entry_is_shown_alone_and_back_shows_all(page: Page, site: Site) -> None:
    """A click isolates, another one, or the back button, brings all again."""
    page.goto(COMPARED)
    figure = drawn_chart(page, "val/loss")
    entry = page.get_by_role("button", name="cnn-01", exact=True)
    entry.click()
    page.wait_for_url(re.compile("only=MNIST-2"))
    figure.locator(".u-over").hover(position={"x": 30, "y": 40})
    expect(page.locator(".pointer-box:visible .pointer-row")).to_have_count(1)
    page.go_back()
    expect(entry).to_have_attribute("aria-pressed", "false")


def test_the_nearest_run_is_marked_in_the_legend(page: Page, site: Site) -> None:
    """And the crosshairs of the other charts follow."""
    page.goto(COMPARED)
    drawn_chart(page, "val/accuracy")
    drawn_chart(page, "val/loss").locator(".u-over").hover(position={"x": 30, "y": 5})
    expect(page.locator(".legend-run.is-near")).to_have_count(1)
    other = page.locator('figure[data-path="val/accuracy"] .u-cursor-x')
    expect(other).not_to_have_class(re.compile("u-off"))


def test_a_chart_fills_the_window(page: Page, site: Site) -> None:
    """From its button; Escape and the back button leave it."""
    page.goto(COMPARED)
    figure = drawn_chart(page, "val/loss")
    figure.get_by_role("button", name="Fill the window").click()
    page.wait_for_url(re.compile("full=val"))
    assert figure.bounding_box() == {"x": 0, "y": 0, "width": 1440, "height": 900}
    page.keyboard.press("Escape")
    expect(figure).not_to_have_class(re.compile("is-full"))
    page.go_back()
    expect(figure).to_have_class(re.compile("is-full"))


def test_a_chart_that_grew_is_asked_for_again(page: Page, long_run: str) -> None:
    """Also where nothing else happened since it was loaded: every run of it, in as many buckets as it has pixels."""
    page.goto(f"/projects/long/runs/{long_run}?find=train")
    figure = drawn_chart(page, "train/loss")
    before = int(figure.get_attribute("data-drawn"))
    with page.expect_response("**/api/charts") as asked:
        figure.get_by_role("button", name="Fill the window").click()
    assert asked.value.status == 200
    assert len(asked.value.request.post_data_json["runs"]) == 1
    page.wait_for_function("drawn => Number(document.querySelector('.is-full').dataset.drawn) > drawn", arg=before)


def test_a_chart_by_keyboard(page: Page, long_run: str) -> None:
    """Plus zooms, arrows move, 0 shows the whole, l switches the axis; the chart says what it is in words."""
    page.goto(f"/projects/long/runs/{long_run}?find=train")
    drawn_chart(page, "train/loss")
    plot = page.get_by_role("img", name=re.compile(r"Chart of train.loss\. last .*, min .*, max 40"))
    plot.focus()
    page.keyboard.press("+")
    page.wait_for_url(re.compile("from=39"))
    page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile("from=6"))
    page.keyboard.press("l")
    page.wait_for_url(re.compile("y=log"))
    page.keyboard.press("0")
    page.wait_for_url(re.compile("^(?!.*from=)"))


def test_numbers_are_downloaded_as_drawn(page: Page, long_run: str, tmp_path: Path) -> None:
    """Buckets where buckets are shown, with their extremes; points where every point is."""
    page.goto(f"/projects/long/runs/{long_run}?find=train")
    figure = drawn_chart(page, "train/loss")
    rows = downloaded_csv(page, figure, tmp_path)
    assert {row["kind"] for row in rows} == {"bucket"}
    assert max(float(row["max"]) for row in rows) == 40.0
    page.goto(f"/projects/long/runs/{long_run}?find=train&from=100&to=300")
    rows = downloaded_csv(page, drawn_chart(page, "train/loss"), tmp_path)
    assert ({row["kind"] for row in rows}, len(rows)) == ({"point"}, 201)


def downloaded_csv(page: Page, figure: Any, folder: Path) -> list[dict[str, str]]:
    """The rows of a chart's CSV."""
    figure.get_by_role("button", name="Menu of").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download numbers").click()
    waiting.value.save_as(folder / "chart.csv")
    with (folder / "chart.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(("kind", "starts"), [("a picture", b"\x89PNG"), ("a drawing", b"<svg")])
def test_a_chart_is_downloaded_as_a_picture(page: Page, site: Site, tmp_path: Path, kind: str, starts: bytes) -> None:
    """As it is shown, with title and legend."""
    page.goto(COMPARED)
    drawn_chart(page, "val/loss").get_by_role("button", name="Menu of").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name=f"Download as {kind}").click()
    waiting.value.save_as(tmp_path / "chart")
    assert (tmp_path / "chart").read_bytes().startswith(starts)


def test_a_comment_is_written_and_marked(page: Page, layered_run: str) -> None:
    """On a chart, at a step; the pointer reads it."""
    page.goto(f"/projects/layered/runs/{layered_run}?find=train/loss")
    figure = drawn_chart(page, "train/loss")
    figure.get_by_role("button", name="Menu of").click()
    page.get_by_label("Comment", exact=True).fill("halved the <b>rate</b>")
    page.get_by_label("at step").fill("25")
    page.get_by_role("button", name="Add").click()
    expect(page.locator(".chart-menu")).to_have_count(0)
    box = figure.locator(".u-over").bounding_box()
    assert box is not None
    figure.locator(".u-over").hover(position={"x": 25 / 49 * box["width"], "y": box["height"] - 4})
    expect(page.locator(".pointer-box:visible")).to_contain_text("halved the <b>rate</b>")


def test_the_y_range_is_set_by_hand(page: Page, site: Site) -> None:
    """For one chart; the address keeps it, and it can be made automatic again."""
    page.goto(COMPARED)
    figure = drawn_chart(page, "val/loss")
    figure.get_by_role("button", name="Menu of").click()
    page.get_by_label("y from").fill("0")
    page.get_by_label("to", exact=True).last.fill("0.5")
    page.get_by_role("button", name="Set range").click()
    page.wait_for_url(re.compile("range=0%3A0.5%3Aval"))
    figure.get_by_role("button", name="Menu of").click()
    page.get_by_role("button", name="Automatic").click()
    page.wait_for_url(re.compile("^(?!.*range=)"))


def test_layers_have_a_heat_map(page: Page, layered_run: str) -> None:
    """Rows are layers; the pointer reads a cell."""
    page.goto(f"/projects/layered/runs/{layered_run}?find=layers")
    figure = page.locator("figure[data-heatmap='*/grad_norm'][data-state=ready]")
    expect(figure.locator("[data-badge]")).to_have_text(re.compile("600 points"))
    figure.locator(".u-over").hover(position={"x": 5, "y": 5})
    expect(page.locator(".pointer-box:visible")).to_contain_text("layers/11/grad_norm")


def test_a_heat_map_is_downloaded(page: Page, layered_run: str, tmp_path: Path) -> None:
    """As a picture, as a drawing, and as the numbers of its rows, each with its path."""
    page.goto(f"/projects/layered/runs/{layered_run}?find=layers")
    figure = page.locator("figure[data-heatmap='*/grad_norm'][data-state=ready]")
    rows = downloaded_csv(page, figure, tmp_path)
    assert len(rows) == 600
    assert len({row["path"] for row in rows}) == 12
    figure.get_by_role("button", name="Menu of").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download as a picture").click()
    waiting.value.save_as(tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    figure.get_by_role("button", name="Menu of").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download as a drawing").click()
    waiting.value.save_as(tmp_path / "map.svg")
    drawing = (tmp_path / "map.svg").read_text(encoding="utf-8")
    fromstring(drawing)
    assert len(set(re.findall(r'fill="(hsl[^"]*)"', drawing))) > 20
    assert re.search(r'text-anchor="end">11</text>', drawing)


def test_two_fingers_zoom(browser: Browser, site: Site, long_run: str) -> None:
    """And one finger moves along, while the page still scrolls up and down."""
    context = browser.new_context(base_url=site.url, viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.goto(f"/projects/long/runs/{long_run}?find=train")
    area = drawn_chart(page, "train/loss").locator(".u-over").bounding_box()
    assert area is not None
    session = context.new_cdp_session(page)
    middle = area["y"] + area["height"] / 2

    def touch(kind: str, *shares: float) -> None:
        points = [
            {"x": area["x"] + share * area["width"], "y": middle, "id": number} for number, share in enumerate(shares)
        ]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 0.4, 0.6)
    for spread in (0.1, 0.2, 0.3):
        touch("touchMove", 0.5 - spread - 0.1, 0.5 + spread + 0.1)
    touch("touchEnd")
    page.wait_for_url(re.compile("from=.*to="))
    context.close()


def test_thousands_of_metrics_are_headings_until_opened(page: Page, site: Site) -> None:
    """A section that is opened gets its charts; the address remembers, and so does the back button for its pages."""
    with site.log(project="wide", name="wide") as run:
        for space in range(20):
            for number in range(70):
                run[f"space_{space:02d}_/m{number:02d}"].append(float(number))
    page.goto(f"/projects/wide/runs/{label_of(run)}")
    assert page.locator("figure.chart").count() <= 60
    section = page.locator('details[data-section="space_07_"]')
    section.locator("summary").click()
    expect(section.locator("figure.chart")).to_have_count(60)
    page.wait_for_url(re.compile("open=space_07_"))
    section.get_by_role("link", name="2", exact=True).click()
    expect(section.locator("figure.chart")).to_have_count(10)
    page.go_back()
    expect(section.locator("figure.chart")).to_have_count(60)


def test_compare_adds_series_of_a_live_run(page: Page, site: Site) -> None:
    """A metric that one of the runs gets while one looks has its chart without a reload."""
    runs = [site.log(project="pair", name=f"run {number}") for number in range(2)]
    for run in runs:
        run["train/loss"].extend([1.0, 0.5])
        run.wait()
    page.goto(f"/projects/pair/compare?run={label_of(runs[0])}&run={label_of(runs[1])}")
    drawn_chart(page, "train/loss")
    runs[1]["val/late"].append(0.5)
    expect(page.locator('figure[data-path="val/late"][data-state="ready"]')).to_be_visible(timeout=20_000)
    for run in runs:
        run.stop()


def test_pictures_without_javascript_follow_the_view(browser: Browser, site: Site) -> None:
    """x, y, smoothing and zoom are in the address of each picture, and the form sends them."""
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{COMPARED}&x=relative&y=log&smooth=gaussian:20&hide=MNIST-2")
    source = page.locator('figure[data-path="val/loss"] img').get_attribute("src") or ""
    assert all(part in source for part in ("x=relative", "y=log", "smooth=gaussian%3A20"))
    assert "MNIST-2" not in source
    text = page.request.get(source).text()
    assert text.count("<polyline") == 6  # three runs, each with its raw line behind
    context.close()


def test_what_a_resumed_run_abandoned_is_drawn_beside_the_curve(page: Page, site: Site) -> None:
    """The charts ask for it, the legend says so, the badge counts the curve alone, and Options takes it away."""
    for first, last in ((0, 40), (30, 35)):
        with site.log(project="resumed", custom_run_id="resumed") as run:
            run["train/loss"].extend([1.0 + step + first for step in range(first, last)], steps=range(first, last))
    with page.expect_request("**/api/charts") as asked:
        page.goto(f"/projects/resumed/runs/{label_of(run)}")
    assert asked.value.post_data_json["abandoned"] is True
    badge = drawn_chart(page, "train/loss").locator("[data-badge]")
    expect(badge).to_have_text("35 points · dashed: abandoned")
    expect(badge).to_have_attribute("title", re.compile("abandoned"))
    page.locator(".u-over").first.hover(position={"x": 300, "y": 40})
    expect(page.locator(".pointer-box:visible .pointer-row")).to_have_count(1)
    word = page.locator("#legend [data-abandoned]")
    expect(word).not_to_have_attribute("hidden", "")
    page.get_by_text("Options", exact=True).click()
    page.get_by_label("Abandoned tails").uncheck()
    page.wait_for_url(re.compile("tails=off"))
    expect(word).to_have_attribute("hidden", "")
    expect(badge).to_have_text("35 points")
    with page.expect_request("**/api/charts") as asked:
        page.reload()
    assert "abandoned" not in asked.value.post_data_json
    expect(page.get_by_label("Abandoned tails")).not_to_be_checked()


def test_a_crowd_of_runs_is_drawn_without_what_they_abandoned(page: Page, site: Site) -> None:
    """Among more than ten runs nobody could tell which tail is whose."""
    runs = "&".join(f"run={label}" for label in site.labels[:11])
    with page.expect_request("**/api/charts") as asked:
        page.goto(f"/projects/mnist/compare?{runs}&find=val/loss")
    assert "abandoned" not in asked.value.post_data_json


def test_charts_are_light_on_paper_and_as_wide_as_it(browser: Browser, site: Site) -> None:
    """A dark page prints light charts that end within their frames, and is dark again afterwards."""
    with tab(browser, site, viewport={"width": 1200, "height": 800}, color_scheme="dark") as page:
        page.goto("/projects/mnist/compare?run=MNIST-1&run=MNIST-2")
        page.wait_for_selector('figure.chart[data-path="val/loss"][data-state="ready"] canvas')
        drawn = """async (event) => {
            if (event) dispatchEvent(new Event(event));
            await new Promise(requestAnimationFrame);
            return document.querySelector('figure[data-path="val/loss"] canvas').toDataURL();
        }"""
        dark = page.evaluate(drawn, None)
        assert page.evaluate(drawn, "beforeprint") != dark
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 700, "height": 900})
        edges = page.locator('figure[data-path="val/loss"]').evaluate(
            "figure => [figure, figure.querySelector('canvas')].map(one => one.getBoundingClientRect().right)"
        )
        assert edges[1] <= edges[0]
        page.emulate_media(media="screen", color_scheme="dark")
        page.set_viewport_size({"width": 1200, "height": 800})
        page.evaluate(drawn, "afterprint")
        assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--theme')") == "dark"
