"""The page of a run: its tabs, the overview, the history, and any series as a table."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.journals import Sender
from tests.server.pages.conftest import Pages
from tidelog.values.encoding import encode_value
from tidelog_server.pages.run import data

RUN = "/projects/p/runs/P-1"


@pytest.fixture
def sender(pages: Pages) -> Sender:
    """A run with parameters, two metrics, texts, histograms and an alert."""
    made = Sender(pages.services.receiver, project="p", name="a run")
    journal = made.journal
    for path, value in {"params/lr": 0.1, "params/<b>": "<i>", "source_code/commit": "0123abcd"}.items():
        journal.assign(path, encode_value(path, value))
    journal.column("train/loss", [(step, 1.0 / (step + 1)) for step in range(5)])
    journal.column("monitoring/cpu/percent", [(0, 50.0)])
    journal.text("notes", 'she said "no", then\nleft', 0)
    journal.histogram("grads", [0.0, 1.0], [3.0], 2)
    journal.event("Loss is rising")
    made.ship()
    return made


def tabs(html: str) -> list[str]:
    """The names of the tabs that are offered."""
    part = html.split('id="run-tabs"')[1].split("</nav>")[0]
    return re.findall(r'<a class="tab"[^>]*><span class="choice-word"[^>]*>([A-Za-z]+)', part)


@pytest.mark.usefixtures("sender")
def test_tabs_that_have_nothing_are_not_offered(pages: Pages) -> None:
    """The order is that of use."""
    assert tabs(pages.get(RUN).text) == [
        "Charts", "Overview", "Media", "Console", "Monitoring", "Source", "Events", "Attributes",
    ]  # fmt: skip


@pytest.mark.usefixtures("sender")
def test_the_overview(pages: Pages) -> None:
    """Alerts, what metrics amount to, and parameters, but nothing that tidelog adds itself."""
    page = pages.get(f"{RUN}?tab=overview").text.split('id="run-overview"')[1]
    for text in ("Loss is rising", "alert · warning", "train/", "params/", "&lt;i&gt;"):
        assert text in page
    assert "0123abcd" not in page
    assert "monitoring/cpu" not in page
    assert re.findall(r'<td class="number"[^>]*>([^<]+)</td>', page)[:5] == ["0.2", "0.2", "1", "0.45667", "5"]


def test_the_overview_of_an_empty_run(pages: Pages) -> None:
    """Says what would be there."""
    Sender(pages.services.receiver, project="p")
    page = pages.get(f"{RUN}?tab=overview").text
    assert 'run["params"] = {"lr": 0.1}' in unescape(page)
    assert tabs(page) == ["Charts", "Overview", "Monitoring", "Events", "Attributes"]


@pytest.mark.usefixtures("sender")
def test_a_series_as_a_table(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every digit, page by page, from any step on."""
    monkeypatch.setattr(data, "ROWS", 2)
    page = pages.get(f"{RUN}/data?path=train/loss").text
    assert re.findall(r'<td class="number mono">([^<]+)</td>', page) == ["1.0", "0.5"]
    following = re.search(r'href="([^"]+)" rel="next"', page)
    assert following is not None
    second = pages.get(unescape(following[1])).text
    assert re.findall(r'<td class="number mono">([^<]+)</td>', second) == ["0.3333333333333333", "0.25"]
    assert ">First<" in second
    last = pages.get(f"{RUN}/data?path=train/loss&start=4").text
    assert re.findall(r'<td class="number mono">([^<]+)</td>', last) == ["0.2"]
    assert 'rel="next"' not in last
    assert "No points from there on" in pages.get(f"{RUN}/data?path=train/loss&start=5").text


@pytest.mark.usefixtures("sender")
def test_a_series_as_csv(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """All points, however many pages that takes; texts are quoted, histograms are JSON."""
    monkeypatch.setattr(data, "CHUNK_POINTS", 2)
    answer = pages.get(f"{RUN}/data.csv?path=train/loss")
    lines = answer.text.split("\r\n")
    assert lines[0] == "step,time,value"
    assert [line.split(",")[::2] for line in lines[1:-1]] == [[str(step), repr(1.0 / (step + 1))] for step in range(5)]
    assert answer.headers["content-disposition"] == 'attachment; filename="P-1-train-loss.csv"'
    assert pages.get(f"{RUN}/data.csv?path=notes").text.endswith(',"she said ""no"", then\nleft"\r\n')
    assert '""counts"": [3.0]' in pages.get(f"{RUN}/data.csv?path=grads").text


def test_a_series_of_texts_as_csv_holds_no_formulas(pages: Pages) -> None:
    """A spreadsheet that opens what a job printed runs nothing of it; texts that are numbers stay as they are."""
    sender = Sender(pages.services.receiver, project="p")
    for text in ("=HYPERLINK(1)", "-0.5", "-1+cmd|x"):
        sender.journal.text("printed", text)
    sender.ship()
    lines = pages.get(f"{RUN}/data.csv?path=printed").text.splitlines()[1:]
    assert [line.split(",")[2] for line in lines] == ["'=HYPERLINK(1)", "-0.5", "'-1+cmd|x"]


@pytest.mark.usefixtures("sender")
def test_what_is_no_series_has_no_table(pages: Pages) -> None:
    """A page that says so."""
    for address in ("data?path=params/lr", "data.csv?path=nothing", "data?path=nothing"):
        assert pages.get(f"{RUN}/{address}").status_code == 404


@pytest.mark.usefixtures("sender")
def test_the_history_of_a_fork(pages: Pages) -> None:
    """What it was forked from, and where; its origin lists it in turn."""
    made = {"name": "<b>fork</b>", "key": "fork", "fork_run": "P-1", "fork_step": 3.0}
    Sender(pages.services.receiver, project="p", **made)  # type: ignore[arg-type]
    fork = pages.get("/projects/p/runs/P-2?tab=history").text
    assert "up to step 3" in fork
    assert RUN in fork.split("Forked from</h2>")[1]
    origin = pages.get(f"{RUN}?tab=history").text
    assert "from step 3 on" in origin
    assert "&lt;b&gt;fork&lt;/b&gt;" in origin
    assert "History" in tabs(origin)


@pytest.mark.usefixtures("sender")
def test_the_head_says_when_it_was_last_heard(pages: Pages) -> None:
    """Of a run that is running."""
    page = pages.get(RUN).text
    assert "last heard <time" in page
    assert 'name="request" value="stop"' in page


@pytest.mark.parametrize(
    ("error", "has_traceback"),
    [("Traceback (most recent call last):\n  File\nValueError: too <large>", True), ("ValueError: too <large>", False)],
)
def test_the_head_says_why_a_run_failed(pages: Pages, sender: Sender, error: str, has_traceback: bool) -> None:
    """The error itself stands first; a traceback below it only where there is more to read."""
    sender.journal.end("failed", error)
    sender.ship()
    head = pages.get(RUN).text.split("Why it failed</h2>")[1].split("</header>")[0]
    assert re.search(r"^ <\w+ [^>]*>ValueError: too &lt;large&gt;<", head)
    assert ("Traceback (most" in head) is has_traceback


@pytest.mark.usefixtures("sender")
def test_a_tab_that_is_empty_counts_nothing(pages: Pages) -> None:
    """One that is there only because the address names it says no number."""
    part = pages.get(f"{RUN}?tab=history").text.split('id="run-tabs"')[1].split("</nav>")[0]
    assert re.search(r'aria-current="page"><span class="choice-word"[^>]*>History</span></a>', part)
