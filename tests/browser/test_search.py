"""The palette opens by keys, finds while one types, and leads there."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Site


def test_the_palette_by_keys_alone(page: Page, site: Site) -> None:
    """Ctrl-K, a few letters, an arrow, Enter."""
    page.goto(site.url)
    page.keyboard.press("Control+k")
    page.keyboard.type("cnn-07")
    result = page.locator(".palette-group .palette-result", has_text="cnn-07")
    expect(result).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#palette-logs")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("cnn-07")


def test_what_was_typed_last_is_found(page: Page, site: Site) -> None:
    """Though the answer to the first letters comes late."""
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if route.request.url.endswith("q=c") and not held:
            held.append(route)
        else:
            route.continue_()

    page.goto(site.url)
    page.route("**/search?*", hold_the_first)
    page.keyboard.press("Control+k")
    with page.expect_request("**/search?q=c"):
        page.keyboard.type("c")
    page.keyboard.type("nn-07")
    page.wait_for_timeout(300)  # longer than the palette waits for another letter
    held[0].continue_()
    expect(page.locator(".palette-group .palette-result").first).to_contain_text("cnn-07")


def test_the_palette_closes(page: Page, site: Site) -> None:
    """By Escape and by the same keys."""
    page.goto(site.url)
    for closing in ("Escape", "Control+k"):
        page.keyboard.press("Control+k")
        expect(page.locator("#palette")).to_be_visible()
        page.keyboard.press(closing)
        expect(page.locator("#palette")).to_be_hidden()
