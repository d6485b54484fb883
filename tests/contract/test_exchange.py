"""A project with something of every kind comes through an export and an import as it was, on each engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ServerProcess
from tests.contract.test_export import bring, content, export
from tests.exchange_project import Everything

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


def check(folder: Path) -> None:
    """Nothing is missing in the export to begin with."""
    labels = {path.name for path in (folder / "runs").iterdir()}
    assert labels == {*(f"EXPORTED-{n}" for n in (1, 3, 4, 5, 6, 7, 8, 9, 10)), "EXPORTED", *NETS}
    runs = {label: json.loads((folder / "runs" / label / "run.json").read_text("utf-8")) for label in labels}
    assert [writer["attempt"] for writer in runs["EXPORTED-7"]["writers"]] == [0, 1, 2]
    assert (runs["EXPORTED-9"]["fork_run"], runs["EXPORTED-9"]["fork_step"]) == ("EXPORTED-8", 51)
    assert (runs["EXPORTED-4"]["state"], runs["EXPORTED-10"]["state"]) == ("failed", "crashed")
    assert all(run["complete"] for run in runs.values())
    contents = [path for path in (folder / "files").rglob("*") if path.is_file()]
    assert len(contents) == len({path.name for path in contents})
    assert len(list((folder / "artifacts").rglob("*.files.json"))) == 3


NETS = {"EXPORTED-NET", "EXPORTED-NET-1", "EXPORTED-NET-2"}


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    """As `==`, and tells which file differs."""
    assert sorted(one) == sorted(other)
    for name, value in one.items():
        assert other[name] == value, name
