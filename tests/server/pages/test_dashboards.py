"""Dashboards and reports, as their readers and their makers meet them."""

from __future__ import annotations

import pytest

from tests.server.pages.conftest import Pages

WIDGETS = ("charts", "value", "table", "scatter", "parallel", "text")


@pytest.fixture
def board(pages: Pages) -> str:
    """The address of a dashboard with a widget of each kind, over three runs."""
    for number in range(3):
        pages.log(number)
    answer = pages.post("/projects/mnist/dashboards", name="Rates", kind="dashboard")
    assert answer.status_code == 303
    address = answer.headers["location"].partition("?")[0]
    options = {
        "charts": {"option-metrics": "train/*"},
        "value": {"option-subject": "min(train/loss)", "option-over": "min"},
        "table": {"option-columns": "params/lr\nmin(train/loss)"},
        "scatter": {"option-x": "params/lr", "option-y": "train/loss"},
        "parallel": {"option-columns": "params/lr\nparams/epochs"},
        "text": {"option-markdown": "**bold** <script>alert(1)</script> [x](javascript:alert(1))"},
    }
    for number, kind in enumerate(WIDGETS):
        assert pages.post(f"{address}/widgets", kind=kind).status_code == 303
        assert pages.post(f"{address}/widgets/{number + 1}", title=f"My {kind}", **options[kind]).status_code == 303
    return address


def test_a_dashboard_draws_its_widgets(pages: Pages, board: str) -> None:
    """Charts have places, figures values, plots marks for each run, text its Markdown without its tags."""
    text = pages.get(board).text
    assert 'data-path="train/loss"' in text
    assert "min of 3 runs, MNIST-3" in text
    assert text.count("plot-mark") == 3
    assert text.count("plot-line") == 3
    assert "<strong>bold</strong>" in text
    assert "<script>alert" not in text
    assert 'href="javascript' not in text


def test_an_export_stands_alone(pages: Pages, board: str) -> None:
    """The file has pictures for charts and its styles in it, and asks nothing of a server."""
    answer = pages.get(f"{board}/export.html")
    assert 'filename="Rates.html"' in answer.headers["content-disposition"]
    assert "<polyline" in answer.text
    assert "default-src 'none'" in answer.text
    assert "<link" not in answer.text
    assert "<script" not in answer.text
    assert "src=" not in answer.text


def test_a_frozen_widget_stays_as_it_was(pages: Pages, board: str) -> None:
    """Until it is thawed, whatever is logged meanwhile."""
    assert pages.post(f"{board}/widgets/2/freeze").status_code == 303
    pages.log(9)
    assert "min of 3 runs, MNIST-3" in pages.get(board).text
    assert pages.post(f"{board}/widgets/2/thaw").status_code == 303
    assert "min of 4 runs, MNIST-4" in pages.get(board).text


def test_the_address_may_name_other_runs(pages: Pages, board: str) -> None:
    """A dashboard is a template for any runs of its project."""
    text = pages.get(f"{board}?run=MNIST-2").text
    assert "1 run named by the address" in text
    assert text.count("plot-mark") == 1


def test_a_filter_limits_the_runs(pages: Pages, board: str) -> None:
    """The settings take the query language; a mistake in it is explained, and nothing is lost."""
    query = "params/lr > 0.15"
    assert pages.post(f"{board}/settings", name="Fast", query=query, sort="params/lr", limit="5").status_code == 303
    assert "1 run<" in pages.get(board).text
    answer = pages.post(f"{board}/settings", name="Fast", query="params/lr >", limit="5")
    assert answer.status_code == 400
    assert "1 run<" in pages.get(board).text


def test_a_report_is_put_in_order(pages: Pages) -> None:
    """Its widgets stand one below the other, in an order that its maker changes."""
    pages.log(1)
    address = pages.post("/projects/mnist/dashboards", name="R", kind="report").headers["location"].partition("?")[0]
    for text in ("first", "second"):
        pages.post(f"{address}/widgets", kind="text", **{"option-markdown": text})
    pages.post(f"{address}/widgets/2/move", by="up")
    text = pages.get(address).text
    assert text.index("second") < text.index("first")
    pages.post(f"{address}/widgets/1/remove")
    assert "first" not in pages.get(address).text
    pages.post(f"{address}/delete")
    assert pages.get(address).status_code == 404


def test_layout_is_a_style_sheet_of_numbers(pages: Pages, board: str) -> None:
    """No text of a user comes into it."""
    pages.post(f"{board}/widgets/1", title="} body { x", x="3", y="2", width="4", height="2")
    answer = pages.get(f"{board}/layout.css")
    assert answer.headers["content-type"].startswith("text/css")
    assert "#widget-1 { grid-area: 3 / 4 / span 2 / span 4; }" in answer.text
    assert "body" not in answer.text


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/widgets", {"kind": "applet"}, 400),
        ("/widgets/99", {}, 404),
        ("/widgets/x%3B", {}, 404),
        ("/widgets/1", {"width": "1e9"}, 400),
        ("/widgets/2", {"option-subject": "a" * 2000}, 400),
        ("/settings", {"name": "", "limit": "5"}, 400),
        ("/settings", {"name": "x", "limit": "-1"}, 400),
    ],
)
def test_bad_forms_are_explained(pages: Pages, board: str, path: str, form: dict[str, str], status: int) -> None:
    """The answer is a page that says what is wrong; the dashboard is as it was."""
    before = pages.get(board).text
    answer = pages.post(f"{board}{path}", **form)
    assert answer.status_code == status
    assert "Traceback" not in answer.text
    assert pages.get(board).text.count("widget-kind") == before.count("widget-kind")
