"""Shipping a run's journal, with a server that misbehaves."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import tidelog
from tests.client.conftest import NOBODY, OpenRun, whole_stream
from tests.client.fake_server import FakeServer
from tidelog.journal import open_segments
from tidelog.journal.reading import Assign, Point, SetChange, State
from tidelog.journal.segments import JournalFolder, find_journals
from tidelog.shipping import backoff, delivery, shipper

Online = Callable[..., tidelog.Run]


@pytest.fixture
def online(open_run: OpenRun, fake: FakeServer, monkeypatch: pytest.MonkeyPatch) -> Online:
    """Opens runs that ship to the fake server, and come back quickly after failures."""
    monkeypatch.setattr(backoff, "FIRST_S", 0.01)
    return lambda **settings: open_run(**{"mode": "async", "url": fake.url, "flush_interval_s": 0.02, **settings})


def points(server: FakeServer) -> list[float]:
    """Return the values that came home."""
    return [record.value for record in server.records() if isinstance(record, Point)]


def test_a_run_comes_home_and_leaves_nothing(online: Online, fake: FakeServer, journals: Path) -> None:
    """Everything that was logged arrives in order, with the state last, and the journal is deleted."""
    run = online(name="a name", tags=["b", "a"])
    for number in range(1000):
        run["x"].append(number)
    run.stop()
    assert points(fake) == list(range(1000))
    assert isinstance(fake.records()[-1], State)
    assert fake.registrations[0]["name"] == "a name"
    assert [set(record.items) for record in fake.records() if isinstance(record, SetChange)] == [{"a", "b"}]
    assert list(journals.iterdir()) == []


def test_wait_returns_when_the_server_has_what_was_logged(online: Online, fake: FakeServer) -> None:
    """It needs no stop, and tells when it does not come true in time."""
    run = online(flush_interval_s=1000.0)
    run["x"].append(1.0)
    assert run.wait(30.0) is True
    assert points(fake) == [1.0]
    fake.failing_always = (503, "unavailable")
    run["x"].append(2.0)
    assert run.wait(0.05) is False
    fake.failing_always = None
    assert run.wait(30.0) is True
    assert points(fake) == [1.0, 2.0]


def test_the_label_is_known_once_the_server_has_answered(online: Online, fake: FakeServer) -> None:
    """The address of the run works before that, by its key."""
    run = online(project="p ü", custom_run_id="my key")
    assert run.get_url() == f"{fake.url}/projects/p%20%C3%BC/runs/{run.label or 'my%20key'}"
    run.wait(30.0)
    assert (run.label, run.key, run.project) == ("FAKE-1", "my key", "p ü")
    assert run.get_url() == f"{fake.url}/projects/p%20%C3%BC/runs/FAKE-1"


def test_going_on_with_a_run_says_nothing_about_its_beginning(online: Online, fake: FakeServer) -> None:
    """With with_id the server finds the run, and its name, host and creation time stay."""
    run = online(with_id="MNIST-3")
    run["x"].append(1.0)
    run.stop()
    assert (fake.registrations[0]["with_id"], fake.registrations[0]["run_key"]) == ("MNIST-3", None)
    assert not any(isinstance(record, Assign) for record in fake.records())
    assert run.key == "key-of-MNIST-3"


def test_the_token_is_sent_and_never_said(online: Online, fake: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    """It goes into the header of every request, and into no message."""
    caplog.set_level(logging.DEBUG)
    run = online(api_token="secret-token")
    fake.fail(503, "unavailable")
    run["x"].append(1.0)
    run.stop()
    assert fake.tokens == {"Bearer secret-token"}
    assert "secret-token" not in caplog.text + repr(run)


def test_failures_are_retried_and_said_once(online: Online, fake: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    """One warning when the server stops answering, one line when it is back; nothing lost, nothing doubled."""
    caplog.set_level(logging.INFO, "tidelog")
    run = online()
    run["x"].append(1.0)
    run.wait(30.0)
    fake.fail(500, "internal_error", times=3)
    fake.fail(429, "too_many", times=2, Retry_After="0.01")
    fake.fail(502, "", times=1)
    run["x"].append(2.0)
    assert run.wait(30.0) is True
    assert points(fake) == [1.0, 2.0]
    texts = [record.getMessage() for record in caplog.records]
    [trouble] = [text for text in texts if "The run goes on" in text]
    assert str(run.directory) in trouble
    assert "tidelog sync --directory" in trouble
    assert sum("answers again" in text for text in texts) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "access_denied"),
        (403, "forbidden"),
        (410, "run_deleted"),
        (404, "run_not_found"),
        (422, "invalid"),
        (413, ""),
    ],
)
def test_a_refusal_is_final_and_clear(
    online: Online, fake: FakeServer, journals: Path, caplog: pytest.LogCaptureFixture, status: int, code: str
) -> None:
    """One line says why, where the journal is and what brings it home; logging goes on; the journal stays."""
    fake.failing_always = (status, code)
    run = online()
    run["x"].append(1.0)
    assert run.wait(30.0) is False
    asked = fake.requests
    run["x"].append(2.0)
    assert run.wait(30.0) is False
    run.stop()
    assert fake.requests == asked == 1
    [line] = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert str(run.directory) in line
    assert f"tidelog sync --directory {journals}" in line
    [folder] = find_journals(str(journals))
    assert folder.end() > 0


def test_a_malformed_journal_is_kept(
    online: Online, fake: FakeServer, journals: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The server stored nothing of it; shipping stops and the journal stays for inspection."""
    run = online()
    run.wait(30.0)
    fake.failing_always = (400, "malformed_journal")
    run["x"].append(1.0)
    run.stop()
    assert "malformed_journal" in caplog.text
    assert len(find_journals(str(journals))) == 1


def test_a_server_that_forgot_the_writer_gets_it_again(online: Online, fake: FakeServer) -> None:
    """404 writer_not_found: register again and go on from where the answer says."""
    run = online()
    run["x"].append(1.0)
    run.wait(30.0)
    fake.fail(404, "writer_not_found")
    run["x"].append(2.0)
    run.stop()
    assert len(fake.registrations) == 2
    assert points(fake) == [1.0, 2.0]


def test_a_gap_is_filled_from_disk(online: Online, fake: FakeServer) -> None:
    """409 offset_gap: the client goes back to what the server expects."""
    run = online()
    run["x"].append(1.0)
    run.wait(30.0)
    with fake.lock:
        [stream] = fake.streams.values()
        del stream[-28:]
    run["x"].append(2.0)
    run.stop()
    assert points(fake) == [1.0, 2.0]


def test_a_gap_that_the_disk_cannot_fill_is_a_refusal(
    online: Online, fake: FakeServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that was set back beyond what is still on disk gets nothing more, and the line says what happened."""
    monkeypatch.setattr(open_segments, "SEGMENT_BYTES", 100)
    monkeypatch.setattr(open_segments, "SETTLE_S", 0.0)
    run = online()
    while not any(folder.segments()[0].start for folder in find_journals(str(run.directory))):
        run["x"].append(1.0)
        run.wait(30.0)
    with fake.lock:
        [stream] = fake.streams.values()
        del stream[:]
    run["x"].append(2.0)
    run.stop()
    assert "restored from an older copy" in caplog.text


def test_a_record_longer_than_a_batch_is_sent_in_a_larger_one(
    online: Online, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the answer does not advance, the batch is doubled until the record fits."""
    monkeypatch.setattr(shipper, "BATCH_BYTES", 64)
    text = "x" * 10_000
    run = online()
    run["before"].append(1.0)
    run["text"] = text
    run["after"].append(2.0)
    run.stop()
    assert points(fake) == [1.0, 2.0]
    assert b"s" + text.encode() in [record.value for record in fake.records() if isinstance(record, Assign)]


def test_an_idle_run_sends_heartbeats(online: Online, fake: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty batch now and then tells the server that the process is alive."""
    monkeypatch.setattr(shipper, "HEARTBEAT_S", 0.0)
    run = online()
    run["x"].append(1.0)
    run.wait(30.0)
    while fake.batches.count(0) < 3:
        run.wait(30.0)
    assert points(fake) == [1.0]


def test_without_a_server_stopping_is_quick_and_says_where_the_data_is(
    online: Online, journals: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that never answered does not keep the program until the timeout."""
    monkeypatch.setattr(delivery, "GIVE_UP_S", 0.0)
    run = online(url=NOBODY)
    run["x"].append(1.0)
    run.stop(timeout_s=1000.0)
    [folder] = find_journals(str(journals))
    end = caplog.records[-1].getMessage()
    assert f"{len(whole_stream(folder)):,} bytes that the server does not have" in end
    assert folder.path in end
    assert f"tidelog sync --directory {journals}" in end


def test_stop_gives_up_after_its_timeout(online: Online, fake: FakeServer, journals: Path) -> None:
    """A server that answered before and is away now is waited for no longer than asked."""
    run = online()
    run.wait(30.0)
    fake.failing_always = (503, "unavailable")
    run.stop(timeout_s=0.1)
    assert len(find_journals(str(journals))) == 1


def test_stop_after_a_timeout_gives_the_journal_free(online: Online, fake: FakeServer, journals: Path) -> None:
    """Its lock is free, so that `tidelog sync` may take it up while the program still runs."""
    run = online()
    fake.failing_always = (503, "unavailable")
    run.stop(timeout_s=0.1)
    [folder] = find_journals(str(journals))
    assert JournalFolder(folder.path).lock.acquire() is True


def test_sync_mode_returns_with_the_acknowledgement(online: Online, fake: FakeServer) -> None:
    """After each call the server has what it wrote."""
    run = online(mode="sync", flush_interval_s=1000.0)
    run["x"].append(1.0)
    assert points(fake) == [1.0]
    run["x"].extend([2.0])
    run["p"] = {"a": 3}
    run["n"].append({"y": 4.0})
    del run["p"]
    assert len(fake.records()) == len(set(map(repr, fake.records())))
    assert fake.records()[-1].__class__.__name__ == "Delete"


def test_sync_mode_goes_on_without_a_server(
    online: Online, fake: FakeServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It waits a while, says so once, and never raises."""
    monkeypatch.setattr("tidelog.session.ACKNOWLEDGEMENT_TIMEOUT_S", 0.05)
    fake.failing_always = (503, "unavailable")
    run = online(mode="sync")
    run["x"].append(1.0)
    run["x"].append(2.0)
    assert sum("did not acknowledge" in record.getMessage() for record in caplog.records) == 1


def test_two_threads_lose_nothing(online: Online, fake: FakeServer) -> None:
    """Threads share series and make new ones at the same time; each point arrives whole."""
    run = online()

    def log(offset: int) -> None:
        for number in range(2000):
            run["shared"].append(offset + number)
            run["rows"].append({f"t{offset}": number})

    threads = [threading.Thread(target=log, args=(offset,)) for offset in (0, 2000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.stop()
    assert sorted(points(fake)) == list(range(4000))


def test_an_old_segment_goes_once_the_server_has_it(
    online: Online, monkeypatch: pytest.MonkeyPatch, journals: Path
) -> None:
    """The disk holds what the server does not have, and little more."""
    monkeypatch.setattr(open_segments, "SEGMENT_BYTES", 1000)
    monkeypatch.setattr(open_segments, "SETTLE_S", 0.0)
    run = online()
    [folder] = find_journals(str(journals))
    while not folder.segments()[0].start:
        run["x"].append(1.0)
    run.wait(30.0)
    assert folder.segments()[0].start > 0
