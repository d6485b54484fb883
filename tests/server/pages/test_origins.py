"""Pages of series whose points come from elsewhere: from the run that theirs was forked from, or from an attempt that
was abandoned.
"""

from __future__ import annotations

import hashlib
import re
from html import unescape

import pytest

from tests.journals import Sender
from tests.server.pages.conftest import Pages
from tidelog.journal import records
from tidelog_server.files.uploads import Announcement

RUN = "/projects/p/runs/P-1"
FORK = "/projects/p/runs/P-2"
BEGAN_MS = 1_700_000_000_000


def send(pages: Pages, attempt: int, steps: range) -> Sender:
    """An attempt that logs a text, a histogram and a picture of its own at each of these steps, and ends."""
    began_ms = BEGAN_MS + attempt * 100_000
    sender = Sender(pages.services.receiver, project="p", key="resumed", created_ms=began_ms)
    for number, step in enumerate(steps):
        content = picture(attempt, step)
        said = {"file": number, "name": "a.png", "extension": "png", "media_type": "image/png", "size": len(content)}
        sender.journal.text("notes", f"needle {step} of attempt {attempt}", step)
        sender.journal.histogram("grads", [0.0, 1.0], [float(10 * attempt + step)], step)
        sender.journal.object("images", records.FILE_REFERENCE + records.as_json(said), step)
    sender.journal.end(time_s=began_ms / 1000 + 50)
    sender.ship()
    for number, step in enumerate(steps):
        content = picture(attempt, step)
        digest = hashlib.sha256(content).hexdigest()
        pages.services.uploads.announce(sender.name, [Announcement(number, len(content), digest)])
        pages.services.uploads.receive(sender.name, number, 0, content)
    pages.services.folder.fold(sender.run_id)
    return sender


def picture(attempt: int, step: int) -> bytes:
    """What an attempt logs at a step."""
    return b"\x89PNG %d %d" % (attempt, step)


@pytest.fixture
def resumed(pages: Pages) -> None:
    """A run that logged steps 0 to 3, and then 2 again."""
    send(pages, 0, range(4))
    send(pages, 1, range(2, 3))


@pytest.fixture
def fork(pages: Pages, resumed: None) -> Sender:
    """A fork of it at step 1 with a text of its own."""
    sender = Sender(pages.services.receiver, project="p", key="fork", fork_run="resumed", fork_step=1.0)
    sender.journal.text("notes", "of the fork", 5)
    sender.ship()
    return sender


def lines(html: str) -> list[str]:
    """The lines of a log."""
    return re.findall(r'<span class="log-text">(.*?)</span></li>', html, flags=re.DOTALL)


def link(html: str, text: str) -> str:
    """Where the link with this text leads."""
    [address] = re.findall(rf'<a [^>]*href="([^"]+)"[^>]*>{text}</a>', html)
    return unescape(address)


@pytest.mark.usefixtures("resumed")
@pytest.mark.parametrize("page", [f"{RUN}?tab=console&series=notes", f"{RUN}/objects?path=notes"])
def test_abandoned_lines_can_be_looked_at(pages: Pages, page: str) -> None:
    """The log is what counts; a link leads to what attempt 2 left behind, and one back."""
    shown = pages.get(page).text
    assert lines(shown) == ["needle 0 of attempt 0", "needle 1 of attempt 0", "needle 2 of attempt 1"]
    there = pages.get(link(shown, "2 points abandoned by attempt 2")).text
    assert lines(there) == ["needle 2 of attempt 0", "needle 3 of attempt 0"]
    assert "What attempt 2 left behind" in there
    assert lines(pages.get(link(there, "Show what counts")).text) == lines(shown)


@pytest.mark.usefixtures("resumed")
def test_abandoned_lines_are_loaded_searched_and_downloaded(pages: Pages) -> None:
    """By the script, as a text file, and by the console's own search, whose form keeps what is looked at."""
    there = pages.get(f"{RUN}?tab=console&series=notes&abandoned=1").text
    [source] = re.findall(r'data-log="([^"]+)"', there)
    assert lines(pages.get(unescape(source)).text) == lines(there)
    assert pages.get(link(there, "Download")).text == "needle 2 of attempt 0\nneedle 3 of attempt 0\n"
    assert '<input type="hidden" name="abandoned" value="1">' in there
    found = pages.get(f"{RUN}?tab=console&series=notes&abandoned=1&search=needle+3").text
    assert "1 line with" in found
    assert "data-log-alive" not in there


@pytest.mark.usefixtures("resumed")
def test_an_attempt_that_left_nothing_behind(pages: Pages) -> None:
    """An address of one shows what counts; the page of one series says that there is no such thing."""
    assert len(lines(pages.get(f"{RUN}?tab=console&series=notes&abandoned=7").text)) == 3
    assert pages.get(f"{RUN}?tab=media&abandoned=7").status_code == 200
    assert pages.get(f"{RUN}/objects?path=notes&abandoned=7").status_code == 404


@pytest.mark.usefixtures("resumed")
def test_abandoned_media(pages: Pages) -> None:
    """Pictures and histograms of all series at one step of what was left behind, each with its own bytes."""
    shown = pages.get(f"{RUN}?tab=media").text
    there = pages.get(link(shown, "4 points abandoned by attempt 2")).text
    [step] = re.findall(r"data-media-step>step (\d+)<", there)
    assert step == "3"
    assert "3 from 0 to 1" in there
    [source] = re.findall(r'<img[^>]* src="([^"]+)"', there)
    assert pages.get(unescape(source)).content == picture(0, 3)
    before = pages.get(link(there, "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}")).text
    assert "data-media-step>step 2<" in before
    assert "What attempt 2 left behind" in before
    histogram = re.search(r'class="media-histogram" href="([^"]+)"', there)
    assert histogram is not None
    assert "3 from 0 to 1" in pages.get(unescape(histogram[1])).text


@pytest.mark.usefixtures("fork")
def test_a_fork_shows_what_it_inherits_and_whose_it_is(pages: Pages) -> None:
    """In the console, the page of a series and the media, up to the fork's step, with a link to the origin."""
    console = pages.get(f"{FORK}?tab=console&series=notes").text
    assert lines(console) == ["needle 0 of attempt 0", "needle 1 of attempt 0", "of the fork"]
    told = f'Up to step 1 of <a class="mono" href="{RUN}">P-1</a>, which this run was forked from.'
    assert told in console
    media = pages.get(f"{FORK}?tab=media").text
    assert media.count("from P-1") == 2
    [source] = re.findall(r'<img[^>]* src="([^"]+)"', media)
    assert pages.get(unescape(source)).content == picture(0, 1)
    assert told in media
    assert "abandoned by" not in media
    histograms = pages.get(f"{FORK}/objects?path=grads").text
    assert "from step 0 to 1" in histograms
    assert told in histograms


@pytest.mark.usefixtures("fork")
def test_a_fork_beside_its_origin(pages: Pages) -> None:
    """The comparison shows what each has at a step, inherited or not."""
    page = pages.get("/projects/p/compare?run=P-1&run=P-2&tab=media&at=3").text
    sources = [unescape(source) for source in re.findall(r'<img[^>]* src="([^"]+)"', page)]
    assert [pages.get(source).content for source in sources] == [picture(1, 2), picture(0, 1)]


@pytest.mark.usefixtures("fork")
def test_abandoned_lines_are_found_by_a_search_and_marked(pages: Pages) -> None:
    """Each leads to where it stands; what a fork inherits is found at its origin only."""
    page = pages.get("/search?tab=logs&q=needle+3").text
    assert "abandoned by attempt 2" in page
    [address] = re.findall(r'<a class="log-hit-line mono" href="([^"]+)"', page)
    assert lines(pages.get(unescape(address)).text)[-1] == "needle 3 of attempt 0"
    found = pages.get("/api/search/logs?q=needle").json()["hits"]
    assert [(hit["label"], hit["step"], hit["abandoned_by"]) for hit in found] == [("P-1", 3.0, 1), ("P-1", 2.0, 0)]
