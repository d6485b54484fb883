"""Large namespaces in the tree of a run's attributes come when they are opened."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site, label_of

PATIENCE_MS = 20_000
LAYERS = 450
FIRST_RENEWAL = """
() => new Promise((resolve) => {
  const look = () => (renewals > 0 ? resolve() : setTimeout(look, 50));
  look();
})
"""
COUNT_RENEWALS = """
window.renewals = 0;
document.addEventListener("htmx:afterSettle", ({ target }) => { if (target.id === "attributes") renewals += 1; });
"""


def test_a_large_namespace_comes_in_parts_and_stays(page: Page, site: Site) -> None:
    """With more of it asked for, it is still there when the run has grown; find looks into what is not there."""
    run = site.log(project="wide", name="wide")
    run["layers"].append({f"{number:04}": 0.5 for number in range(LAYERS)}, step=0)
    run["params"] = {"a": 1, "b": 2}
    run.wait()
    page.add_init_script(COUNT_RENEWALS)
    page.goto(f"/projects/wide/runs/{label_of(run)}?tab=attributes")
    page.evaluate(FIRST_RENEWAL)  # the one that comes when the stream of events opens
    layers = page.locator('details[data-namespace="layers"]')
    expect(layers.locator(".attribute")).to_have_count(0)
    layers.locator("summary").click()
    expect(layers.locator(".attribute")).to_have_count(200)
    layers.get_by_role("link", name="250 more").click()
    expect(layers.locator(".attribute")).to_have_count(400)

    run["other"] = {"c": 3, "d": 4}
    expect(page.locator('details[data-namespace="other"]')).to_be_visible(timeout=PATIENCE_MS)
    expect(layers.locator(".attribute")).to_have_count(400)
    expect(layers.get_by_role("link", name="50 more")).to_be_visible()
    run.stop()

    layers.locator("summary").click()
    page.get_by_role("searchbox", name="Find attributes and charts").fill("layers 0449")
    expect(page.locator("#attributes .attribute")).to_have_count(1)


def test_a_large_namespace_has_a_page_without_javascript(browser: Browser, site: Site) -> None:
    """Links lead into it, through it, and back."""
    with site.log(project="wide", name="plain") as run:
        run["layers"].append({f"{number:04}": 0.5 for number in range(LAYERS)}, step=0)
    context = browser.new_context(java_script_enabled=False, base_url=site.url)
    page = context.new_page()
    page.goto(f"/projects/wide/runs/{label_of(run)}?tab=attributes")
    page.locator('details[data-namespace="layers"] summary').click()
    page.get_by_role("link", name="Show 450 attributes").click()
    expect(page.locator("#attributes .attribute")).to_have_count(200)
    page.get_by_role("link", name="250 more").click()
    expect(page.locator('#attributes .attribute[title="layers/0200"]')).to_be_visible()
    page.get_by_role("link", name="All attributes").click()
    expect(page.locator('details[data-namespace="layers"]')).to_be_visible()
    context.close()
