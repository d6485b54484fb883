"""A journal's folder, read as one stream."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tidelog.errors import JournalError
from tidelog.journal.segments import MAGIC, JournalFolder, Origin, find_journals, folder_name

ORIGIN = Origin("p ü/x", "key", None, "00112233aabbccdd", None, 1, "host", 2, None, "offline", None)


@pytest.fixture
def folder(tmp_path: Path) -> JournalFolder:
    """A journal of the bytes 0 to 29 in three segments."""
    folder = JournalFolder.create(str(tmp_path), ORIGIN)
    for start in (0, 10, 20):
        Path(folder.segment_path(start)).write_bytes(MAGIC + bytes(range(start, start + 10)))
    yield folder
    folder.lock.release()


@pytest.mark.parametrize(("offset", "limit"), [(0, 100), (0, 30), (5, 10), (9, 2), (10, 10), (29, 1), (30, 5), (0, 0)])
def test_segments_are_read_as_one_stream(folder: JournalFolder, offset: int, limit: int) -> None:
    """Any range, over the bounds of segments; nothing at the end."""
    assert folder.read(offset, limit) == bytes(range(30))[offset : offset + limit]
    assert folder.end() == 30


@pytest.mark.parametrize("offset", [-1, 31])
def test_what_is_not_there_is_an_error(folder: JournalFolder, offset: int) -> None:
    """Asking for bytes outside says that they are not on disk."""
    with pytest.raises(JournalError, match=f"byte {offset} of the journal"):
        folder.read(offset, 5)


def test_a_hole_is_an_error(folder: JournalFolder) -> None:
    """A segment that somebody deleted in the middle does not look like the end."""
    Path(folder.segment_path(10)).unlink()
    assert folder.read(0, 100) == bytes(range(10))
    with pytest.raises(JournalError, match="byte 10 of the journal"):
        folder.read(10, 5)


def test_surplus_bytes_of_a_segment_are_not_in_the_stream(folder: JournalFolder) -> None:
    """The name of the next segment says where one ends."""
    with open(folder.segment_path(0), "ab") as segment:
        segment.write(b"late")
    assert folder.read(0, 100) == bytes(range(30))


def test_the_origin_is_kept(folder: JournalFolder, tmp_path: Path) -> None:
    """writer.json says whose journal it is, and folders are found by it."""
    assert folder.origin() == ORIGIN
    assert [found.path for found in find_journals(str(tmp_path))] == [folder.path]
    assert Path(folder.path).parent == tmp_path / "p%20%C3%BC%2Fx" / "key"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2}', '{"format": 1, "odd": 3}'])
def test_an_unreadable_origin_is_a_clear_error(folder: JournalFolder, text: str) -> None:
    """It names the folder."""
    (Path(folder.path) / "writer.json").write_text(text)
    with pytest.raises(JournalError, match="00112233aabbccdd"):
        folder.origin()


def test_an_origin_without_a_parent_is_read(folder: JournalFolder) -> None:
    """The key is only needed for forked children."""
    path = Path(folder.path) / "writer.json"
    fields = json.loads(path.read_text())
    del fields["parent"]
    path.write_text(json.dumps(fields))
    assert folder.origin() == ORIGIN


def test_the_acknowledged_offset_is_remembered(folder: JournalFolder) -> None:
    """Nothing there, or nonsense, counts as nothing acknowledged."""
    assert folder.acknowledged() == 0
    folder.acknowledge(20)
    assert folder.acknowledged() == 20
    (Path(folder.path) / "acknowledged").write_text("")
    assert folder.acknowledged() == 0


def test_a_lock_is_held_by_one(folder: JournalFolder) -> None:
    """Another one gets it when it was given back."""
    other = JournalFolder(folder.path)
    assert other.lock.acquire() is False
    folder.lock.release()
    assert other.lock.acquire() is True
    other.lock.release()


def test_removing_leaves_nothing_but_torn_tails(folder: JournalFolder, tmp_path: Path) -> None:
    """Empty folders of run and project go too; a torn tail stays, and is no journal."""
    torn = Path(folder.path) / "torn-5.bin"
    torn.write_bytes(b"x")
    folder.remove()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [torn]
    assert find_journals(str(tmp_path)) == []
    torn.unlink()
    folder.remove()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", [".", "..", "a/b", "x" * 300, "損" * 255, "a\\b:c*"])
def test_any_text_is_one_folder_name(text: str, tmp_path: Path) -> None:
    """No path separators, no dots that lead elsewhere, no name that is too long."""
    made = tmp_path / folder_name(text)
    made.mkdir()
    assert made.parent == tmp_path
    assert made.name not in (".", "..")


def test_long_names_stay_different() -> None:
    """What is cut off is still told apart."""
    assert folder_name("x" * 300) != folder_name("x" * 301)
