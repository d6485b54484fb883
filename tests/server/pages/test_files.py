"""The tab of a run's files, and what a browser is given of them."""

from __future__ import annotations

import hashlib

import pytest

from tests.journals import Sender
from tests.server.pages.conftest import Pages
from tidelog.journal import records
from tidelog_server.files.serving import parsed_range
from tidelog_server.files.uploads import Announcement

CONTENTS = {
    0: ("image.png", b"\x89PNG"),
    1: ("page.html", b"<script>alert(1)</script>"),
    2: ("notes.txt", b"some <b>notes</b>"),
    3: ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    4: ("never.bin", b""),
}


def reference(number: int) -> bytes:
    """What a journal says of one of the files."""
    name, data = CONTENTS[number]
    said = {"file": number, "name": name, "extension": name.split(".")[1], "media_type": "image/png", "size": len(data)}
    return records.FILE_REFERENCE + records.as_json(said)


@pytest.fixture
def run(pages: Pages) -> Sender:
    """A run PROJECT-1 with files of which the last has not arrived, a series of two images, and a set."""
    sender = Sender(pages.services.receiver, project="project", key="run", name="a run")
    journal = sender.journal
    for path, number in {"page": 1, "notes": 2, "drawing": 3, "never": 4}.items():
        journal.assign(path, reference(number))
    for step in (0, 5):
        journal.stream += records.object_point(journal.number("images"), step * 1_000_000, 1.8e9, reference(0))
    entry = {"name": "src/notes.txt", "file": 2, "size": 17, "modified_ms": 0}
    journal.stream += records.file_set_change(journal.number("set"), 1.8e9, records.ADD, [entry])
    sender.ship()
    uploads = pages.services.uploads
    for number, (_, data) in CONTENTS.items():
        if number != 4:
            uploads.announce(sender.name, [Announcement(number, len(data), hashlib.sha256(data).hexdigest())])
            uploads.receive(sender.name, number, 0, data)
    return sender


def test_the_tab_shows_all_that_is_there(pages: Pages, run: Sender) -> None:
    """Files, sets, and what has not arrived."""
    text = pages.get("/projects/project/runs/PROJECT-1?tab=files").text
    for wanted in ("src/notes.txt", "Download all as ZIP", "not arrived yet"):
        assert wanted in text, wanted


def test_a_text_is_shown_and_never_as_html(pages: Pages, run: Sender) -> None:
    """Of a file and of one in a set."""
    for address in ("path=notes", "path=set&name=src/notes.txt"):
        text = pages.get(f"/projects/project/runs/PROJECT-1?tab=files&{address}").text
        assert "some &lt;b&gt;notes&lt;/b&gt;" in text


def test_html_runs_in_an_origin_of_its_own_only(pages: Pages, run: Sender) -> None:
    """A page of ours frames it in a sandbox; its own answer is sandboxed too, and a plain one is a download."""
    text = pages.get("/projects/project/runs/PROJECT-1?tab=files&path=page").text
    assert '<iframe class="file-frame" sandbox="allow-scripts"' in text
    for path in ("page", "drawing"):
        plain = pages.get(f"/api/runs/PROJECT-1/files?path={path}")
        assert plain.headers["content-type"] == "application/octet-stream"
        assert plain.headers["content-disposition"].startswith("attachment")
        assert "sandbox" not in plain.headers["content-security-policy"]
        framed = pages.get(f"/api/runs/PROJECT-1/files?path={path}&view=true")
        policy = framed.headers.get_list("content-security-policy")
        assert len(policy) == 1
        assert policy[0].startswith("sandbox allow-scripts; default-src 'none'")
        assert "allow-same-origin" not in policy[0]
        assert framed.headers["x-content-type-options"] == "nosniff"


def test_images_are_cached_and_come_in_ranges(pages: Pages, run: Sender) -> None:
    """By their hash; an address that names it never asks again."""
    address = "/api/runs/PROJECT-1/files?path=images"
    whole = pages.get(address)
    assert (whole.status_code, whole.content) == (200, b"\x89PNG")
    assert whole.headers["content-type"] == "image/png"
    assert whole.headers["cache-control"] == "private, no-cache"
    tag = whole.headers["etag"]
    assert pages.get(address, If_None_Match=tag).status_code == 304
    assert "immutable" in pages.get(f"{address}&sha256={tag.strip(chr(34))}").headers["cache-control"]
    part = pages.get(address, Range="bytes=1-2")
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"PN", "bytes 1-2/4")
    assert pages.get(address, Range="bytes=9-").status_code == 416


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-", (0, 10)), ("bytes=3-5", (3, 6)), ("bytes=-4", (6, 10)), ("bytes=8-99", (8, 10)),
        ("bytes=10-", None), ("bytes=5-3", None), ("bytes=-0", None), ("bytes=0-1,3-4", (0, 10)),
        ("lines=1-2", (0, 10)), ("bytes=-", (0, 10)),
    ],
)  # fmt: skip
def test_ranges(header: str, expected: tuple[int, int] | None) -> None:
    """One range is served, several or other units get all, what lies outside is refused."""
    assert parsed_range(header, 10) == expected


def test_what_has_not_arrived_is_said(pages: Pages, run: Sender) -> None:
    """To programs by a code, to people on the page; what never was is not there either."""
    answer = pages.get("/api/runs/PROJECT-1/files?path=never")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "file_not_found")
    assert "has not arrived yet" in answer.json()["error"]["message"]
    for address in ("path=nothing", "path=set", "path=set&name=nothing", "path=images&step=3"):
        assert pages.get(f"/api/runs/PROJECT-1/files?{address}").status_code == 404, address
    for address in ("path=nothing", "path=images&at=x", "path=set&name=nothing", "path=never"):
        assert pages.get(f"/projects/project/runs/PROJECT-1?tab=files&{address}").status_code == 200, address


def test_a_project_without_artifacts(pages: Pages, run: Sender) -> None:
    """The page says what they are; one that is not there is a page that says so."""
    assert "None yet" in pages.get("/projects/project/artifacts").text
    assert pages.get("/projects/project/artifacts?name=nothing").status_code == 404
    assert pages.get("/projects/nothing/artifacts").status_code == 404
