"""The runs table as HTML: whole and in part, its addresses, its mistakes."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from tests.server.pages.conftest import Pages
from tidelog_server.tables import runs


def test_the_table_alone_is_returned_to_htmx(pages: Pages) -> None:
    """What a page includes is also what it gets when it asks for that element."""
    pages.log(0)
    whole = pages.get("/projects/mnist").text
    part = pages.get("/projects/mnist", HX_Request="true", HX_Target="runs").text
    assert part.startswith('<div id="runs"')
    assert "<html" not in part
    assert part.strip() in whole


def test_a_page_of_history_is_whole(pages: Pages) -> None:
    """When htmx restores a page that it no longer has, a part would be all that is left of it."""
    pages.log(0)
    answer = pages.get("/projects/mnist", HX_Request="true", HX_History_Restore_Request="true", HX_Target="runs")
    assert "<html" in answer.text
    assert "HX-Request" in answer.headers["vary"]


def test_a_table_without_columns_chosen_shows_scores_and_varied_parameters(pages: Pages) -> None:
    """The first look says something: series first, then what differs, never the hardware."""
    pages.log(1)
    pages.log(2)
    heads = re.findall('aria-label="Sort by ([^"]+)"', pages.get("/projects/mnist").text)
    assert heads == ["Run", "State", "Started", "train/loss", "params/lr", "params/epochs"]


def test_the_table_and_the_page_tell_the_same_duration(pages: Pages) -> None:
    """The time in which the run ran: one that was resumed after a week did not last a week."""
    pages.log(1)
    with pages.services.database.write() as connection:
        week_later = runs.c.created_ms + 7 * 86_400_000
        given = {"state": "finished", "ran_ms": 61_000, "running_since_ms": None, "ended_ms": week_later}
        connection.execute(sa.update(runs).values(given))
    assert '<td class="number nowrap">1 min 01 s</td>' in pages.get("/projects/mnist").text
    assert "<dt>Duration</dt><dd>1 min 01 s</dd>" in pages.get("/projects/mnist/runs/MNIST-1").text


def test_no_columns_at_all_can_be_asked_for(pages: Pages) -> None:
    """Unticking the last column does not bring the page's own choice back."""
    pages.log(1)
    text = pages.get("/projects/mnist?columns=none").text
    assert "Sort by train/loss" not in text


def test_a_filter_that_does_not_parse_is_quoted_with_its_place(pages: Pages) -> None:
    """The page is still a page, with status 200, so that the browser shows it as any other."""
    pages.log(1)
    answer = pages.get("/projects/mnist?q=params/lr:float >> 3")
    assert answer.status_code == 200
    assert "<mark>&gt;</mark>" in answer.text


@pytest.mark.parametrize(
    "query", ["sort=((", "column=((", "after=nonsense", "column=" + "&column=".join("abcdefgh" * 9)]
)
def test_a_wrong_address_is_a_page_with_status_400_or_a_table(pages: Pages, query: str) -> None:
    """Nothing that one can type into the address is an error of the server."""
    pages.log(1)
    answer = pages.get(f"/projects/mnist?{query}")
    assert answer.status_code in (200, 400)
    assert answer.headers["content-type"].startswith("text/html")


def test_a_project_with_slashes_in_its_name_has_pages(pages: Pages) -> None:
    """Names are percent-encoded in addresses, and come back as they were."""
    pages.log(1, project="team/vision 100% ü")
    text = pages.get("/").text
    address = text.split('class="project-card-name" href="')[1].split('"')[0]
    table = pages.get(address)
    assert '<h1 class="page-title">team/vision 100% ü</h1>' in table.text
    run = table.text.split('class="run-link" href="')[1].split('"')[0]
    assert pages.get(run).status_code == 200
    assert pages.get(f"{address}/columns").status_code == 200


def test_a_project_without_runs_shows_how_to_log_one(pages: Pages) -> None:
    """An empty server, too, says the very lines to run."""
    assert "tidelog.Client(&#34;http://127.0.0.1&#34;)" in pages.get("/").text
