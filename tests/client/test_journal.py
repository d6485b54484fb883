"""The writing end of a journal: rolling segments, disks that refuse, folders that vanish."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

import tidelog
from tests.client.conftest import OpenRun, whole_stream
from tidelog.journal import journal as journal_module
from tidelog.journal import open_segments, records
from tidelog.journal.journal import Journal
from tidelog.journal.reading import Point, Record, State, read_records
from tidelog.journal.segments import find_journals

Written = Callable[[], list[Record]]


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that refused is tried again at once, and segments settle at once."""
    monkeypatch.setattr(journal_module, "RETRY_S", 0.0)
    monkeypatch.setattr(open_segments, "SETTLE_S", 0.0)


def journal_of(run: tidelog.Run) -> Journal:
    """Return the stream of a run that keeps a journal."""
    stream = run._session.stream
    assert isinstance(stream, Journal)
    return stream


def fill_disk(run: tidelog.Run) -> None:
    """Let the run's descriptor write to a device that is always full."""
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, journal_of(run).fd)
    os.close(full)


def values(read: list[Record]) -> list[float]:
    """Return the values of the points."""
    return [record.value for record in read if isinstance(record, Point)]


@pytest.mark.usefixtures("hasty")
def test_segments_follow_one_another_without_a_gap(
    open_run: OpenRun, monkeypatch: pytest.MonkeyPatch, written: Written
) -> None:
    """A new segment is named by its place in the stream once the one before is complete."""
    monkeypatch.setattr(open_segments, "SEGMENT_BYTES", 1000)
    run = open_run(flush_interval_s=1000.0)
    for number in range(1000):
        run["x"].append(number)
        journal_of(run).keep_up()
    [folder] = find_journals(str(run.directory.parent))
    segments = folder.segments()
    assert len(segments) > 10
    assert all(earlier.end == later.start for earlier, later in pairwise(segments))
    journal_of(run).close("finished", None)
    assert values(written()) == list(range(1000))


@pytest.mark.usefixtures("hasty")
def test_a_write_that_comes_late_into_an_old_segment_is_moved(open_run: OpenRun, journals: Path) -> None:
    """Bytes behind the measured end of a segment are not in the stream; before it is deleted they get there."""
    run = open_run(flush_interval_s=1000.0)
    run["x"].append(1.0)
    journal = journal_of(run)
    with journal.lock:
        assert journal._segments is not None
        journal._segments.roll_at_once(journal.fd)
    [folder] = find_journals(str(journals))
    first, second = folder.segments()
    with open(first.path, "ab") as late:
        late.write(folder.read(first.end - 28, 28))
    run["x"].append(2.0)
    journal.discard(second.start)
    assert values(list(read_records(whole_stream(folder)))) == [2.0, 1.0]


@pytest.mark.usefixtures("hasty")
def test_a_full_disk_drops_counts_and_recovers(
    run: tidelog.Run, written: Written, caplog: pytest.LogCaptureFixture
) -> None:
    """Appends never raise; one warning is given, another one says how much is gone, and the state record holds it."""
    run["x"].append(1.0)
    journal = journal_of(run)
    journal._open = lambda: (_ for _ in ()).throw(OSError(28, "No space left on device"))  # type: ignore[method-assign]
    segments, journal._segments = journal._segments, None
    fill_disk(run)
    for _ in range(3):
        run["x"].append(2.0)
        run["new"].append(2.0)
        run["n"].append({"a": 2.0})
        run["p"] = "dropped"
    journal._segments = segments
    run["new"].append(3.0)
    run["x"].append(4.0)
    run.stop()
    assert values(written()) == [1.0, 3.0, 4.0]
    assert written()[-1]._replace(seconds=0.0) == State("finished", 0.0, None, 12)
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert [text[:40] for text in warnings[:2]] == [
        f"the journal in {run.directory} cannot"[:40], "the journal can be written again; 12 records were"[:40],
    ]  # fmt: skip
    assert sum("cannot be written" in text for text in warnings) == 1


@pytest.mark.usefixtures("hasty")
def test_a_record_that_the_disk_took_in_part_is_cut_out_again(run: tidelog.Run, written: Written) -> None:
    """It is then written whole, and what another thread wrote meanwhile stays."""
    run["x"].append(1.0)
    journal = journal_of(run)
    torn, other = (records.pack_point(records.point_tag(3), 0, 1.0, value) for value in (2.0, 3.0))
    os.write(journal.fd, torn[:25])
    os.write(journal.fd, other)
    journal.rescue(torn, 25)
    run["x"].append(4.0)
    assert values(written()) == [1.0, 3.0, 2.0, 4.0]


def test_an_unwritable_directory_falls_back_and_says_so(
    open_run: OpenRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing raises; the journal goes below the system's temporary directory, which the warning names."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    run = open_run(directory=tmp_path / "file")
    run["x"].append(1.0)
    assert run.directory.is_relative_to(tmp_path / "temporary")
    assert f"cannot be kept in {tmp_path / 'file'}" in caplog.text
    assert str(run.directory) in caplog.text


def test_a_run_without_any_place_to_write_to_goes_on(
    open_run: OpenRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What it logs is dropped and counted; once there is a place it is used, with everything defined anew."""
    monkeypatch.setattr(journal_module, "RETRY_S", 0.0)
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    run = open_run(directory=tmp_path / "file")
    run["x"].append(1.0)
    run["n"].append({"a": 1.0})
    assert run.wait(0.0) is False
    (tmp_path / "file").unlink()
    run["x"].append(2.0)
    run.stop()
    [folder] = find_journals(str(tmp_path))
    assert values(list(read_records(whole_stream(folder)))) == [2.0]
    assert "3 records were dropped" in caplog.text


def test_a_deleted_folder_is_noticed_and_another_writer_begins(
    open_run: OpenRun, journals: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What was not sent is gone, and that is said; what is logged from then on is kept."""
    run = open_run(flush_interval_s=1000.0)
    run["x"].append(1.0)
    shutil.rmtree(journals)
    journal_of(run).keep_up()
    run["x"].append(2.0)
    run["y"].append(3.0)
    run.stop()
    [folder] = find_journals(str(journals))
    assert values(list(read_records(whole_stream(folder)))) == [2.0, 3.0]
    assert "was deleted while the run was writing it" in caplog.text


def test_a_descriptor_is_closed_only_with_its_stream(run: tidelog.Run) -> None:
    """After stop() an append cannot land in a file that was opened meanwhile under the same number."""
    attribute = run["x"]
    attribute.append(1.0)
    run.stop()
    others = [os.open(os.devnull, os.O_RDWR) for _ in range(10)]
    try:
        assert attribute._fd not in others
        with pytest.raises(tidelog.RunStoppedError):
            attribute.append(2.0)
    finally:
        for other in others:
            os.close(other)
