"""`tidelog sync` and `tidelog status`, against the stand-in server. With the real one: tests/faults/test_sync.py."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import tidelog
from tests.client.conftest import NOBODY, OpenRun
from tests.client.fake_server import FakeServer
from tidelog import cli
from tidelog.journal import records
from tidelog.journal.reading import Point
from tidelog.journal.segments import MAGIC, NEXT, JournalFolder, find_journals
from tidelog.shipping import backoff
from tidelog.shipping.shipper import Shipper
from tidelog.shipping.transport import Transport


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that fails is asked again soon."""
    monkeypatch.setattr(backoff, "FIRST_S", 0.001)


def killed(run: tidelog.Run) -> JournalFolder:
    """Leave a run as `kill -9` would: no state record, the lock free."""
    stream = run._session.stream
    folder = stream.folder  # type: ignore[attr-defined]
    run._session.stream.forked()
    return JournalFolder(folder.path)


def sync(journals: Path, fake: FakeServer | str, *options: str) -> int:
    """Run `tidelog sync`."""
    url = fake if isinstance(fake, str) else fake.url
    return cli.main(["sync", "--directory", str(journals), "--url", url, *options])


def points(fake: FakeServer) -> list[float]:
    """Return the values that came home from the only writer."""
    return [record.value for record in fake.records() if isinstance(record, Point)]


def test_an_offline_run_comes_home(
    run: tidelog.Run, fake: FakeServer, journals: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of it is sent and the journal deleted; its state record ends it, so nobody calls it crashed."""
    run["x"].extend([1.0])
    run["x"].append(2.0)
    run.stop()
    assert sync(journals, fake) == 0
    assert points(fake) == [2.0]
    assert fake.closed == {}
    assert list(journals.iterdir()) == []
    assert "p: FAKE-1: home" in capsys.readouterr().out


def test_a_second_sync_has_nothing_to_do(
    run: tidelog.Run, fake: FakeServer, journals: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says so and succeeds; also where there never was a journal."""
    run.stop()
    sync(journals, fake)
    asked = fake.requests
    assert sync(journals, fake) == 0
    assert sync(journals / "nowhere", fake) == 0
    assert fake.requests == asked
    assert "Nothing to do" in capsys.readouterr().out


def test_a_killed_run_is_closed_as_crashed(run: tidelog.Run, fake: FakeServer, journals: Path) -> None:
    """A journal without a state record belongs to a process that died."""
    run["x"].append(1.0)
    folder = killed(run)
    assert sync(journals, fake) == 0
    assert fake.closed == {folder.path.rpartition("/")[2]: "crashed"}
    assert points(fake) == [1.0]


@pytest.mark.parametrize("torn", [b"\x03", records.pack_point(records.point_tag(3), 0, 1.0, 2.0)[:27], bytes(4096)])
def test_a_torn_tail_is_cut_off_and_kept(
    run: tidelog.Run, fake: FakeServer, journals: Path, capsys: pytest.CaptureFixture[str], torn: bytes
) -> None:
    """Half a record, or zeros after a power cut: the rest comes home, and the tail stays in a file."""
    run["x"].append(1.0)
    folder = killed(run)
    end = folder.end()
    with open(folder.segments()[-1].path, "ab") as segment:
        segment.write(torn)
    assert sync(journals, fake) == 0
    assert points(fake) == [1.0]
    [kept] = journals.rglob("torn-*.bin")
    assert (kept.name, kept.read_bytes()) == (f"torn-{end}.bin", torn)
    assert f"{len(torn)} bytes of it were cut off" in capsys.readouterr().out
    assert sync(journals, fake) == 0
    assert kept.exists()


def test_damage_in_the_middle_keeps_everything_behind_it_on_disk(
    run: tidelog.Run, fake: FakeServer, journals: Path
) -> None:
    """What comes behind a damaged record cannot be read, so it is kept with it, segments that follow included."""
    run["x"].append(1.0)
    folder = killed(run)
    damaged = bytearray(records.define(4, "y")) + records.pack_point(records.point_tag(3), 0, 1.0, 2.0)
    damaged[10] ^= 255
    end = folder.end()
    Path(folder.segment_path(end)).write_bytes(MAGIC + damaged)
    Path(folder.segment_path(end + len(damaged))).write_bytes(MAGIC + b"more")
    assert sync(journals, fake) == 0
    assert points(fake) == [1.0]
    [kept] = journals.rglob("torn-*.bin")
    assert kept.read_bytes() == damaged + b"more"


def test_a_segment_without_its_name_is_named(run: tidelog.Run, fake: FakeServer, journals: Path) -> None:
    """A process may die just after a new segment was begun."""
    run["x"].append(1.0)
    folder = killed(run)
    point = records.pack_point(records.point_tag(3), 0, 1.0, 2.0)
    (Path(folder.path) / NEXT).write_bytes(MAGIC + point)
    assert sync(journals, fake) == 0
    assert points(fake) == [1.0, 2.0]


def test_a_living_journal_is_shipped_and_left(
    run: tidelog.Run, fake: FakeServer, journals: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is there is sent, nothing is deleted or closed, and what comes later follows."""
    run["x"].append(1.0)
    assert sync(journals, fake) == 0
    assert "its process is still running" in capsys.readouterr().out
    run["x"].append(2.0)
    run.stop()
    assert sync(journals, fake) == 0
    assert points(fake) == [1.0, 2.0]
    assert fake.closed == {}


def test_what_its_process_sent_meanwhile_is_no_gap(
    run: tidelog.Run, fake: FakeServer, journals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A living process deletes segments while `tidelog sync` reads them: the server says where to go on."""
    run["x"].append(1.0)
    [folder] = find_journals(str(journals))
    start = folder.end()
    sync(journals, fake)
    Path(folder.segment_path(start)).write_bytes(MAGIC + records.pack_point(records.point_tag(3), 0, 1.0, 2.0))
    shipper = Shipper(folder, folder.origin(), Transport(fake.url, None))
    shipper.register()
    shipper.acknowledged = 0
    os.unlink(folder.segment_path(0))
    while shipper.ship():
        pass
    shipper._transport.close()
    assert points(fake) == [1.0, 2.0]


def test_what_cannot_be_sent_stays_and_fails_the_command(
    open_run: OpenRun, fake: FakeServer, journals: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One journal's trouble does not keep the others from coming home; the exit status tells."""
    good, bad = open_run(custom_run_id="good"), open_run(custom_run_id="bad")
    good.stop()
    bad.stop()
    (bad.directory / "writer.json").write_text("{")
    assert sync(journals, fake) == 1
    captured = capsys.readouterr()
    assert "writer.json" in captured.out
    assert "1 of 2 journals are not home" in captured.err
    assert [folder.path for folder in find_journals(str(journals))] == [str(bad.directory)]


def test_a_server_that_is_away_is_asked_once(
    open_run: OpenRun, journals: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a server nothing is touched, and the first journal's timeout is the only one."""
    for key in ("a", "b", "c"):
        open_run(custom_run_id=key).stop()
    asked = []
    post = "tidelog.shipping.transport.Transport.post"
    monkeypatch.setattr(post, lambda *_: asked.append(1) or _unreachable())
    assert sync(journals, NOBODY) == 1
    assert len(asked) == 1
    assert len(find_journals(str(journals))) == 3
    assert capsys.readouterr().out.count("is away") == 3


def _unreachable() -> None:
    raise tidelog.ServerUnreachableError("the server is away")


def test_a_server_that_fails_for_a_moment_is_asked_again(run: tidelog.Run, fake: FakeServer, journals: Path) -> None:
    """A few failures do not fail the command; more do, and lose nothing."""
    run["x"].append(1.0)
    run.stop()
    fake.failing_always = (503, "unavailable")
    assert sync(journals, fake) == 1
    fake.failing_always = None
    assert sync(journals, fake) == 0
    assert points(fake) == [1.0]


def test_the_url_is_the_argument_then_the_environment_then_the_runs_own(
    open_run: OpenRun, fake: FakeServer, journals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal knows which server it was meant for."""
    open_run(custom_run_id="a", url=fake.url).stop()
    assert cli.main(["sync", "--directory", str(journals)]) == 0
    open_run(custom_run_id="b", url=NOBODY).stop()
    monkeypatch.setenv("TIDELOG_URL", fake.url)
    assert cli.main(["sync", "--directory", str(journals)]) == 0
    assert len(fake.registrations) == 2


def test_status_tells_what_is_still_here(
    run: tidelog.Run, open_run: OpenRun, journals: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Project, run, records and bytes that are not home, and whether a process still writes; nothing is changed."""
    run["x"].append(1.0)
    ended = open_run(project="other", custom_run_id="k")
    ended.stop()
    before = {path: path.read_bytes() for path in journals.rglob("*.segment")}
    assert cli.main(["status", "--directory", str(journals), "--json"]) == 0
    statuses = {status["project"]: status for status in json.loads(capsys.readouterr().out)["journals"]}
    assert statuses["p"] | {"directory": ""} == {
        "directory": "", "project": "p", "run": run.key, "live": True, "pending_records": 6,
            "pending_files": 0, "pending_file_bytes": 0,
        "pending_bytes": os.path.getsize(*before.keys() - set(ended.directory.iterdir())) - 8, "problem": None,
    }  # fmt: skip
    assert (statuses["other"]["live"], statuses["other"]["run"], statuses["other"]["pending_records"]) == (
        False,
        "k",
        5,
    )
    assert cli.main(["status", "--directory", str(journals)]) == 0
    assert "5 records" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in journals.rglob("*.segment")} == before


def test_sync_speaks_json(
    run: tidelog.Run, fake: FakeServer, journals: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One document with an entry for each journal."""
    run.stop()
    assert sync(journals, fake, "--json") == 0
    [outcome] = json.loads(capsys.readouterr().out)["journals"]
    assert (outcome["project"], outcome["run"], outcome["home"], outcome["live"]) == ("p", "FAKE-1", True, False)


def test_a_journal_that_goes_home_meanwhile_is_no_trouble(
    run: tidelog.Run, fake: FakeServer, journals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own process may delete it between two looks."""
    run.stop()
    found = find_journals(str(journals))
    found[0].remove()
    monkeypatch.setattr("tidelog.shipping.sync.find_journals", lambda _: found)
    monkeypatch.setattr("tidelog.exchange.status.find_journals", lambda _: found)
    assert sync(journals, fake) == 0
    assert cli.main(["status", "--directory", str(journals)]) == 0
