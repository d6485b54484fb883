"""The page of a search and the palette."""

from __future__ import annotations

from dataclasses import replace

from tests.server.pages.conftest import Pages
from tidelog_server.pages.search import log_line
from tidelog_server.search.logs import LogHit


def test_results_lead_to_pages(pages: Pages) -> None:
    """Every link of the results opens."""
    pages.log(1)
    text = pages.get("/search?q=run").text
    assert 'href="/projects/mnist/runs/MNIST-1"' in text
    assert pages.get("/search?q=loss&project=mnist").text.count("search-result") == 1


def test_the_palette_is_a_part_of_the_page(pages: Pages) -> None:
    """A few of each kind, and the way to the logs."""
    pages.log(1)
    text = pages.get("/search?q=run", HX_Request="true", HX_Target="palette-results").text
    assert text.startswith('<div id="palette-results"')
    assert "Search all logs for" in text
    assert "<html" not in text


def test_words_are_shown_as_words(pages: Pages) -> None:
    """What is searched for is not run."""
    pages.log(1)
    text = pages.get("/search?q=<script>alert(1)</script>&tab=logs").text
    assert "<script>alert" not in text
    assert "No run has printed this" in text


def test_a_search_without_a_word_is_explained(pages: Pages) -> None:
    """On the page, not as an error of it."""
    answer = pages.get("/search?q=%3F%3F&tab=logs")
    assert answer.status_code == 200
    assert "Type a word to search for" in answer.text


def test_nothing_searched_for_yet_says_what_can_be(pages: Pages) -> None:
    """An empty page would leave the reader guessing."""
    assert "finds projects, runs" in pages.get("/search").text
    assert "has printed" in pages.get("/search?tab=logs").text


def test_a_line_is_shown_as_one_reads_it() -> None:
    """Without colours of a terminal, and with a mark where it goes on."""
    around = {"before": "\x1b[31m" + "b" * 75, "behind": "\x1b[0m" + "a" * 156}
    hit = LogHit("P-1", "a run", 1, "p", "logs", 1.0, 0, found="lost", abandoned_by=0, **around)
    line = log_line(hit)
    assert (line.before, line.behind) == ("…" + "b" * 75, "a" * 156 + "…")
    whole = log_line(replace(hit, before="all is ", behind=""))
    assert (whole.before, whole.behind) == ("all is ", "")
