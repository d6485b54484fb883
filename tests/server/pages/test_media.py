"""The tab of what was logged step by step and is no number."""

from __future__ import annotations

import hashlib
import json
import re
from html import unescape

import pytest

from tests.journals import Sender
from tests.server.pages.conftest import Pages
from tidelog.journal import records
from tidelog_server.files.uploads import Announcement
from tidelog_server.pages.objects.tables import MEDIA_TYPE
from tidelog_server.pages.run import media

MEDIA = "/projects/p/runs/P-1?tab=media"
TABLE = json.dumps({"columns": ["true <b>", "n"], "types": ["string", "number"], "data": [["cat", "dog"], [7, 9]]})
CONTENTS = {0: b"\x89PNG first", 1: b"\x89PNG second", 2: TABLE.encode(), 3: b"never sent"}


def reference(number: int, **said: str) -> bytes:
    """What a journal says of one of the files."""
    size = len(CONTENTS[number])
    name = said.pop("name", f"{number}.png")
    of = {"file": number, "name": name, "extension": name.rpartition(".")[2], "media_type": "image/png", "size": size}
    return records.FILE_REFERENCE + records.as_json({**of, **said})


@pytest.fixture
def sender(pages: Pages) -> Sender:
    """A run with two images, of which the second comes at step 5, a table and a histogram in between."""
    made = Sender(pages.services.receiver, project="p")
    journal = made.journal
    points = [
        ("images", 0, reference(0, description="<i>blurred</i>")),
        ("images", 5, reference(1)),
        ("late", 5, reference(3)),
        ("confusion", 3, reference(2, name="table.json", media_type=MEDIA_TYPE)),
    ]
    for path, step, said in points:
        journal.stream += records.object_point(journal.number(path), step * 1_000_000, 1.8e9, said)
    journal.histogram("grads", [0.0, 1.0, 2.0], [3.0, 4.0], 3)
    made.ship()
    for number in (0, 1, 2):
        data = CONTENTS[number]
        pages.services.uploads.announce(made.name, [Announcement(number, len(data), hashlib.sha256(data).hexdigest())])
        pages.services.uploads.receive(made.name, number, 0, data)
    return made


def figures(html: str) -> dict[str, str]:
    """What is shown of each series, by its path."""
    found = re.findall(r'<figure class="media.*?</figure>', html, flags=re.DOTALL)
    return {re.search(r'class="media-name" title="([^"]+)"', one)[1]: one for one in found}  # type: ignore[index]


@pytest.mark.usefixtures("sender")
def test_all_series_stand_at_the_last_step(pages: Pages) -> None:
    """Images, tables with their rows, histograms as bars; what has not arrived says so."""
    shown = figures(pages.get(MEDIA).text)
    assert list(shown) == ["confusion", "grads", "images", "late"]
    assert hashlib.sha256(CONTENTS[1]).hexdigest() in shown["images"]
    assert "Not arrived yet" in shown["late"]
    assert "<title>4 from 1 to 2</title>" in shown["grads"]
    assert re.findall(r"<td[^>]*>([^<]+)</td>", shown["confusion"]) == ["cat", "7", "dog", "9"]
    assert "true &lt;b&gt;" in shown["confusion"]
    assert "/table?path=confusion&amp;step=3000000" in shown["confusion"]


@pytest.mark.usefixtures("sender")
def test_all_series_go_to_one_step(pages: Pages) -> None:
    """Each shows its last point up to there; one that begins later says when."""
    shown = figures(pages.get(f"{MEDIA}&at=4000000").text)
    assert hashlib.sha256(CONTENTS[0]).hexdigest() in shown["images"]
    assert "&lt;i&gt;blurred&lt;/i&gt;" in shown["images"]
    assert "Begins at step 5" in shown["late"]
    assert "Begins at step 3" in figures(pages.get(f"{MEDIA}&at=0").text)["confusion"]


@pytest.mark.usefixtures("sender")
def test_steps_without_javascript(pages: Pages) -> None:
    """Links lead to the steps of all series together, one after the other."""
    address, seen = MEDIA, []
    while address:
        page = pages.get(address).text
        seen.append(re.findall(r"data-media-step>step ([^<]+)<", page)[0])
        link = re.search(r'href="([^"]+)" aria-label="Step before"', page)
        address = unescape(link[1]) if link else ""
    assert seen == ["5", "3", "0"]


@pytest.mark.usefixtures("sender")
def test_steps_beyond_those_that_are_listed(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address with an old step shows it all the same."""
    monkeypatch.setattr(media, "STEPS", 1)
    assert hashlib.sha256(CONTENTS[0]).hexdigest() in figures(pages.get(f"{MEDIA}&at=1000000").text)["images"]


@pytest.mark.parametrize("at", ["x", "-", "9" * 30, "-9223372036854775808", "%C2%B2"])
@pytest.mark.usefixtures("sender")
def test_steps_that_are_none(pages: Pages, at: str) -> None:
    """Addresses are anybody's to write."""
    assert pages.get(f"{MEDIA}&at={at}").status_code == 200


@pytest.mark.usefixtures("sender")
def test_a_table_that_is_none(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too large to be shown among others can be downloaded."""
    monkeypatch.setattr(media, "TABLE_BYTES", 3)
    assert "Download table.json" in figures(pages.get(MEDIA).text)["confusion"]


@pytest.mark.usefixtures("sender")
def test_finding_narrows_the_media(pages: Pages) -> None:
    """By words in the path."""
    assert list(figures(pages.get(f"{MEDIA}&find=ima").text)) == ["images"]
    assert "have these words" in pages.get(f"{MEDIA}&find=nothing").text


def test_a_run_without_media(pages: Pages) -> None:
    """The tab is not offered; asked for all the same it says what would be there."""
    pages.log(0)
    page = pages.get("/projects/mnist/runs/MNIST-1?tab=media").text
    assert "tidelog.Histogram(weights)" in page
    assert "tab=media" not in pages.get("/projects/mnist/runs/MNIST-1").text


def test_statements_do_not_grow_with_the_points(pages: Pages, sender: Sender) -> None:
    """Nor with what is in the files."""
    before = pages.statements(MEDIA)
    for step in range(10, 20):
        sender.journal.histogram("grads", [0.0, 1.0, 2.0], [3.0, 4.0], step)
    sender.ship()
    assert pages.statements(MEDIA) == before
