"""Charts stand in sections that a reader would make."""

from __future__ import annotations

from tidelog_server.pages.chart_sections import MAX_CHARTS, charts_of


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


def test_a_page_has_a_limited_number_of_charts() -> None:
    """What is left out is counted."""
    charts = charts_of([f"a/{number}" for number in range(MAX_CHARTS + 3)], project="p", labels=["P-1"])
    assert (charts.shown, charts.hidden) == (MAX_CHARTS, 3)


def test_places_of_charts_keep_their_element() -> None:
    """The element's id follows from the path alone, so that a live update leaves drawn charts in place."""
    one = charts_of(["a/b"], project="p", labels=["P-1"]).sections[0].charts[0].element
    two = charts_of(["a/a", "a/b"], project="p", labels=["P-1"]).sections[0].charts[1].element
    assert one == two
