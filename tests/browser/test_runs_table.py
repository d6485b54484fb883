"""From the list of projects through the table to a comparison, as a person clicks it."""

from __future__ import annotations

import re
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.browser.conftest import Site


def names(page: Page) -> list[str]:
    """The names of the runs in the table, from the top."""
    return page.locator("#runs .run-link").all_inner_texts()


def query_of(page: Page) -> dict[str, list[str]]:
    """What the address asks for."""
    return parse_qs(urlsplit(page.url).query)


def test_from_projects_to_a_comparison(page: Page, site: Site) -> None:
    """The main way through the pages works: projects, table, sort, filter, tick, compare."""
    page.goto("/")
    page.get_by_role("link", name="mnist", exact=True).click()
    expect(page.locator("#runs .run-row")).to_have_count(len(site.labels))

    page.get_by_role("link", name="Sort by val/loss").click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("val/loss")
    page.wait_for_url(re.compile("sort=val(/|%2F)loss"))
    assert names(page)[0] == "cnn-54"
    page.get_by_role("link", name="Sort by val/loss").click()
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("val/loss")
    assert names(page)[0] == "cnn-00"

    page.get_by_role("searchbox", name="Filter runs").fill("`params/lr`:float = 0.001")
    page.keyboard.press("Enter")
    expect(page.locator("#runs .run-row")).to_have_count(18)
    assert query_of(page)["sort"] == ["val/loss"]

    for label in ("MNIST-2", "MNIST-5", "MNIST-8"):
        page.get_by_role("checkbox", name=f"Show {label} in charts", exact=True).check()
    expect(page.locator("[data-compare-count]")).to_have_text("3 runs to compare")
    page.get_by_role("button", name="Compare").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("3 runs compared")
    expect(page.locator("#legend li")).to_have_count(3)
    page.wait_for_selector('figure.chart[data-path="val/loss"][data-state="ready"] canvas')
    page.get_by_role("link", name="Parameters").click()
    expect(page.locator(".difference-group").first).not_to_contain_text("params/lr")


def test_a_comparison_shows_differences_first_and_all_on_demand(page: Page, site: Site) -> None:
    """Parameters that are alike stay hidden until they are asked for."""
    page.goto("/projects/mnist/compare?run=MNIST-1&run=MNIST-2&tab=parameters")
    rows = page.locator(".difference-group").first.locator("tbody th")
    expect(rows).to_have_text(["params/lr", "params/optimizer/name"])
    page.get_by_role("link", name="All", exact=True).click()
    expect(rows).to_have_text(["params/lr", "params/optimizer/name", "params/epochs"])


def test_a_mistake_in_the_filter_is_explained_under_it(page: Page, site: Site) -> None:
    """The query stays in its box, and the message points at the place."""
    page.goto("/projects/mnist")
    box = page.get_by_role("searchbox", name="Filter runs")
    box.fill("`params/lr`:float >> 0.001")
    box.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("xpected")
    expect(page.locator(".mistake mark")).to_have_text(">")
    expect(box).to_have_value("`params/lr`:float >> 0.001")
    page.get_by_role("alert").get_by_role("link", name=f"Show all {len(site.labels)} runs").click()
    expect(page.locator("#runs .run-row")).to_have_count(len(site.labels))
    box.fill("params/lr >")
    box.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("xpected")
    box.fill("")
    box.press("Enter")
    expect(page.locator("#runs .run-row")).to_have_count(len(site.labels))


def test_columns_are_chosen_and_kept_in_the_address(page: Page, site: Site) -> None:
    """A table with other columns is a link like any other; columns are found by words and by globs."""
    page.goto("/projects/mnist")
    page.locator("#columns > summary").click()
    find = page.get_by_role("searchbox", name="Find a column")
    find.fill("host SYS")
    expect(page.locator("#column-choices .choice")).to_have_count(1)
    page.locator("#column-choices .choice", has_text="sys/hostname").click()
    expect(page.locator("#runs thead")).to_contain_text("sys/hostname")
    page.wait_for_url(re.compile("column=sys(/|%2F)hostname"))
    find.fill("val/*")
    expect(page.locator("#column-choices .choice")).to_have_text(["val/accuracyseries", "val/lossseries"])
    page.reload()
    expect(page.locator("#runs thead")).to_contain_text("sys/hostname")
    expect(page.locator("#runs thead")).to_contain_text("params/lr")


def heads(page: Page) -> list[str]:
    """The columns beside the fixed ones, from the left."""
    found = page.locator("#runs thead th[data-column]").evaluate_all("all => all.map(one => one.dataset.column)")
    return [head for head in found if head not in ("sys/name", "sys/state", "sys/creation_time")]


def test_the_menu_of_a_column_changes_it(page: Page, site: Site) -> None:
    """What is shown of a series, its place, its colour scale, its pin; the browser's back button undoes each."""
    page.goto("/projects/mnist?column=params/lr&column=val/loss&column=val/accuracy")
    choose(page, "val/loss", "Show min")
    expect(page.locator('th[data-column="min(val/loss)"]')).to_be_visible()
    choose(page, "min(val/loss)", "Move left")
    expect(page.locator("#runs thead th[data-column]").nth(3)).to_have_attribute("data-column", "min(val/loss)")
    choose(page, "val/accuracy", "Pin to the left")
    expect(page.locator("#runs thead th[data-column]").nth(3)).to_have_attribute("data-column", "val/accuracy")
    choose(page, "min(val/loss)", "Colour scale")
    expect(page.locator("#runs td.heat-6").first).to_be_visible()
    choose(page, "min(val/loss)", "Show the curve")
    expect(page.locator("#runs .sparkline").first).to_be_visible()
    choose(page, "params/lr", "Remove")
    expect(page.locator('th[data-column="params/lr"]')).to_have_count(0)
    page.go_back()
    expect(page.locator('th[data-column="params/lr"]')).to_have_count(1)
    page.go_back()
    expect(page.locator("#runs .sparkline")).to_have_count(0)


def choose(page: Page, column: str, item: str) -> None:
    """Pick an item of a column's menu."""
    page.get_by_role("button", name=f"Column {column}", exact=True).click()
    page.get_by_role("menu").get_by_text(item, exact=True).click()


def test_several_keys_sort_together(page: Page, site: Site) -> None:
    """With the shift key a head is one more key; the heads say which comes first."""
    page.goto("/projects/mnist?column=params/lr&column=val/loss&sort=params/lr")
    page.get_by_role("link", name="Sort by val/loss").click(modifiers=["Shift"])
    expect(page.locator('th[data-column="val/loss"] .sort-position')).to_have_text("2")
    rows = page.locator("#runs .run-row")
    assert names(page)[:2] == ["cnn-53", "cnn-50"]
    expect(rows.first).to_contain_text("0.01")


def test_groups_open_into_their_runs(page: Page, site: Site) -> None:
    """Nested groups say how many runs they have and what these amount to; one group can be looked at alone."""
    page.goto("/projects/mnist?column=val/loss&rows=params/optimizer/name&rows=params/lr")
    rows = page.locator("#runs .group-row")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("28 runs")
    expect(rows.first.locator(".group-n")).to_have_text("n 28")
    rows.first.locator(".group-toggle").click()
    expect(rows).to_have_count(5)
    rows.nth(1).locator(".group-toggle").click()
    expect(page.locator("#runs .run-row")).to_have_count(10)
    rows.nth(1).locator(".group-count").click()
    expect(page.locator("#runs .group-row")).to_have_count(0)
    expect(page.locator(".within")).to_contain_text("params/lr")
    expect(page.locator("#runs .run-row")).to_have_count(10)


def test_conditions_are_written_as_a_query(page: Page, site: Site) -> None:
    """The builder writes the language, and reads it again where it is a plain list of conditions."""
    page.goto("/projects/mnist")
    page.locator("#builder > summary").click()
    page.get_by_label("Attribute", exact=True).fill("params/optimizer/name")
    page.get_by_label("Value", exact=True).fill("adam")
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_label("Attribute", exact=True).nth(1).fill("min(val/loss)")
    page.get_by_label("Comparison", exact=True).nth(1).select_option("<")
    page.get_by_label("Value", exact=True).nth(1).fill("0.2")
    page.locator("[data-builder-apply]").click()
    expect(page.locator("#query")).to_have_value('`params/optimizer/name` = "adam" AND min(`val/loss`) < 0.2')
    expect(page.locator("#runs .run-row")).to_have_count(7)
    page.locator("#builder > summary").click()
    expect(page.get_by_label("Attribute", exact=True)).to_have_count(2)
    expect(page.get_by_label("Value", exact=True).nth(1)).to_have_value("0.2")


def test_a_view_is_saved_and_opened_again(page: Page, site: Site) -> None:
    """A view is a name for an address, and everybody finds it in the menu."""
    page.goto("/projects/mnist?q=cnn-0&column=val/loss&sort=val/loss&order=ascending")
    page.locator("#views > summary").click()
    page.get_by_role("textbox", name="Name of the view").fill("first ones")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="first ones")).to_be_visible()
    page.goto("/projects/mnist")
    page.locator("#views > summary").click()
    page.get_by_role("link", name="first ones").click()
    expect(page.locator("#runs .run-row")).to_have_count(10)
    assert names(page)[0] == "cnn-00"
    page.locator("#views > summary").click()
    page.get_by_role("button", name="Delete the view first ones").click()
    expect(page.get_by_role("link", name="first ones")).to_have_count(0)


def test_widths_are_kept_in_the_address(page: Page, site: Site) -> None:
    """A column is as wide as one last made it, by the keys as well."""
    page.goto("/projects/mnist?column=val/loss&width=200:val/loss")
    head = page.locator('th[data-column="val/loss"]')
    assert head.evaluate("one => one.getBoundingClientRect().width") == 200
    page.get_by_role("separator", name="Width of val/loss").press("ArrowRight")
    page.wait_for_url(re.compile("width=220"))
    assert head.evaluate("one => one.getBoundingClientRect().width") == 220


def test_a_column_is_as_wide_as_one_pulls_it(page: Page, site: Site) -> None:
    """Its edge follows the pointer; a double click gives it the width of its cells back."""
    page.goto("/projects/mnist?column=val/loss")
    head = page.locator('th[data-column="val/loss"]')
    edge = page.get_by_role("separator", name="Width of val/loss")
    box, before = edge.bounding_box(), width_of(head)
    assert box is not None
    page.mouse.move(box["x"] + 3, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] - 27, box["y"] + 8)
    page.mouse.up()
    expect(page).to_have_url(re.compile("width="))
    assert abs(width_of(head) - (before - 30)) <= 1
    edge.dblclick()
    expect(page).not_to_have_url(re.compile("width="))
    assert width_of(head) == before


def width_of(element: Locator) -> float:
    """In pixels."""
    width: float = element.evaluate("one => one.getBoundingClientRect().width")
    return width


def test_names_and_pinned_columns_stay_in_view(page: Page, site: Site) -> None:
    """However far one scrolls to the right, in the heads as in the rows, beside and not over one another."""
    page.set_viewport_size({"width": 1024, "height": 700})
    columns = "&".join(f"column=val/loss&column={name}(val/loss)" for name in ("min", "max", "mean", "count"))
    page.goto(f"/projects/mnist?{columns}&column=params/lr&pin=params/lr")
    page.locator("#runs [data-scroll]").evaluate("one => one.scrollLeft = 10_000")
    for row in (page.locator("#runs thead tr"), page.locator("#runs .run-row").first):
        held = row.locator(".cell-tick, .cell-eye, .cell-run, .is-pinned")
        sides = held.evaluate_all(
            "all => all.map(one => one.getBoundingClientRect()).map(({left, right}) => [left, right])"
        )
        assert len(sides) == 4
        assert all(abs(right - left) <= 1 for (_, right), (left, _) in pairwise(sides))
        expect(held.last).to_be_in_viewport()


def test_the_table_is_usable_by_keys_alone(page: Page, site: Site) -> None:
    """j and k move, x opens an eye, / goes to the filter, ? lists the keys."""
    page.goto("/projects/mnist")
    expect(page.locator("#runs .run-row").first).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.wait_for_url(re.compile("run=MNIST-54"))
    page.keyboard.press("k")
    page.keyboard.press("x")
    expect(page.locator("[data-compare-count]")).to_have_text("2 runs to compare")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Next run")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#query")).to_be_focused()


def test_eyes_stay_open_while_sorting_and_filtering(page: Page, site: Site) -> None:
    """What is chosen in one order is compared together with what is chosen in the next."""
    page.goto("/projects/mnist")
    page.get_by_role("checkbox", name="Show MNIST-55 in charts", exact=True).check()
    page.get_by_role("searchbox", name="Filter runs").fill("cnn-00")
    page.keyboard.press("Enter")
    expect(page.locator("#runs .run-row")).to_have_count(1)
    page.get_by_role("checkbox", name="Show MNIST-1 in charts", exact=True).check()
    expect(page.locator("[data-compare-count]")).to_have_text("2 runs to compare")
    assert query_of(page)["run"] == ["MNIST-55", "MNIST-1"]
    page.go_back()
    expect(page.locator("#runs .run-row")).to_have_count(len(site.labels))


def test_one_run_alone_cannot_be_compared(page: Page, site: Site) -> None:
    """The button says so by being off."""
    page.goto("/projects/mnist")
    expect(page.get_by_role("button", name="Compare")).to_be_disabled()
    page.get_by_role("checkbox", name="Show MNIST-55 in charts", exact=True).check()
    expect(page.get_by_role("button", name="Compare")).to_be_disabled()
    page.get_by_role("checkbox", name="Show MNIST-54 in charts", exact=True).check()
    expect(page.get_by_role("button", name="Compare")).to_be_enabled()
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_role("button", name="Compare")).to_be_disabled()


def test_table_and_charts_stand_side_by_side(page: Page, site: Site) -> None:
    """An eye that is opened or closed is a curve more or less; parts of the comparison change in place."""
    page.goto("/projects/mnist?view=split&q=cnn-0&column=val/loss")
    expect(page.locator("#legend .legend-run")).to_have_count(10)
    page.wait_for_selector('figure.chart[data-path="val/loss"] canvas')
    page.get_by_role("checkbox", name="Show MNIST-1 in charts", exact=True).uncheck()
    expect(page.locator("#legend .legend-run")).to_have_count(9)
    assert len(query_of(page)["run"]) == 9
    page.locator("#pane").get_by_role("link", name="Groups").click()
    expect(page.locator(".verdict")).to_be_visible()
    expect(page.locator("#runs .run-row")).to_have_count(10)
    page.go_back()
    expect(page.locator("#legend .legend-run")).to_have_count(9)


def test_a_stretch_of_an_axis_leaves_runs_out(page: Page, site: Site) -> None:
    """Brushing parallel coordinates fades the runs that do not pass, by pointer and by keys."""
    labels = "&".join(f"run={label}" for label in site.labels[:12])
    page.goto(f"/projects/mnist/compare?{labels}&tab=relations&target=val/loss")
    zone = page.locator(".brush-zone").last
    zone.focus()
    for _ in range(12):
        page.keyboard.press("ArrowUp")
    expect(page.locator("[data-brushed]")).to_contain_text("of 12 runs pass")
    assert 0 < page.locator(".is-brushed-out").count() < 12
    page.keyboard.press("Escape")
    expect(page.locator(".is-brushed-out")).to_have_count(0)


def test_ticked_runs_are_tagged_trashed_and_restored(page: Page, site: Site) -> None:
    """In bulk, with a way back; a trashed run is in no list but the trash."""
    for number in range(3):
        with site.log(project="bulk", name=f"bulk-{number}") as run:
            run["a"] = number
    page.goto("/projects/bulk?column=a")
    page.get_by_role("checkbox", name="Tick BULK-1").check()
    page.get_by_role("checkbox", name="Tick BULK-2").check()
    page.get_by_role("textbox", name="Tag", exact=True).fill("keep & <b>")
    page.get_by_role("button", name="Add tag").click()
    expect(page.locator("#row-BULK-1 .tag")).to_have_text("keep & <b>")
    page.get_by_role("checkbox", name="Tick BULK-2").check()
    page.get_by_role("button", name="Move to trash").click()
    expect(page.locator("#runs .run-row")).to_have_count(2)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#runs .run-row")).to_have_count(3)
    page.get_by_role("checkbox", name="Tick BULK-3").check()
    page.get_by_role("button", name="Move to trash").click()
    expect(page.locator("#runs .run-row")).to_have_count(2)
    page.goto("/projects/bulk?trash=1")
    page.get_by_role("checkbox", name="Tick BULK-3").check()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()


def test_names_are_changed_where_they_stand(page: Page, site: Site) -> None:
    """Enter keeps what was typed, Escape does not; the next look shows it."""
    with site.log(project="names", name="before") as run:
        run["a"] = 1
    page.goto("/projects/names")
    row = page.locator("#row-NAMES-1")
    row.hover()
    page.get_by_role("button", name="Rename NAMES-1").click()
    page.get_by_role("textbox", name="Name of NAMES-1").fill("after <i>")
    page.keyboard.press("Enter")
    expect(row.locator(".run-link")).to_have_text("after <i>")
    page.get_by_role("button", name="Rename NAMES-1").click()
    page.get_by_role("textbox", name="Name of NAMES-1").fill("never")
    page.keyboard.press("Escape")
    page.reload()
    expect(row.locator(".run-link")).to_have_text("after <i>")


def scroll_down(page: Page, pages: int) -> None:
    """To the end of what is loaded, again and again, until so many pages of rows are in the document."""
    for number in range(1, pages + 1):
        page.locator("#runs [data-scroll]").evaluate("one => one.scrollTop = one.scrollHeight")
        expect(page.locator("#runs tbody.rows").nth(number)).to_be_attached()


def test_rows_follow_as_one_scrolls_and_the_document_stays_small(page: Page, many_runs: str) -> None:
    """Pages are loaded near the window and taken out far from it; going back shows the first run again."""
    page.goto(f"{many_runs}/projects/sweep?column=val/loss")
    scroller = page.locator("#runs [data-scroll]")
    expect(page.locator("#runs .run-row").first).to_contain_text("SWEEP-2000")
    scroll_down(page, 10)
    assert page.locator("#runs .run-row").count() < 450
    scroller.evaluate("one => one.scrollTop = 0")
    expect(page.locator("#row-SWEEP-2000")).to_be_visible()


def test_a_slow_page_of_rows_holds_up_no_other(page: Page, many_runs: str) -> None:
    """What one has scrolled past is given up, so that what is in view now need not wait for it."""
    page.goto(f"{many_runs}/projects/sweep?column=val/loss")
    scroller = page.locator("#runs [data-scroll]")
    scroll_down(page, 6)
    expect(page.locator("#row-SWEEP-2000")).not_to_be_attached()
    page.route("**/projects/sweep?*after=*", lambda route: None)  # never answered
    scroller.evaluate("one => one.scrollTop = one.scrollHeight")
    scroller.evaluate("one => one.scrollTop = 0")
    expect(page.locator("#row-SWEEP-2000")).to_be_visible()


def box_of(element: Locator) -> FloatRect:
    """Where an element stands in the window."""
    box = element.bounding_box()
    assert box is not None
    return box


def test_heads_over_closed_groups_are_as_wide_as_over_runs(page: Page, site: Site) -> None:
    """Opening a group moves no head: those that every table has keep the room of what stands below them."""
    page.goto("/projects/mnist?column=val/loss&rows=params/optimizer/name")
    heads = page.locator("#runs thead th").evaluate_all("all => all.map(one => one.getBoundingClientRect().width)")
    run, state, started, _, tags = heads[2:7]
    assert run >= 200
    assert min(state, started, tags) >= 80


def test_the_name_of_a_group_stays_in_view(page: Page, site: Site) -> None:
    """Like the names of runs: columns pass below it."""
    page.set_viewport_size({"width": 800, "height": 700})
    columns = "&".join(f"column={name}(val/loss)" for name in ("min", "max", "mean", "variance", "count"))
    page.goto(f"/projects/mnist?{columns}&rows=params/optimizer/name")
    name = page.locator("#runs .cell-group").first
    before = box_of(name)
    page.locator("[data-scroll]").evaluate("table => table.scrollTo(10000, 0)")
    assert page.locator("[data-scroll]").evaluate("table => table.scrollLeft") > 100
    assert box_of(name) == before


def test_nothing_moves_when_a_row_is_pointed_at(page: Page, site: Site) -> None:
    """Its pencils have their room before they come."""
    page.goto("/projects/mnist?column=params/lr&column=val/loss")
    last = page.locator('th[data-column="val/loss"]')
    before = box_of(last)
    row = page.locator("#runs .run-row").nth(2)
    row.hover()
    expect(row.locator("[data-edit=tags]")).to_be_visible()
    assert box_of(last) == before


def test_on_a_telephone_names_stay_and_all_bars_are_in_view(page: Page, site: Site) -> None:
    """390 px: the column of names stays where others are scrolled away, and no bar covers another."""
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/projects/mnist?column=params/lr&column=val/loss")
    name = page.locator("#runs .run-link").first
    page.locator("[data-scroll]").evaluate("table => table.scrollTo(10000, 0)")
    assert 0 <= box_of(name)["x"] < 100
    page.locator("[data-scroll]").evaluate("table => table.scrollTo(0, 0)")
    page.locator("#runs .run-row .tick").first.check()
    trash, bar = box_of(page.get_by_role("button", name="Move to trash")), box_of(page.locator("#compare"))
    assert trash["y"] + trash["height"] <= bar["y"]


def test_a_pattern_that_finds_no_column_is_explained(page: Page, site: Site) -> None:
    """One star does not go over a slash, which the panel says when nothing fits."""
    page.goto("/projects/mnist")
    page.locator("#columns > summary").click()
    find = page.get_by_role("searchbox", name="Find a column")
    find.fill("val*")
    expect(page.locator("#column-choices")).to_contain_text("** goes over it")
    find.fill("zzz")
    expect(page.locator("#column-choices")).to_contain_text("has these words")
