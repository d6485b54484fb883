"""Saved views, groups and addresses of the runs table."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from tests.server.pages.conftest import Pages
from tidelog_server.pages.table.view import Sort, View, view_of

columns = st.sampled_from(["params/lr", "min(val/loss)", "spark(train/loss)", "a b&c=d", "ü/`x`", "%", "sys/tags"])
some = st.lists(columns, max_size=3, unique=True).map(tuple)
views = st.builds(
    View,
    st.just("mnist"),
    query=st.sampled_from(["", "adam", '`a` = "b&c"']),
    columns=st.none() | some,
    sorts=st.lists(
        st.builds(Sort, columns.filter(lambda one: not one.startswith("spark")), st.booleans()),
        min_size=1,
        max_size=3,
        unique_by=lambda sort: sort.column,
    ).map(tuple),
    groups=some.map(lambda all: tuple(one for one in all if not one.startswith("spark"))),
    opened=st.lists(st.sampled_from([("n1.0",), ("tadam", "-"), ("t\"'",)]), max_size=2, unique=True).map(tuple),
    pinned=some,
    scaled=some,
    widths=st.dictionaries(columns, st.integers(60, 800), max_size=2),
    chosen=st.none() | st.lists(st.sampled_from(["MNIST-1", "MNIST-2"]), max_size=2, unique=True).map(tuple),
    layout=st.sampled_from(["table", "split"]),
    trash=st.booleans(),
)


@given(views)
def test_an_address_shows_the_view_that_it_was_made_of(view: View) -> None:
    """All state is in the address, whatever the columns are called."""
    query = QueryParams(parse_qsl(urlsplit(view.address).query, keep_blank_values=True))
    assert view_of("mnist", query) == view


def test_a_view_is_kept_replaced_and_deleted(pages: Pages) -> None:
    """By name, within its project."""
    pages.log(1)
    pages.log(1, project="other")
    kept = pages.post("/projects/mnist/views", name="best", address="q=adam")
    assert kept.status_code == 303
    pages.post("/projects/mnist/views", name="best", address="q=sgd&sort=a")
    text = pages.get("/projects/mnist/views").text
    assert re.findall('href="([^"]*[?]q=[^"]*)"', text) == ["/projects/mnist?q=sgd&amp;sort=a"]
    assert "best" not in pages.get("/projects/other/views").text
    [number] = re.findall("/views/([0-9]+)/delete", text)
    pages.post(f"/projects/other/views/{number}/delete")
    assert "best" in pages.get("/projects/mnist/views").text
    pages.post(f"/projects/mnist/views/{number}/delete")
    assert "best" not in pages.get("/projects/mnist/views").text


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "a\nb"])
def test_a_view_needs_a_name(pages: Pages, name: str) -> None:
    """A wrong one is said to be wrong, and nothing is kept."""
    pages.log(1)
    assert pages.post("/projects/mnist/views", name=name, address="q=a").status_code == 400


def test_a_grouped_table_says_what_its_groups_amount_to(pages: Pages) -> None:
    """Count, mean and range of each column; an open group lists its runs."""
    for number in range(4):
        pages.log(number)
    text = pages.get('/projects/mnist?rows=params/epochs&column=params/lr&unfold=["n10.0"]').text
    assert "4 runs" in text
    assert '<span class="group-mean">0.15</span>' in text
    assert '<span class="group-n">n 4</span>' in text
    assert text.count('class="run-row is-inner"') == 4


def test_only_named_runs_are_brought_up_to_date(pages: Pages) -> None:
    """Rows by label, in the columns of the view, and none for a label that nobody has."""
    for number in range(3):
        pages.log(number)
    text = pages.get(
        "/projects/mnist?refresh=MNIST-3&refresh=MNIST-1&refresh=MNIST-9", HX_Request="true", HX_Target="rows"
    ).text
    assert re.findall('id="row-([^"]+)"', text) == ["MNIST-3", "MNIST-1"]
    assert text.lstrip().startswith("<tbody")


@pytest.mark.parametrize(
    "query",
    [
        "unfold=nonsense",
        "unfold=[1]",
        "unfold=[[[[",
        "within=zzz&rows=params/lr",
        "within=n1e999&rows=params/lr",
        "width=9:a",
        "first=abc",
        "sort=a&sort=b&sort=c&sort=d&sort=e&sort=f",
        "rows=((",
        "pin=nothing&scale=nothing",
        "run=none&view=split",
    ],
)
def test_odd_addresses_are_pages(pages: Pages, query: str) -> None:
    """Nothing that one can type is an error of the server."""
    pages.log(1)
    assert pages.get(f"/projects/mnist?{query}").status_code in (200, 400)
