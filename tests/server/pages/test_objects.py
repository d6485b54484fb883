"""The page of a series of texts or histograms."""

from __future__ import annotations

import re

import pytest

from tests.journals import Sender
from tests.server.pages.conftest import Pages
from tidelog_server.pages.objects import page as objects_page
from tidelog_server.pages.objects.logs import readable

LOGS = "/projects/p/runs/P-1/objects?path=logs"


@pytest.fixture
def sender(pages: Pages) -> Sender:
    """A run that logs."""
    return Sender(pages.services.receiver, project="p")


def texts(html: str) -> list[str]:
    """The lines of the log that is shown."""
    return re.findall(r'<span class="log-text">(.*?)</span></li>', html, flags=re.DOTALL)


def test_log_page_by_page(pages: Pages, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest lines first, in their order; older and newer ones by links; every line is on one page."""
    monkeypatch.setattr(objects_page, "LINES", 2)
    for step in range(5):
        sender.journal.text("logs", f"line {step}", step)
    sender.ship()
    newest = pages.get(LOGS).text
    assert texts(newest) == ["line 3", "line 4"]
    assert ">Newer<" not in newest
    older = re.search(r'href="([^"]+)" rel="prev"', newest)
    assert older is not None
    middle = pages.get(older[1].replace("&amp;", "&")).text
    assert texts(middle) == ["line 1", "line 2"]
    newer = re.search(r'href="([^"]+)" rel="next"', middle)
    assert newer is not None
    assert texts(pages.get(newer[1].replace("&amp;", "&")).text) == ["line 3", "line 4"]
    assert texts(pages.get(f"{LOGS}&before=1000000").text) == ["line 0"]


def test_hostile_lines(pages: Pages, sender: Sender) -> None:
    """Markup is shown as text, colours of terminals are classes, and a long line is cut."""
    sender.journal.text("logs", "<script>alert(1)</script> \x1b[31mred\x1b[0m \x00", 0)
    sender.journal.text("logs", "x" * 5_000, 1)
    sender.ship()
    page = pages.get(LOGS).text
    assert '&lt;script&gt;alert(1)&lt;/script&gt; <span class="sgr-red">red</span> \N{REPLACEMENT CHARACTER}' in page
    assert "<script>alert" not in page
    assert "1,000 characters more" in page


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07a", "a"),
        ("\x1b[1;31mb\x1b[0m", "b"),
        ("a\r\nb", "a\nb"),
        ("\x1b", "\ufffd"),
        ("\x9b", "\ufffd"),
    ],
)
def test_sequences_of_terminals(text: str, shown: str) -> None:
    """Titles, colours and line ends are understood; a control character alone becomes visible."""
    assert readable(text) == shown


def test_histograms_are_drawn(pages: Pages, sender: Sender) -> None:
    """Bars of one step, a map of all steps of the page, and a link for each step."""
    for step in range(3):
        sender.journal.histogram("grads", [0.0, 1.0, 2.0 + step], [3.0, 4.0], step)
    sender.ship()
    page = pages.get("/projects/p/runs/P-1/objects?path=grads&step=1000000").text
    assert "step 1</figcaption>" in page
    assert "<title>4 from 1 to 3</title>" in page
    assert page.count("<a href=") >= 3
    assert 'aria-current="step">1</a>' in page


@pytest.mark.parametrize(
    "histogram",
    [([0.0, 1.0], [0.0]), ([-1e308, 1e308], [5.0]), ([1.0, 1.0000000000000002], [1.0]), ([0.0, 5e-324], [1.0])],
)
def test_strange_histograms_are_drawn(pages: Pages, sender: Sender, histogram: tuple[list[float], list[float]]) -> None:
    """Empty, as wide as floats are, as narrow as they are: the page is there, and no coordinate is NaN."""
    sender.journal.histogram("grads", *histogram, 0)
    sender.ship()
    page = pages.get("/projects/p/runs/P-1/objects?path=grads")
    assert page.status_code == 200
    assert not re.search(r'="(nan|inf|-inf)"', page.text)


def test_no_such_series(pages: Pages, sender: Sender) -> None:
    """A path that is nothing, or a series of numbers, is a page that says so."""
    sender.journal.point("loss", 1.0)
    sender.ship()
    for path in ("none", "loss"):
        assert pages.get(f"/projects/p/runs/P-1/objects?path={path}").status_code == 404
    assert pages.get("/projects/other/runs/P-1/objects?path=loss").status_code == 404


def test_attributes_link_to_the_page(pages: Pages, sender: Sender) -> None:
    """From the list of attributes."""
    sender.journal.text("logs", "line", 0)
    sender.ship()
    assert 'href="/projects/p/runs/P-1/objects?path=logs"' in pages.get("/projects/p/runs/P-1?tab=attributes").text
