"""The console of a run: pages of lines from either end, a line that is pointed to, search, download, colours."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.journals import Sender
from tests.server.pages.conftest import Pages
from tidelog_server.pages.objects import logs
from tidelog_server.pages.objects.ansi import Span, readable, spans_of
from tidelog_server.pages.run import log

CONSOLE = "/projects/p/runs/P-1?tab=console"
LINES = "/projects/p/runs/P-1/log?path=monitoring/stdout"


@pytest.fixture
def sender(pages: Pages) -> Sender:
    """A run that printed 1,200 lines, one of them folded later than the others, and a warning."""
    made = Sender(pages.services.receiver, project="p")
    for number in range(1_199):
        made.journal.text("monitoring/stdout", f"<i>line {number}</i>", step=number)
    made.ship()
    pages.services.folder.fold(made.run_id)
    made.journal.text("monitoring/stdout", "<i>line 1199</i>", step=1_199)
    made.journal.text("monitoring/stderr", "warning", step=0)
    made.journal.text("notes/today", "a note", step=0)
    made.ship()
    return made


def numbers(html: str) -> list[int]:
    """The lines that are shown."""
    return [int(found) for found in re.findall(r'<span class="log-text">&lt;i&gt;line (\d+)&lt;', html)]


@pytest.mark.usefixtures("sender")
def test_the_newest_lines_are_shown_first(pages: Pages) -> None:
    """Escaped, in order, with what is not folded yet; older ones are a link away, and newer ones there."""
    page = pages.get(CONSOLE).text
    assert numbers(page) == list(range(700, 1_200))
    assert "1,200 lines" in page
    older = re.search(r'href="([^"]+)" rel="prev"', page)
    assert older is not None
    before = pages.get(unescape(older[1])).text
    assert numbers(before) == list(range(200, 700))
    newer = re.search(r'href="([^"]+)" rel="next"', before)
    assert newer is not None
    assert numbers(pages.get(unescape(newer[1])).text) == list(range(700, 1_200))


@pytest.mark.usefixtures("sender")
def test_a_line_that_is_pointed_to(pages: Pages) -> None:
    """It stands in the middle, marked; its number is the link to it."""
    page = pages.get(f"{CONSOLE}&series=monitoring/stdout&step=600").text
    assert numbers(page) == list(range(350, 850))
    assert re.search(r'class="log-line is-target" id="line"><a class="log-step" href="[^"]+step=600">600</a>', page)


@pytest.mark.usefixtures("sender")
def test_every_series_of_texts_is_offered(pages: Pages) -> None:
    """The console first, then others; an unknown one is the first."""
    page = pages.get(CONSOLE).text
    assert re.findall(r'class="segment" href="[^"]+"[^>]*><span [^>]+>([^<]+)<', page.split("run-console")[1]) == [
        "stdout",
        "stderr",
        "notes/today",
    ]
    assert "a note" in pages.get(f"{CONSOLE}&series=notes/today").text
    assert numbers(pages.get(f"{CONSOLE}&series=sys/name").text)[-1] == 1_199


@pytest.mark.usefixtures("sender")
def test_pieces_that_the_script_adds(pages: Pages) -> None:
    """Lines before or behind a step, and whether there are more."""
    piece = pages.get(f"{LINES}&after=899000000").text
    assert numbers(piece) == list(range(900, 1_200))
    assert 'data-first="900000000" data-last="1199000000" data-older="yes" data-newer=""' in piece
    assert "<html" not in piece
    assert numbers(pages.get(f"{LINES}&before=100000000").text) == list(range(100))
    assert numbers(pages.get(LINES).text) == list(range(700, 1_200))
    assert pages.get("/projects/p/runs/P-1/log?path=nothing").status_code == 404
    assert pages.get("/projects/q/runs/P-1/log?path=monitoring/stdout").status_code == 404


@pytest.mark.usefixtures("sender")
def test_the_oldest_lines(pages: Pages) -> None:
    """Behind a step that is less than all there is nothing older."""
    page = pages.get(f"{CONSOLE}&after={log.OLDEST}").text
    assert numbers(page) == list(range(500))
    assert 'rel="prev"' not in page


@pytest.mark.usefixtures("sender")
def test_search_in_a_log(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines that hold the text, in any capitals, marked, each with the link to its surroundings; page by page."""
    page = pages.get(f"{CONSOLE}&search=LINE%2099").text
    assert re.findall(r'log-found">([^<]+)</span>(\d*)', page) == [
        ("line 99", ""),
        *(("line 99", str(digit)) for digit in range(10)),
    ]
    monkeypatch.setattr(logs, "MATCHES", 4)
    newest = pages.get(f"{CONSOLE}&search=line%2099").text
    older = re.search(r'<a href="([^"]+)">Older ones', newest)
    assert older is not None
    assert re.findall(r'log-found">line 99</span>(\d*)', pages.get(unescape(older[1])).text) == ["2", "3", "4", "5"]
    assert "No line has" in pages.get(f"{CONSOLE}&search=<b>").text
    assert "“&lt;b&gt;”" in pages.get(f"{CONSOLE}&search=<b>").text


@pytest.mark.usefixtures("sender")
def test_a_search_ends_when_its_time_is_up(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says where it goes on."""
    monkeypatch.setattr(logs, "SEARCH_POINTS", 100)
    monkeypatch.setattr(logs, "SEARCH_SECONDS", -1.0)
    page = pages.get(f"{CONSOLE}&search=nothing").text
    assert "Nothing so far" in page
    assert "before=1100000000" in page


@pytest.mark.usefixtures("sender")
def test_download_of_a_log(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """All lines as text, however many pages that takes, under a name that is harmless."""
    monkeypatch.setattr(log, "CHUNK_POINTS", 500)
    answer = pages.get("/projects/p/runs/P-1/log.txt?path=monitoring/stdout")
    assert answer.text == "".join(f"<i>line {number}</i>\n" for number in range(1_200))
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="P-1-monitoring-stdout.txt"'


@pytest.mark.parametrize("address", ["step=nan", "step=1e300", "step=x", "before=9" * 12, "before=%C2%B2", "after=-"])
@pytest.mark.usefixtures("sender")
def test_positions_that_are_none(pages: Pages, address: str) -> None:
    """Addresses are anybody's to write."""
    assert pages.get(f"{CONSOLE}&{address}").status_code == 200


def test_a_run_that_printed_nothing(pages: Pages) -> None:
    """The page says how to keep the console."""
    pages.log(0)
    assert "capture_stdout=True" in pages.get("/projects/mnist/runs/MNIST-1?tab=console").text
    assert "tab=console" not in pages.get("/projects/mnist/runs/MNIST-1").text.split("run-tabs")[1].split("</nav>")[0]


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("plain", [("plain", "")]),
        ("\x1b[31mred\x1b[0m plain", [("red", "sgr-red"), (" plain", "")]),
        ("\x1b[1;4;92mx", [("x", "sgr-bold sgr-underline sgr-green")]),
        ("\x1b[1mb\x1b[22mn", [("b", "sgr-bold"), ("n", "")]),
        ("\x1b[44mx\x1b[49my", [("x", "sgr-on-blue"), ("y", "")]),
        ("\x1b[38;5;196mx", [("x", "sgr-red")]),
        ("\x1b[38;5;244mx", [("x", "sgr-black")]),
        ("\x1b[38;2;0;200;10mx", [("x", "sgr-green")]),
        ("\x1b[38:2:0:0:240mx", [("x", "sgr-blue")]),
        ("\x1b[38;5mx\x1b[m", [("x", "sgr-black")]),
        ("\x1b[999mx", [("x", "")]),
        ("\x1b[2Kx\x1b]8;;http://a\x07link\x1b]8;;\x07", [("xlink", "")]),
        ("\x1b[31m\x1b[32m", []),
    ],
)
def test_colours_of_terminals(text: str, spans: list[tuple[str, str]]) -> None:
    """SGR becomes classes of a fixed list; every other sequence is left out."""
    assert spans_of(text) == tuple(Span(part, classes) for part, classes in spans)
    assert readable(text) == "".join(part for part, _ in spans)
