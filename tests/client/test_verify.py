"""`tidelog verify` against a real server: it finds what is missing or different, and nothing where all is well."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.client.conftest import OpenRun
from tests.conftest import ServerProcess
from tidelog import File, cli
from tidelog.journal import records
from tidelog.journal.segments import find_journals


@pytest.fixture
def server(start_server: Callable[..., ServerProcess], database_url: str) -> ServerProcess:
    """A server on each engine."""
    return start_server("--database-url", database_url)


@pytest.fixture
def logged(open_run: OpenRun, journals: Path) -> Path:
    """An offline run with all kinds of records, and writes over earlier ones."""
    run = open_run(custom_run_id="one")
    run["params"] = {"lr": 0.1, "n": 3, "on": True, "name": "x", "bad": float("nan")}
    run["params/lr"] = 0.2
    run["sys/tags"] = {"b", "a"}
    for step in range(100):
        run["train"].append({"loss": 1 / (1 + step), "odd": float("nan")}, step=step / 4)
    run["count"].extend([5.0, 6.0, 7.0])
    run["count"].append(8.0)
    run["train/loss"].append(77.0, step=3)
    run["notes"].append("first", step=0)
    run["notes"].append("second", step=1)
    run["notes"].append("better", step=0)
    run["gone"].append(1.0)
    del run["gone"]
    run.stop()
    return journals


def verified(journals: Path, url: str, capsys: pytest.CaptureFixture[str], status: int) -> list[dict[str, Any]]:
    """Run the command with --json; what it says of each journal."""
    capsys.readouterr()
    assert cli.main(["verify", "--json", "--directory", str(journals), "--url", url]) == status
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["journals"]
    return found


def keep_and_sync(journals: Path, url: str) -> None:
    """Bring everything home, and leave the journals on disk."""
    assert cli.main(["sync", "--keep", "--directory", str(journals), "--url", url]) == 0


def test_received_n_of_n(logged: Path, server: ServerProcess, capsys: pytest.CaptureFixture[str]) -> None:
    """What is home is found in full, what was written over is said so, and the run's header counts the same."""
    keep_and_sync(logged, server.url)
    [journal] = verified(logged, server.url, capsys, status=0)
    assert journal["received"] == journal["records"] == 200 + 4 + 1 + 1 + 1 + 6 + 3 + 3
    assert journal["overwritten"] == 4  # the first lr, the loss at step 3, the first note, the deleted point
    assert journal["complete"]
    assert cli.main(["verify", "--directory", str(logged), "--url", server.url]) == 0
    assert f"received {journal['records']:,} of {journal['records']:,} records" in capsys.readouterr().out
    assert cli.main(["verify", "P-1", "--url", server.url, "--json"]) == 0
    [run] = json.loads(capsys.readouterr().out)["runs"]
    assert run["records"] == journal["records"]
    assert run["problems"] == []
    assert run["points"] == 204 + 2  # and two notes
    import httpx

    assert f">{journal['records']} of {journal['records']}</dd>" in httpx.get(f"{server.url}/projects/p/runs/P-1").text


def test_nothing_was_sent(logged: Path, server: ServerProcess, capsys: pytest.CaptureFixture[str]) -> None:
    """Received none of N, status 1, and the command that sends it."""
    [journal] = verified(logged, server.url, capsys, status=1)
    assert (journal["received"], journal["pending"]) == (0, journal["records"])
    assert journal["records"] > 200


def test_what_was_added_since_is_pending(
    logged: Path, server: ServerProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    """Records behind the server's copy are not missing but on their way."""
    keep_and_sync(logged, server.url)
    [folder] = find_journals(str(logged))
    with open(folder.segments()[-1].path, "ab") as segment:
        segment.write(records.pack_point(records.point_tag(0), 0, 1.0, 2.0))
    [journal] = verified(logged, server.url, capsys, status=1)
    assert journal["pending"] == 1
    assert journal["received"] == journal["records"] - 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE attributes SET number = 9 WHERE path_id = (SELECT id FROM paths WHERE path = 'params/n')", None),
        ("UPDATE attributes SET text = '9' WHERE path_id = (SELECT id FROM paths WHERE path = 'params/n')", "params/n"),
        ("DELETE FROM attributes WHERE path_id = (SELECT id FROM paths WHERE path = 'params/on')", "is not there"),
        (
            "DELETE FROM chunks WHERE series_id = (SELECT series.id FROM series JOIN paths ON paths.id = path_id "
            "WHERE path = 'train/odd')",
            "train/odd: 100 points are missing",
        ),
        (
            "DELETE FROM object_chunks WHERE series_id = (SELECT series.id FROM series JOIN paths "
            "ON paths.id = path_id WHERE path = 'notes')",
            "notes: 2 points are missing",
        ),
    ],
)
def test_what_was_lost_or_changed_is_found(
    logged: Path, server: ServerProcess, database_url: str, capsys: pytest.CaptureFixture[str], change: str, told: str
) -> None:
    """Behind the server's back, in its database: told by path, with status 1."""
    keep_and_sync(logged, server.url)
    verified(logged, server.url, capsys, status=0)
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        assert connection.execute(sa.text(change)).rowcount
    engine.dispose()
    if told is None:  # an int is its text; the number beside it is for comparing
        verified(logged, server.url, capsys, status=0)
        return
    [journal] = verified(logged, server.url, capsys, status=1)
    assert journal["received"] < journal["records"]
    assert any(told in difference for difference in journal["differences"])
    if "FROM chunks" in change:
        assert cli.main(["verify", "P-1", "--url", server.url]) == 1
        assert "0 points are stored and 100 are counted" in capsys.readouterr().out


def test_two_processes_of_one_run(
    logged: Path, open_run: OpenRun, server: ServerProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the other one wrote over is no loss, and steps that the server counts for both are found by value."""
    other = open_run(custom_run_id="one")
    other["train/loss"].append(-1.0, step=3)
    other["params/lr"] = 7.0
    other["count"].extend([1.0, 2.0])
    other.stop()
    keep_and_sync(logged, server.url)
    first, second = verified(logged, server.url, capsys, status=0)
    assert first["complete"]
    assert second["complete"]


def test_attempts_and_forks(
    open_run: OpenRun, journals: Path, server: ServerProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a later attempt abandoned is no loss, nor a point without a step, which a fork counts from its own."""
    for steps in (range(4), range(2, 3)):
        run = open_run(custom_run_id="one")
        for step in steps:
            run["notes"].append(f"note of {len(steps)}", step=step)
        run.stop()
    fork = open_run(custom_run_id="fork", fork_run_id="one", fork_step=1)
    fork["notes"].extend(["a", "b"])
    fork["loss"].extend([0.5, 0.25])
    fork.stop()
    keep_and_sync(journals, server.url)
    found = {journal["run"]: journal for journal in verified(journals, server.url, capsys, status=0)}
    assert set(found) == {"P-1", "P-2"}
    assert all(journal["complete"] for journal in found.values())


def test_a_journal_of_several_groups_and_pieces(
    logged: Path, server: ServerProcess, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not fit into memory at once comes to the same."""
    keep_and_sync(logged, server.url)
    whole = verified(logged, server.url, capsys, status=0)
    monkeypatch.setattr("tidelog.exchange.verifying.POINTS_AT_ONCE", 50)
    monkeypatch.setattr("tidelog.exchange.verifying.PIECE_BYTES", 2_000)
    monkeypatch.setattr("tidelog.exchange.verifying.PAGE_POINTS", 30)
    assert verified(logged, server.url, capsys, status=0) == whole


def test_files_sets_and_events(
    open_run: OpenRun, journals: Path, server: ServerProcess, database_url: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Each is asked for by number, name or title; what the server lost is told, and a check of the run reads bytes."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text(f"this is {name}")
    run = open_run(custom_run_id="one")
    run["model"].upload(File.from_content(b"weights", "bin"))
    run["images"].append(File.from_content(b"picture", "png"), step=1)
    run["set"].upload_files([str(tmp_path / "a.txt"), str(tmp_path / "b.txt")])
    run["set"].delete_files(["b.txt"])
    run.alert("it burns", level="error")
    run.stop()
    keep_and_sync(journals, server.url)
    [journal] = verified(journals, server.url, capsys, 0)
    assert (journal["files"], journal["received_files"], journal["pending_files"]) == (4, 4, 0)
    label = journal["run"]
    assert cli.main(["verify", label, "--url", server.url, "--json"]) == 0
    [checked] = json.loads(capsys.readouterr().out)["runs"]
    assert (checked["series"], checked["files"], checked["received_files"]) == (1, *(2 * [checked["files"]]))
    blob = next(
        path for path in (server.data / "blobs").rglob("*") if path.is_file() and path.read_bytes() == b"weights"
    )
    blob.write_bytes(b"Weights")
    assert cli.main(["verify", label, "--url", server.url]) == 1
    assert "has other bytes in the store" in capsys.readouterr().out
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        for change in (
            "DELETE FROM events", "DELETE FROM file_set_entries",
            "UPDATE files SET state = 'lost', problem = 'gone' WHERE number = 0",
        ):  # fmt: skip
            connection.execute(sa.text(change))
    engine.dispose()
    [journal] = verified(journals, server.url, capsys, 1)
    assert (journal["files"], journal["received_files"]) == (4, 3)
    told = "\n".join(journal["differences"])
    assert "the alert 'it burns' is not there" in told
    assert "set: the file a.txt is missing in the set" in told
    assert "is lost: gone" in told
