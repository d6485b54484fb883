"""Several runs beside one another: media, nested groups, edits in the table; comments without a script."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, label_of


@pytest.fixture(scope="module")
def pictures(site: Site) -> str:
    """The address of a comparison of two runs with pictures at other steps."""
    labels = []
    for steps in ((0, 10, 20), (5, 15)):
        with site.log(project="beside", name=f"pictures at {steps}") as run:
            for step in steps:
                run["val/pictures"].append(np.full((8, 8), step / 20), step=step)
            run.wait()
            labels.append(label_of(run))
    return "/projects/beside/compare?tab=media&" + "&".join(f"run={label}" for label in labels)


def own_steps(page: Page) -> list[str]:
    """The steps that the runs say they show."""
    return page.locator(".beside-own-step").all_inner_texts()


def test_one_slider_moves_all_runs(page: Page, pictures: str) -> None:
    """Each stands at its nearest step at or before; arrow keys go to the next step of any; the address keeps it."""
    page.goto(pictures)
    assert own_steps(page) == ["step 20", "step 15"]
    images = "[...document.querySelectorAll('.beside-of-run img')]"
    page.wait_for_function(f"() => {images}.every((one) => one.naturalWidth === 8)")
    page.get_by_role("slider", name="Step of all runs").fill("12.5")
    expect(page.locator(".beside-own-step").first).to_have_text("step 10")
    assert own_steps(page) == ["step 10", "step 5"]
    slider = page.get_by_role("slider", name="Step of all runs")
    slider.press("ArrowRight")
    expect(page.locator(".beside-own-step").last).to_have_text("step 15")
    slider.press("Home")
    expect(page.locator("#beside-rows")).to_contain_text("begins later")
    page.get_by_role("link", name="Next step").click()
    expect(page.get_by_role("link", name="Next step")).to_be_focused()
    assert page.url.endswith("step=5")
    page.reload()
    assert own_steps(page) == ["step 0", "step 5"]


def test_media_stand_beside_the_table(page: Page, pictures: str) -> None:
    """The slider moves them there, too, and the table stays."""
    labels = pictures.partition("&")[2]
    page.goto(f"/projects/beside?view=split&tab=media&{labels}")
    page.get_by_role("link", name="Previous step").click()
    expect(page.locator(".stepper-here")).to_have_text("step 15")
    assert own_steps(page) == ["step 10", "step 15"]
    expect(page.locator("#runs .run-row")).to_have_count(2)


def test_media_have_links_and_a_form_without_a_script(plain: Page, pictures: str) -> None:
    """To the steps around, and to any that is typed."""
    plain.goto(pictures)
    plain.get_by_role("link", name="First step").click()
    expect(plain.locator(".stepper-here")).to_have_text("step 0")
    plain.get_by_role("spinbutton", name="Step of all runs").fill("16")
    plain.get_by_role("button", name="Show").click()
    assert own_steps(plain) == ["step 10", "step 15"]


def test_comments_are_added_and_deleted_without_a_script(plain: Page, site: Site) -> None:
    """By forms of the run's Events tab."""
    with site.log(project="comments", name="commented") as run:
        run["loss"].append(1.0)
        run.wait()
        label = label_of(run)
    plain.goto(f"/projects/comments/runs/{label}?tab=events")
    plain.get_by_role("textbox", name="Comment").fill("diverges")
    plain.get_by_role("spinbutton", name="At step").fill("12")
    plain.get_by_role("button", name="Add comment").click()
    expect(plain.locator("#run-events")).to_contain_text("diverges")
    expect(plain.locator("#run-events")).to_contain_text("step 12")
    plain.get_by_role("button", name="Delete the comment diverges").click()
    expect(plain.locator("#run-events")).not_to_contain_text("diverges")


def test_descriptions_and_group_tags_are_edited_in_the_table(page: Page, site: Site) -> None:
    """Lines of a description stay lines; the page of the run says the same."""
    with site.log(project="described", name="described") as run:
        run["sys/description"] = "first line\nsecond line " + "long " * 300
        run.wait()
        label = label_of(run)
    page.goto("/projects/described?column=sys/description&column=sys/group_tags")
    row = page.locator(f"#row-{label}")
    row.hover()
    page.get_by_role("button", name=f"Description of {label}").click()
    box = page.get_by_role("textbox", name=f"Description of {label}")
    expect(box).to_have_value("first line\nsecond line " + "long " * 300)
    box.fill("one")
    box.press("Shift+Enter")
    box.press_sequentially("two")
    box.press("Enter")
    expect(row).to_contain_text("one")
    row.hover()
    page.get_by_role("button", name=f"Group tags of {label}").click()
    page.get_by_role("textbox", name=f"Group tags, with commas between of {label}").fill("ablation, sweep 3")
    page.keyboard.press("Enter")
    expect(row).to_contain_text("sweep 3")
    page.goto(f"/projects/described/runs/{label}")
    expect(page.locator("#run-header")).to_contain_text("one\ntwo", use_inner_text=True)
    expect(page.locator("#run-header .tag-group")).to_have_count(2)


def test_a_long_name_is_edited_whole(page: Page, site: Site) -> None:
    """The table cuts it; what is edited, and kept, is all of it."""
    name = "n" * 250
    with site.log(project="renamed", name=name) as run:
        run.wait()
        label = label_of(run)
    page.goto("/projects/renamed")
    page.locator(f"#row-{label}").hover()
    page.get_by_role("button", name=f"Rename {label}").click()
    box = page.get_by_role("textbox", name=f"Name of {label}")
    expect(box).to_have_value(name)
    box.fill(f"{name}!")
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        box.press("Enter")
    page.goto(f"/projects/renamed/runs/{label}")
    expect(page.locator("h1")).to_have_text(f"{name}!")


def test_charts_are_grouped_by_several_attributes(page: Page, site: Site) -> None:
    """One choice after the other; each combination is a line, and says how many runs it is."""
    page.goto("/projects/mnist/compare?" + "&".join(f"run={label}" for label in site.labels[:12]))
    page.get_by_text("Options", exact=True).click()
    page.get_by_label("Group runs by").select_option("params/lr")
    expect(page.locator("[data-group-key]")).to_have_count(3)
    page.get_by_text("Options", exact=True).click()
    page.get_by_label("then by").select_option("params/optimizer/name")
    expect(page.locator("[data-group-key]")).to_have_count(6)
    expect(page.locator("[data-group-key]").first).to_contain_text("lr = 0.0001, name = adam")
    expect(page.locator("[data-group-key]").first).to_contain_text("n = 2")
