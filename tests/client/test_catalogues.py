"""Models, versions and artifacts of a project, from a program and on the command line, against a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import tidelog
from tests.conftest import ServerProcess, free_port
from tidelog import cli

PROJECT = "catalogue"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with two models, three versions of one, and two artifacts."""
    folder = tmp_path_factory.mktemp("catalogue")
    server = ServerProcess(folder / "data", free_port())
    server.start()
    where = {"url": server.url, "directory": folder / "journals"}
    for key in ("NET", "TREE"):
        with tidelog.init_model(PROJECT, key=key, **where) as model:
            assert model.wait(60)
    for number in range(3):
        with tidelog.init_model_version("CATALOGU-NET", project=PROJECT, **where) as version:
            version["accuracy"] = number / 10
            version.change_stage("production" if number == 1 else "none")
            assert version.wait(60)
    with tidelog.init_model_version("CATALOGU-TREE", project=PROJECT, **where) as version:
        assert version.wait(60)
    (folder / "data.txt").write_text("one")
    with tidelog.init_run(PROJECT, capture_hardware=False, **where) as run:
        run["digits"].track_files(folder / "data.txt", "digits", upload=True, aliases=["raw"], wait=True)
        (folder / "data.txt").write_text("two")
        run["digits"].track_files(folder / "data.txt", "digits", upload=True, wait=True)
        run["other"].track_files(folder / "data.txt", "other", wait=True)
    with tidelog.init_run(PROJECT, capture_hardware=False, **where) as run:
        run.use_artifact("digits:raw")
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def here(shared: ServerProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A working folder in which server and project are known."""
    monkeypatch.setenv("TIDELOG_URL", shared.url)
    monkeypatch.setenv("TIDELOG_PROJECT", PROJECT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_models_and_their_versions_as_tables() -> None:
    """With the columns, queries and orders of the runs table; versions of one model, or of all."""
    models = tidelog.fetch_models_table(sort_by="sys/id", ascending=True, output="python")
    assert models["sys/id"] == ["CATALOGU-NET", "CATALOGU-TREE"]
    versions = tidelog.fetch_model_versions_table(
        model="CATALOGU-NET", columns="^acc", sort_by="accuracy", output="python"
    )
    assert versions["sys/id"] == [f"CATALOGU-NET-{number}" for number in (3, 2, 1)]
    assert versions["accuracy"] == [0.2, 0.1, 0.0]
    assert len(tidelog.fetch_model_versions_table(output="python")["sys/id"]) == 4
    query = "accuracy > 0.1 OR accuracy < 0.1"  # the model counts for all of it
    found = tidelog.fetch_model_versions_table(model="CATALOGU-TREE", query=query, output="python")
    assert found["sys/id"] == []
    with pytest.raises(tidelog.ArgumentError, match="label of a model"):
        tidelog.fetch_model_versions_table(model="no such thing")


def test_artifacts_as_a_table() -> None:
    """Versions of all artifacts or of one, with aliases and lineage."""
    table = tidelog.fetch_artifacts(output="python")
    pairs = list(zip(table["name"], table["version"], strict=True))
    assert pairs == [("other", 1), ("digits", 2), ("digits", 1)]
    digits = tidelog.fetch_artifacts(name="digits", output="python")
    assert digits["aliases"] == [["latest"], ["raw"]]
    assert (digits["made_by"][1], digits["used_by"]) == (["CATALOGU-1"], [[], ["CATALOGU-2"]])


def test_models_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Models; versions of one with a query."""
    assert cli.main(["models", "--json"]) == 0
    assert {row["sys/id"] for row in json.loads(capsys.readouterr().out)["models"]} == {"CATALOGU-NET", "CATALOGU-TREE"}
    assert cli.main(["models", "CATALOGU-NET", "--query", '`sys/stage` = "production"', "--columns", "accuracy"]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header.split()[-1] == "accuracy"
    assert row.startswith("CATALOGU-NET-2")


def test_artifacts_on_the_command_line(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """List them; download a version by number or alias, checked."""
    assert cli.main(["artifacts", "digits"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert cli.main(["artifacts", "digits:raw", "--download", "old"]) == 0
    assert cli.main(["artifacts", "digits", "--download", "new", "--json"]) == 0
    assert [(here / name / "data.txt").read_text() for name in ("old", "new")] == ["one", "two"]
    assert cli.main(["artifacts", "nothing"]) == 3
    assert "tidelog artifacts lists all" in capsys.readouterr().err
