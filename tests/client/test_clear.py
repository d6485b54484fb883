"""`tidelog clear`: no journal goes that holds data nobody else has, unless that was said twice."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from tests.client.conftest import OpenRun
from tests.client.fake_server import FakeServer
from tidelog import cli
from tidelog.journal.segments import find_journals


def cleared(journals: Path, capsys: pytest.CaptureFixture[str], *options: str, status: int) -> tuple[int, int]:
    """Run it with --json; how many journals were removed and kept."""
    assert cli.main(["clear", "--directory", str(journals), "--json", *options]) == status
    document = json.loads(capsys.readouterr().out)
    return len(document["removed"]), len(document["kept"])


def test_what_is_not_home_stays(open_run: OpenRun, journals: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 1, and the journal is as it was."""
    open_run().stop()
    assert cleared(journals, capsys, status=1) == (0, 1)
    assert len(find_journals(str(journals))) == 1


def test_what_is_home_goes(
    open_run: OpenRun, journals: Path, fake: FakeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """A journal that was shipped and kept is removed."""
    open_run().stop()
    assert cli.main(["sync", "--keep", "--directory", str(journals), "--url", fake.url]) == 0
    assert len(find_journals(str(journals))) == 1
    capsys.readouterr()
    assert cleared(journals, capsys, status=0) == (1, 0)
    assert find_journals(str(journals)) == []


def test_a_segment_without_a_name_counts(
    open_run: OpenRun, journals: Path, fake: FakeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a process had just begun to write when it died is not home."""
    open_run().stop()
    assert cli.main(["sync", "--keep", "--directory", str(journals), "--url", fake.url]) == 0
    [folder] = find_journals(str(journals))
    (Path(folder.path) / "next.segment").write_bytes(b"TIDELOG1 and more")
    capsys.readouterr()
    assert cleared(journals, capsys, status=1) == (0, 1)


def test_all_asks_first(
    open_run: OpenRun, journals: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a terminal and without --yes it refuses; with a no it removes nothing; with a yes, all."""
    open_run().stop()
    assert cli.main(["clear", "--all", "--directory", str(journals)]) == 2
    for answer, left in (("n\n", 1), ("yes\n", 0)):
        terminal = io.StringIO(answer)
        terminal.isatty = lambda: True  # type: ignore[method-assign]
        monkeypatch.setattr("sys.stdin", terminal)
        cli.main(["clear", "--all", "--directory", str(journals)])
        assert len(find_journals(str(journals))) == left


def test_a_running_process_keeps_its_journal(
    open_run: OpenRun, journals: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Even with --all --yes."""
    run = open_run()
    assert cleared(journals, capsys, "--all", "--yes", status=1) == (0, 1)
    run["a"].append(1.0)
