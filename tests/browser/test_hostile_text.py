"""Whatever a client writes is text: it is shown, and never run."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import HOSTILE, Site

PROJECT = quote(f"p {HOSTILE}"[:200], safe="")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        f"/projects/{PROJECT}",
        f"/projects/{PROJECT}/runs/{{label}}",
        f"/projects/{PROJECT}/runs/{{label}}?tab=attributes",
        f"/projects/{PROJECT}/runs/{{label}}?tab=overview",
        f"/projects/{PROJECT}/runs/{{label}}?tab=media",
        f"/projects/{PROJECT}/runs/{{label}}?tab=console",
        f"/projects/{PROJECT}/runs/{{label}}?tab=console&search={quote(HOSTILE)}",
        f"/projects/{PROJECT}/runs/{{label}}?tab=history",
        f"/projects/{PROJECT}/runs/{{label}}/data?path={quote(HOSTILE, safe='')}/metric",
        f"/projects/{PROJECT}?q={quote(HOSTILE)}",
        f"/projects/{PROJECT}?q={quote(HOSTILE)}&sort=val&after=x",
        f"/projects/{PROJECT}/runs/{{label}}?find={quote(HOSTILE)}",
        f"/projects/{PROJECT}/runs/{{label}}?x={quote(HOSTILE)}&tab={quote(HOSTILE)}",
    ],
)
def test_markup_is_inert(page: Page, hostile_run: str, path: str) -> None:
    """Names, paths, tags, values, tracebacks and addresses that hold markup add no element and run no script."""
    answer = page.goto(path.replace("{label}", hostile_run))
    assert answer is not None
    if answer.status == 400:
        pytest.skip("an address that is refused; problems have a test of their own")
    page.wait_for_load_state("networkidle")
    assert "owned" not in page.title() or HOSTILE[:20] in page.title()
    expect(page.locator("img[onerror], body script")).to_have_count(0)


def test_hostile_names_are_shown_as_they_are(page: Page, hostile_run: str) -> None:
    """Escaping loses nothing: the reader sees the characters that were logged, also under the pointer."""
    page.goto(f"/projects/{PROJECT}/runs/{hostile_run}")
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    expect(page.locator(".traceback pre")).to_contain_text(HOSTILE)
    page.wait_for_selector('figure.chart[data-state="ready"] canvas')


def test_the_policy_forbids_inline_script(page: Page, site: Site) -> None:
    """Even markup that slipped through would not run."""
    answer = page.goto("/")
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
