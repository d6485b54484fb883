"""Whatever a client writes is text: it is shown on every page, and runs on none."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import HOSTILE, Site
from tests.everything import Logged

PROJECT = quote(f"p {HOSTILE}"[:200], safe="")
# Elements and attributes that only markup in a text could have brought in.
STRANGE = "img[onerror], body script, [onclick], [onload], a[href^='javascript:' i], a[href^='data:' i], img[src^=http]"


def test_no_page_runs_what_was_logged(page: Page, hostile: Logged) -> None:
    """Each field that a client can write holds markup: no page has an element of it, and no script has run."""
    found = []
    for address in hostile.pages():
        answer = page.goto(address, wait_until="networkidle")
        assert answer is not None
        assert answer.status < 400, address
        strange = page.locator(STRANGE).evaluate_all("all => all.map(one => one.outerHTML.slice(0, 200))")
        if strange or page.evaluate("window.__owned !== undefined || document.title === 'owned'"):
            found.append((address, strange))
    assert found == []


@pytest.mark.parametrize(
    "path",
    [
        f"/projects/{PROJECT}?q={quote(HOSTILE)}",
        f"/projects/{PROJECT}?q={quote(HOSTILE)}&sort=val&after=x",
        f"/projects/{PROJECT}?column={quote(HOSTILE)}&rows={quote(HOSTILE)}",
        f"/projects/{PROJECT}/runs/{{label}}?find={quote(HOSTILE)}",
        f"/projects/{PROJECT}/runs/{{label}}?tab=console&search={quote(HOSTILE)}",
        f"/projects/{PROJECT}/runs/{{label}}/data?path={quote(HOSTILE, safe='')}/metric",
        f"/projects/{PROJECT}/runs/{{label}}?x={quote(HOSTILE)}&tab={quote(HOSTILE)}",
        f"/search?q={quote(HOSTILE)}&tab=logs",
        f"/{quote(HOSTILE, safe='')}",
    ],
)
def test_markup_in_an_address_is_inert(page: Page, hostile: Logged, path: str) -> None:
    """What somebody puts into a link for another to follow is shown as text, also where it is a mistake."""
    answer = page.request.get(path.replace("{label}", hostile.labels[0]))
    assert answer.status < 500
    if answer.status < 400:
        page.goto(path.replace("{label}", hostile.labels[0]), wait_until="networkidle")
        expect(page.locator(STRANGE)).to_have_count(0)
    assert "<script>document" not in answer.text()
    assert "<img src=x" not in answer.text()


def test_hostile_names_are_shown_as_they_are(page: Page, hostile: Logged) -> None:
    """Escaping loses nothing: the reader sees the characters that were logged, also under the pointer."""
    page.goto(f"/projects/{PROJECT}/runs/{hostile.labels[0]}?tab=charts")
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    expect(page.locator(".traceback pre")).to_contain_text(HOSTILE)
    page.wait_for_selector('figure.chart[data-state="ready"] canvas')


def test_the_palette_shows_text(page: Page, hostile: Logged) -> None:
    """Results that scripts put into the page are text as well."""
    page.goto("/")
    page.keyboard.press("Control+k")
    page.keyboard.type("document.title")
    page.locator(".palette-group").first.wait_for()
    expect(page.locator(STRANGE)).to_have_count(0)


def test_terminal_sequences_are_no_text(page: Page, hostile: Logged) -> None:
    """What would colour a terminal, name its window or link from it is left out; the text between stays."""
    page.goto(f"/projects/{PROJECT}/runs/{hostile.labels[0]}?tab=console", wait_until="networkidle")
    shown = page.locator("#content").inner_text()
    assert "epoch 3: <script>" in shown
    assert "\x1b" not in shown
    assert page.locator("#content a[href*=alert]").count() == 0


@pytest.mark.parametrize("kind", ["page", "drawing"])
def test_a_file_that_runs_reaches_nothing(page: Page, hostile: Logged, kind: str) -> None:
    """HTML and SVG run in an origin of their own: neither the page around them, nor cookies, storage or the network."""
    path = quote(f"files/{hostile.path}/{kind}", safe="")
    page.goto(f"/projects/{PROJECT}/runs/{hostile.labels[0]}?tab=files&path={path}", wait_until="networkidle")
    frame = page.locator("iframe.file-frame").first
    frame.scroll_into_view_if_needed()
    inside = frame.content_frame.locator("[data-found]")
    inside.wait_for(state="attached")
    found = json.loads(inside.get_attribute("data-found") or "{}")
    assert found == {"ran": True, "origin": "null", "parent": False, "top": False, "cookie": False, "storage": False}
    assert page.evaluate("window.__owned") is None
    assert frame.get_attribute("sandbox") == "allow-scripts"


@pytest.mark.parametrize("kind", ["page", "drawing", "markdown", "text", "json", "any"])
def test_a_file_is_never_a_page_of_ours(page: Page, hostile: Logged, kind: str) -> None:
    """Opened by its address, what was uploaded is a download or stands in a sandbox, whatever it is called."""
    address = f"/api/runs/{hostile.labels[0]}/files?path={quote(f'files/{hostile.path}/{kind}', safe='')}"
    plain = page.request.get(address)
    assert plain.status == 200
    assert plain.headers["content-disposition"].startswith("attachment")
    assert plain.headers["content-type"] == "application/octet-stream"
    assert plain.headers["x-content-type-options"] == "nosniff"
    viewed = page.request.get(f"{address}&view=true")
    if not viewed.headers["content-disposition"].startswith("attachment"):
        assert viewed.headers["content-security-policy"].startswith("sandbox allow-scripts;")


def test_the_saved_report_runs_nothing(page: Page, hostile: Logged) -> None:
    """A report that is opened as a file has no server to protect it: it forbids scripts itself, and has none."""
    answer = page.request.get(f"/projects/{PROJECT}/dashboards/{hostile.dashboards[1]}/export.html")
    page.set_content(answer.text())
    expect(page.locator(f"{STRANGE}, script, [src^=http]")).to_have_count(0)
    assert page.evaluate("window.__owned === undefined && document.title !== 'owned'")


def test_the_policy_forbids_inline_script(page: Page, site: Site) -> None:
    """Even markup that slipped through would not run."""
    answer = page.goto("/")
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
