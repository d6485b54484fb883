"""A project with something of every kind comes through an export and an import as it was, on each engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

import tidelog
from tests.conftest import ServerProcess
from tests.contract.test_export import bring, content, export
from tests.exchange_project import Everything
from tidelog import cli
from tidelog.errors import ServerUnreachableError
from tidelog.exchange.export_layout import rows_of
from tidelog.shipping.transport import Transport

Servers = Callable[..., ServerProcess]


@pytest.fixture
def everything(start_server: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Everything:
    """The project, on a server on SQLite."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = Everything(start_server("--database-url", f"sqlite:///{tmp_path / 'first.db'}"), tmp_path)
    made.log()
    return made


def test_everything_comes_through(
    everything: Everything, start_server: Servers, new_postgresql_database: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """From SQLite to PostgreSQL and on to another SQLite: all three exports are one; importing again sends nothing."""
    export(everything.server, tmp_path / "a")
    one = content(tmp_path / "a")
    check(tmp_path / "a")
    source = tmp_path / "a"
    for name, database in (("b", new_postgresql_database), ("c", f"sqlite:///{tmp_path / 'third.db'}")):
        server = start_server("--database-url", database)
        imported = bring(server, source, capsys)
        assert [run["run"] for run in imported] == [run["exported_as"] for run in imported]
        assert not [run for run in imported if run["problem"] or run["skipped"]]
        assert not [run for run in bring(server, source, capsys) if run["sent_bytes"]]
        source = tmp_path / name
        export(server, source)
        assert_same(one, content(source))


def test_a_newer_export_takes_the_place_of_an_older_one(
    start_server: Servers, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that went on meanwhile, and was resumed twice, ends up as if only its last state had been imported."""
    made = Everything(start_server(), tmp_path)
    there = start_server("--database-url", database_url)
    for number, (first, stop) in enumerate(((0, 30), (10, 20), (5, 40))):
        with made.run("resumed", name="resumed") as run:
            for step in range(first, stop):
                run["loss"].append(step + 1000 * first, step=step)
            run["count"] = number
            run["weights"].upload(tidelog.File.from_content(b"weights %d" % number, "bin"))
            run.alert("going on", f"from {first}")
            assert run.wait(60)
            if number != 1:  # what follows is the same without it
                export(made.server, tmp_path / "a")  # while it runs: it arrives as crashed
                [imported] = bring(there, tmp_path / "a", capsys)
                assert imported["problem"] is None
                export(there, tmp_path / f"running-{number}")
                told = json.loads((tmp_path / f"running-{number}/runs/EXPORTED-1/run.json").read_text("utf-8"))
                assert told["state"] == "crashed"
        export(made.server, tmp_path / "a")
        bring(there, tmp_path / "a", capsys)
    export(there, tmp_path / "b")
    assert_same(content(tmp_path / "a"), content(tmp_path / "b"))
    told = [httpx.get(f"{server.url}/api/runs/EXPORTED-1/attempts").json() for server in (made.server, there)]
    assert told[0] == told[1]


def test_what_was_deleted_or_changed_by_people_meanwhile_is_so_here_too(
    start_server: Servers, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Attributes that are gone, a series that began anew, a file out of a set, another name; views, boards, aliases."""
    made = Everything(start_server(), tmp_path)
    there = start_server("--database-url", database_url)
    made._series()
    made._files()
    made._by_people()
    export(made.server, tmp_path / "a")
    bring(there, tmp_path / "a", capsys)
    with made.run("second") as run:
        run.pop("train/loss")
        run["train/loss"].append(1.0, step=7)
        run.pop("notes")
        run["weights"].append(tidelog.Histogram(edges=[0.0, 1.0], counts=[1.0]), step=2)
    with made.run("files") as run:
        run["data"].delete_files(["train/0.txt"])
        run.pop("none")
    api = f"{made.server.url}/api"
    httpx.patch(f"{api}/runs/EXPORTED-1", json={"name": "renamed"}).raise_for_status()
    alias = {"project": "exported", "name": "digits", "version": "v2", "alias": "raw"}
    httpx.post(f"{api}/artifacts/aliases", json=alias).raise_for_status()
    everywhere = {"project": "exported"}
    view = {"name": "all", "address": "q=acc+%3E+0.5"}
    httpx.post(f"{api}/views", params=everywhere, json=view).raise_for_status()
    board = httpx.get(f"{api}/dashboards", params=everywhere).json()[0]
    change = {"version": board["version"], "name": "another name", "content": {}}
    httpx.patch(f"{api}/dashboards/{board['id']}", params=everywhere, json=change).raise_for_status()
    export(made.server, tmp_path / "newer")
    bring(there, tmp_path / "newer", capsys)
    export(there, tmp_path / "b")
    assert_same(content(tmp_path / "newer"), content(tmp_path / "b"))


def test_an_older_export_takes_nothing_away(
    start_server: Servers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither one that was imported before nor one that never was: the run is left alone, which is said."""
    made, there = Everything(start_server(), tmp_path), start_server()
    with made.run("one") as run:
        run["a"] = 1
        assert run.wait(60)
        export(made.server, tmp_path / "running")
    export(made.server, tmp_path / "a")
    bring(there, tmp_path / "a", capsys)
    httpx.patch(f"{made.server.url}/api/runs/EXPORTED-1", json={"tags": ["x"]}).raise_for_status()
    export(made.server, tmp_path / "newer")
    bring(there, tmp_path / "newer", capsys)
    for older in ("running", "a"):
        assert cli.main(["import", str(tmp_path / older), "--url", there.url]) == 1
        assert "not imported: a newer export of it was imported before" in capsys.readouterr().out
    export(there, tmp_path / "b")
    assert_same(content(tmp_path / "newer"), content(tmp_path / "b"))


@pytest.mark.parametrize("requests", [3, 6, 11])
def test_an_import_that_was_cut_anywhere_goes_on(
    start_server: Servers, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    requests: int,
) -> None:  # fmt: skip
    """After any request, of files, artifacts or journals."""
    made = Everything(start_server(), tmp_path)
    made._files()
    export(made.server, tmp_path / "a")
    there = start_server()
    send, sent = Transport._send, []

    def cut(self: Transport, method: str, path: str, **request: Any) -> Any:
        if method != "GET":
            sent.append(path)
        if len(sent) > requests:
            raise ServerUnreachableError("cut")
        return send(self, method, path, **request)

    with monkeypatch.context() as patched:
        patched.setattr(Transport, "_send", cut)
        assert cli.main(["import", str(tmp_path / "a"), "--url", there.url]) == 4
    bring(there, tmp_path / "a", capsys)
    export(there, tmp_path / "b")
    assert_same(content(tmp_path / "a"), content(tmp_path / "b"))


def test_a_label_that_is_taken_is_not_given_twice(
    start_server: Servers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run gets another one, which is said; a fork finds its origin nevertheless."""
    made = Everything(start_server(), tmp_path)
    with made.run("one") as run:
        run["a"].append(1.0, step=0)
    with made.run("two", fork_run_id="one", fork_step=0) as run:
        run["b"] = 1
    export(made.server, tmp_path / "a")
    other = Everything(start_server(), tmp_path)
    with other.run("somebody else's") as run:
        run["c"] = 1
    assert cli.main(["import", str(tmp_path / "a"), "--url", other.server.url]) == 0
    told = capsys.readouterr().out
    assert "EXPORTED-1 -> EXPORTED-2" in told
    assert "EXPORTED-2 -> EXPORTED-3" in told
    fork = httpx.get(f"{other.server.url}/api/runs/EXPORTED-3").json()
    assert (fork["fork_run"], fork["key"]) == ("EXPORTED-2", "two")


def check(folder: Path) -> None:
    """Nothing is missing in the export to begin with."""
    labels = {path.name for path in (folder / "runs").iterdir()}
    assert labels == {*(f"EXPORTED-{n}" for n in (1, 3, 4, 5, 6, 7, 8, 9, 10)), "EXPORTED", *NETS}
    runs = {label: json.loads((folder / "runs" / label / "run.json").read_text("utf-8")) for label in labels}
    assert [writer["attempt"] for writer in runs["EXPORTED-7"]["writers"]] == [0, 1, 2]
    assert (runs["EXPORTED-9"]["fork_run"], runs["EXPORTED-9"]["fork_step"]) == ("EXPORTED-8", 51)
    assert (runs["EXPORTED-4"]["state"], runs["EXPORTED-10"]["state"]) == ("failed", "crashed")
    assert all(run["complete"] for run in runs.values())
    abandoned = list(rows_of(str(folder / "runs" / "EXPORTED-7"), "abandoned_objects"))
    assert {row["type"] for row in abandoned} == {"string_series", "histogram_series", "file_series"}
    contents = [path for path in (folder / "files").rglob("*") if path.is_file()]
    assert len(contents) == len({path.name for path in contents})
    assert len(list((folder / "artifacts").rglob("*.files.json"))) == 3


NETS = {"EXPORTED-NET", "EXPORTED-NET-1", "EXPORTED-NET-2"}


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    """As `==`, and tells which file differs."""
    assert sorted(one) == sorted(other)
    for name, value in one.items():
        assert other[name] == value, name
