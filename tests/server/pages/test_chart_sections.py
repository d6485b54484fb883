"""Charts stand in sections that a reader would make."""

from __future__ import annotations

import json

from starlette.datastructures import QueryParams

from tidelog_server.pages.chart_sections import EXPRESSIONS, OPEN_CHARTS, PAGE_CHARTS, Charts, charts_of
from tidelog_server.pages.chart_view import view_from


def sections(*paths: str) -> dict[str, list[str]]:
    """Titles of the sections, in order, with the titles of their charts."""
    charts = charts_of(paths, project="p", labels=["P-1"])
    return {section.title: [chart.title for chart in section.charts] for section in charts.sections}


def test_a_section_is_a_namespace() -> None:
    """Its charts are named by what is below it; series without a namespace come first."""
    assert sections("train/loss", "val/loss", "train/accuracy", "lr") == {
        "Top level": ["lr"],
        "train": ["accuracy", "loss"],
        "val": ["loss"],
    }


def test_a_common_namespace_around_all_is_divided() -> None:
    """Lightning logs everything below one prefix: training comes before validation and test, counters last."""
    found = sections(*(f"training/{path}" for path in ("epoch", "test/acc", "train/acc", "train/loss", "val/acc")))
    assert list(found) == ["training/train", "training/val", "training/test", "training"]


def test_many_namespaces_of_one_chart_share_a_section() -> None:
    """Fifty layers are not fifty headings."""
    found = sections(*(f"layers/{number:02d}/norm" for number in range(50)))
    assert list(found) == ["layers"]
    assert found["layers"][7] == "07/norm"


def charts(paths: list[str], address: str = "") -> Charts:
    """The charts of a page at this address."""
    return charts_of(paths, project="p", labels=["P-1"], view=view_from(QueryParams(address)))


def test_sections_beyond_the_first_charts_are_closed_and_cost_a_line() -> None:
    """Five thousand metrics are headings until somebody opens one; the address keeps which are open."""
    paths = [f"n{space:02d}/m{number}" for space in range(50) for number in range(100)]
    found = charts(paths)
    assert sum(len(section.charts) for section in found.sections) <= OPEN_CHARTS
    assert [section.is_open for section in found.sections] == [True] + [False] * 49
    assert (found.total, {section.total for section in found.sections}) == (5000, {100})
    opened = charts(paths, "open=n07&fold=n00")
    assert [section.title for section in opened.sections if section.charts] == ["n07"]


def test_a_large_section_has_pages() -> None:
    """The address says which one; a page beyond the last is the last."""
    paths = [f"a/{number:03d}" for number in range(2 * PAGE_CHARTS + 5)]
    [section] = charts(paths).sections
    assert (len(section.charts), len(section.pages)) == (PAGE_CHARTS, 3)
    [section] = charts(paths, "page=3:a").sections
    assert [chart.title for chart in section.charts] == ["120", "121", "122", "123", "124"]
    [section] = charts(paths, "page=99:a").sections
    assert section.pages[2].is_current


def test_numbered_namespaces_have_a_heat_map() -> None:
    """One for each name below the layers, its rows in the order of their numbers."""
    paths = [f"layers/{number}/{name}" for number in range(12) for name in ("grad_norm", "bias")]
    [section] = charts([*paths, "layers/total"]).sections
    heat = {one.title: json.loads(one.rows) for one in section.heat_maps}
    assert heat == {f"*/{name}": [str(number) for number in range(12)] for name in ("bias", "grad_norm")}
    assert not charts([f"layers/{number}/x" for number in range(3)]).sections[0].heat_maps


def test_expressions_have_a_section_of_their_own() -> None:
    """First on the page, with pictures that know of them."""
    first = charts(["train/loss"], "expression=train/loss * 2").sections[0]
    assert (first.title, first.charts[0].is_expression) == (EXPRESSIONS, True)
    assert "expression=train/loss%20%2A%202" in first.charts[0].sketch


def test_places_of_charts_keep_their_element() -> None:
    """The element's id follows from the path alone, so that a live update leaves drawn charts in place."""
    one = charts_of(["a/b"], project="p", labels=["P-1"]).sections[0].charts[0].element
    two = charts_of(["a/a", "a/b"], project="p", labels=["P-1"]).sections[0].charts[1].element
    assert one == two
