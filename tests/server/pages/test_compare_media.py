"""Media of several runs side by side, at one step."""

from __future__ import annotations

import hashlib
import json
import re

import pytest

from tests.journals import Sender
from tests.server.pages.conftest import Pages
from tidelog.journal import records
from tidelog_server.files.uploads import Announcement
from tidelog_server.pages.objects.tables import MEDIA_TYPE

MEDIA = "/projects/p/compare?run=P-1&run=P-2&tab=media"
TABLE = json.dumps({"columns": ["<b>", "n"], "types": ["string", "number"], "data": [["cat"], [7]]})
CONTENTS = (b"\x89PNG first", b"\x89PNG second", TABLE.encode())


def reference(number: int, name: str = "0.png", media_type: str = "image/png") -> bytes:
    """What a journal says of one of the files."""
    size, extension = len(CONTENTS[number]), name.rpartition(".")[2]
    said = {"file": number, "name": name, "extension": extension, "media_type": media_type, "size": size}
    return records.FILE_REFERENCE + records.as_json(said)


def log(pages: Pages, steps: tuple[int, ...], *, folded: bool = True, key: str = "") -> Sender:
    """A run with an image at each of these steps, the last of them the second one; a table, a histogram and a text."""
    sender = Sender(pages.services.receiver, project="p", key=key or f"run-{steps}", name=f"images at {steps}")
    journal = sender.journal
    for step in steps:
        said = reference(1 if step == steps[-1] else 0)
        journal.stream += records.object_point(journal.number("images"), step * 1_000_000, 1.8e9, said)
    table = reference(2, "table.json", MEDIA_TYPE)
    journal.stream += records.object_point(journal.number("confusion"), 3_000_000, 1.8e9, table)
    journal.histogram("grads", [0.0, 1.0, float(len(steps) + 2)], [3.0, 4.0], 3)
    journal.text("samples", "once <i>upon</i>", 3)
    journal.assign("notes", reference(0, "notes.png"))
    sender.ship()
    for number, data in enumerate(CONTENTS):
        announcement = Announcement(number, len(data), hashlib.sha256(data).hexdigest())
        pages.services.uploads.announce(sender.name, [announcement])
        pages.services.uploads.receive(sender.name, number, 0, data)
    if folded:
        journal.end()
        sender.ship()
        pages.services.folder.fold(sender.run_id)
    return sender


def own_steps(html: str, path: str) -> list[str]:
    """The step that each run says it shows at a path."""
    [row] = re.findall(rf'<section class="beside-row" aria-label="{path}">.*?</section>', html, flags=re.DOTALL)
    cells = re.findall(r"<figure.*?</figure>", row, flags=re.DOTALL)
    return [found[1] if (found := re.search(r">step ([^<]+)<", cell)) else "" for cell in cells]


def steps_to(html: str) -> dict[str, str]:
    """Where the links of the stepper lead, by their names."""
    found = re.findall(r'<a href="([^"]+)" data-step-to="([^"]+)" data-pane aria-label="([^"]+)"', html)
    assert all(f"step={step}" in address for address, step, _ in found)
    return {name: step for _, step, name in found}


@pytest.fixture
def two(pages: Pages) -> Pages:
    """Two runs whose images come at other steps."""
    log(pages, (0, 10, 20))
    log(pages, (5, 15))
    return pages


def test_each_run_shows_its_nearest_step_at_or_before(two: Pages) -> None:
    """Without a step the last one; before its first image a run says that it begins later."""
    assert own_steps(two.get(MEDIA).text, "images") == ["20", "15"]
    assert own_steps(two.get(f"{MEDIA}&step=12").text, "images") == ["10", "5"]
    early = two.get(f"{MEDIA}&step=4").text
    assert own_steps(early, "images") == ["0", ""]
    assert "begins later" in early


def test_the_stepper_goes_to_the_next_step_of_any_run(two: Pages) -> None:
    """Not only to those that all runs have, nor to steps at which nothing changes."""
    assert steps_to(two.get(f"{MEDIA}&step=10&find=images").text) == {
        "First step": "0",
        "Previous step": "5",
        "Next step": "15",
        "Last step": "20",
    }
    assert steps_to(two.get(f"{MEDIA}&find=images").text) == {"First step": "0", "Previous step": "15"}
    assert steps_to(two.get(f"{MEDIA}&step=-7&find=images").text) == {"Next step": "0", "Last step": "20"}


def test_everything_that_has_steps_is_there(two: Pages) -> None:
    """Tables, histograms over one common range, texts, and files that are the same; all of it escaped."""
    text = two.get(MEDIA).text
    assert text.count("<b>cat") == 0
    assert text.count("&lt;b&gt;</th>") == 2
    assert "once &lt;i&gt;upon&lt;/i&gt;" in text
    assert "same bytes as P-1" in text
    [row] = re.findall(r'<section class="beside-row" aria-label="grads">.*?</section>', text, flags=re.DOTALL)
    ticks = [re.findall(r'text-anchor="middle">([^<]+)<', cell) for cell in row.split("<figure")[1:]]
    assert ticks[0] == ticks[1] == ["0", "2", "4"]


def test_what_is_not_folded_yet_is_shown(pages: Pages) -> None:
    """As soon as it is acknowledged."""
    log(pages, (0, 10), folded=False)
    log(pages, (5,), folded=False)
    assert own_steps(pages.get(f"{MEDIA}&step=9").text, "images") == ["0", "5"]


def test_only_the_rows_are_answered_to_the_slider(two: Pages) -> None:
    """Alone, and beside the table, where links lead to the table's address."""
    for address in (MEDIA, "/projects/p?view=split&run=P-1&run=P-2&tab=media"):
        part = two.get(f"{address}&step=10", HX_Request="true", HX_Target="beside-rows").text
        assert part.lstrip().startswith('<div id="beside-rows"')
    links = two.get("/projects/p?view=split&run=P-1&run=P-2&tab=media&step=10").text
    assert "/projects/p?view=split&amp;run=P-1&amp;run=P-2&amp;tab=media&amp;step=15" in links


@pytest.mark.parametrize("step", ["nan", "inf", "soon", "1e99", "", "9" * 400])
def test_an_odd_step_is_the_last_one(two: Pages, step: str) -> None:
    """A link always shows something."""
    assert own_steps(two.get(f"{MEDIA}&step={step}").text, "images") == ["20", "15"]


def test_statements_are_independent_of_the_number_of_runs(two: Pages) -> None:
    """Also where every run has files of its own."""
    few = two.statements(MEDIA)
    for number in range(5):
        log(two, (1, 2), key=f"more-{number}")
    more = "".join(f"&run=P-{number}" for number in range(3, 8))
    assert two.statements(MEDIA + more) == few
