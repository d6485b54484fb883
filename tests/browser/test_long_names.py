"""What people and programs name at length leaves room for the rest of the page, and can be read in full."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.browser.conftest import Site, label_of, tab

PHONE = {"width": 390, "height": 844}
LONG = "-".join(f"hyperparameter_{number}=0.000{number}" for number in range(30))


def test_a_long_name_does_not_fill_a_phone(browser: Browser, site: Site) -> None:
    """Three lines of it; all of it at a tap, and by keys."""
    with site.log(project="long-names", name=LONG) as run:
        run["loss"].append(1.0)
    with tab(browser, site, viewport=PHONE) as page:
        page.goto(f"/projects/long-names/runs/{label_of(run)}")
        name = page.get_by_role("heading", level=1)
        expect(name).to_have_text(LONG)
        lines = "e => e.getBoundingClientRect().height / parseFloat(getComputedStyle(e).lineHeight)"
        assert round(name.evaluate(lines)) == 3
        page.locator(".long-title > summary").press("Enter")
        expect(page.locator(".long-title")).to_have_attribute("open", "")
        assert round(name.evaluate(lines)) > 10


def test_the_end_of_a_path_stays_readable(browser: Browser, site: Site) -> None:
    """Where a path does not fit, what leads to its last part gives way, and the last part is whole."""
    with site.log(project="long-names", name="paths") as run:
        run["training/hyperparameters/of/the/model/lr"] = 0.1
    with tab(browser, site, viewport=PHONE) as page:
        page.goto(f"/projects/long-names/runs/{label_of(run)}?tab=overview")
        path = page.locator(".overview-values .path", has_text="lr").first
        shown, needed = path.locator(".path-tail").evaluate("e => [e.clientWidth, e.scrollWidth]")
        assert shown >= needed > 0
        assert path.locator(".path-head").evaluate("e => e.clientWidth < e.scrollWidth")


def test_controls_come_with_the_first_chart(browser: Browser, site: Site) -> None:
    """A run without series has nothing to control; the controls are there as soon as a series is."""
    run = site.log(project="long-names", name="no charts yet")
    run["params/lr"] = 0.1
    run.wait()
    with tab(browser, site) as page:
        page.goto(f"/projects/long-names/runs/{label_of(run)}")
        expect(page.get_by_text("No series yet")).to_be_visible()
        expect(page.locator("form.axes")).to_be_hidden()
        run["loss"].append(1.0)
        expect(page.locator("form.axes")).to_be_visible(timeout=20_000)
        run.stop()


def test_drawings_have_readable_letters_on_a_phone(browser: Browser, site: Site) -> None:
    """The pictures of charts without a script, and histograms in narrow cards: no letters below 10 pixels."""
    with site.log(project="long-names", name="drawings") as run:
        run["loss"].extend([1.0, 0.5, 0.25])
    with tab(browser, site, viewport=PHONE, java_script_enabled=False) as page:
        page.goto(f"/projects/long-names/runs/{label_of(run)}")
        picture = page.locator("img.chart-sketch").first
        box = picture.bounding_box()
        assert box is not None
        text = page.request.get(picture.get_attribute("src") or "").text()
    with tab(browser, site, viewport={"width": round(box["width"]), "height": round(box["height"])}) as page:
        page.set_content(text)  # as a picture it has the window that it is drawn in
        sizes = page.locator("svg text").evaluate_all(
            "texts => texts.map((e) => parseFloat(getComputedStyle(e).fontSize) * innerWidth / 500)"
        )
        assert min(sizes) >= 10
