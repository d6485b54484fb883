"""The commands against a real server: what they print, and their exit statuses."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tidelog
from tests.client.programs import CLIENT
from tests.conftest import ServerProcess, free_port
from tests.reading_runs import PROJECT, STEPS, log_runs
from tidelog import cli

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "command-line.md"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with three runs, for the tests that change nothing there."""
    folder = tmp_path_factory.mktemp("commands")
    server = ServerProcess(folder / "data", free_port())
    server.start()
    log_runs(server.url, folder / "journals")
    yield server
    server.stop()


@pytest.fixture
def here(shared: ServerProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A working folder of one's own, in which the server and the project are known."""
    monkeypatch.setenv("TIDELOG_URL", shared.url)
    monkeypatch.setenv("TIDELOG_PROJECT", PROJECT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> Any:
    """Run a command with --json; its document."""
    assert cli.main([*arguments, "--json"]) == status
    return json.loads(capsys.readouterr().out)


def test_runs_as_a_table(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A header, and a line for each run that matches."""
    assert cli.main(["runs", "params/lr > 0", "--columns", "params/lr", "--sort-by", "params/lr"]) == 0
    header, first, second = capsys.readouterr().out.splitlines()
    assert header.split() == ["sys/id", "sys/name", "sys/state", "sys/creation_time", "params/lr"]
    assert first.split()[0] == "DIGITS-3"
    assert second.split()[-1] == "0.1"


def test_runs_as_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The values as they are; NaN as a text."""
    found = as_json(capsys, "runs", "--columns", "params/lr", "data/score", "--limit", "1")
    assert found["project"] == PROJECT
    [run] = found["runs"]
    assert (run["sys/id"], run["params/lr"], run["data/score"]) == ("DIGITS-3", 0.2, "NaN")


def test_a_wrong_query_has_a_caret(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Under the character, with status 2."""
    assert cli.main(["runs", "params/lr >> 1"]) == 2
    *_, line, carets = capsys.readouterr().err.splitlines()
    assert line[carets.index("^")] == ">"


def test_run(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the run is, and its attributes below a path."""
    assert cli.main(["run", "DIGITS-2", "params"]) == 0
    printed = capsys.readouterr().out
    assert "DIGITS-2  run 1" in printed
    assert re.search(r"params/lr +float +0\.1", printed)
    found = as_json(capsys, "run", "DIGITS-2")
    assert {attribute["path"]: attribute["value"] for attribute in found["attributes"]}["params/depth"] == 1


def test_metrics_as_csv(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every point, bit for bit in decimal."""
    assert cli.main(["metrics", "DIGITS-3", "--paths", "loss"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [float(row["value"]) for row in rows] == [3 / (1 + step) for step in range(STEPS)]
    assert rows[1]["time"] == "2026-03-04T05:06:08.250000+00:00"


def test_metrics_as_csv_hold_no_formulas(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A spreadsheet that opens the file runs no path that a client has logged; numbers below zero stay numbers."""
    with tidelog.init_run(project="formulas") as run:
        run["=HYPERLINK(1)"].append(-0.5)
    assert cli.main(["metrics", "--project", "formulas"]) == 0
    rows = {row["path"]: row["value"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    assert rows["'=HYPERLINK(1)"] == "-0.5"


def test_metrics_in_buckets_as_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the columns of buckets, within bounds of steps."""
    arguments = ("metrics", "--query", "params/lr > 0.1", "--buckets", "10", "--start", "5", "--stop", "10")
    points = as_json(capsys, *arguments)["points"]
    assert {point["run"] for point in points} == {"DIGITS-3"}
    assert all(5 <= point["step"] <= 10 and "max" in point for point in points)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["run", "DIGITS-99"], 3),
        (["runs", "--project", "no such project"], 3),
        (["run", "DIGITS-1", "--url", "http://127.0.0.1:1"], 4),
        (["metrics", "--paths", "("], 2),
        (["metrics", "--buckets", "1"], 2),
    ],
)
def test_exit_statuses(here: Path, arguments: list[str], status: int, capsys: pytest.CaptureFixture[str]) -> None:
    """They are those of the guide, with one message and no traceback."""
    assert cli.main(arguments) == status
    assert capsys.readouterr().err.startswith("tidelog: ")


def test_trash_restore_delete(
    here: Path, server: ServerProcess, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Out of the lists and back; what is deleted is gone, and only what is in the trash can be."""
    log_runs(server.url, here / "journals")
    monkeypatch.setenv("TIDELOG_URL", server.url)
    assert as_json(capsys, "trash", "DIGITS-1", "DIGITS-2") == {"runs": 2}
    assert [run["label"] for run in as_json(capsys, "trash")["runs"]] == ["DIGITS-2", "DIGITS-1"]
    assert [run["sys/id"] for run in as_json(capsys, "runs")["runs"]] == ["DIGITS-3"]
    assert as_json(capsys, "restore", "--query", "params/lr = 0.1") == {"runs": 1}
    assert cli.main(["delete", "DIGITS-1"]) == 2
    assert as_json(capsys, "delete", "--query", "", "--yes")["runs"] == 1
    assert [run["sys/id"] for run in as_json(capsys, "runs")["runs"]] == ["DIGITS-3", "DIGITS-2"]
    assert cli.main(["trash", "DIGITS-3", "--query", ""]) == 2
    assert cli.main(["restore"]) == 2
    assert cli.main(["trash", "DIGITS-99"]) == 3


def test_delete_attributes(
    here: Path, server: ServerProcess, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of one run, which is not in the trash; what is not there is exit status 3, and without --yes nobody is asked."""
    log_runs(server.url, here / "journals")
    monkeypatch.setenv("TIDELOG_URL", server.url)
    assert cli.main(["delete", "DIGITS-1", "--attribute", "params"]) == 2
    assert as_json(capsys, "delete", "DIGITS-1", "--attribute", "params", "--yes")["attributes"] >= 1
    with tidelog.init_run("digits", with_id="DIGITS-1", mode="read-only", url=server.url) as run:
        assert "params" not in run.get_structure()
    assert cli.main(["delete", "DIGITS-1", "--attribute", "params", "--yes"]) == 3
    assert cli.main(["delete", "DIGITS-1", "DIGITS-2", "--attribute", "params", "--yes"]) == 2


def test_output_into_a_closed_pipe(here: Path) -> None:
    """`| head` is no error."""
    command = "python -m tidelog metrics | head -n 1"
    done = subprocess.run(
        command.replace("python", shlex.quote(sys.executable)), shell=True, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": CLIENT},
    )  # fmt: skip
    assert done.stdout == "run,path,step,time,value\n"
    assert done.stderr == ""


def test_every_command_is_in_the_guide_and_has_an_example() -> None:
    """The guide has a section for each command, and the help of each an example and the exit statuses."""
    guide = GUIDE.read_text("utf-8")
    [commands] = [action for action in cli.parser()._actions if action.dest == "command"]
    assert set(re.findall(r"^## tidelog ([a-z]+)", guide, re.MULTILINE)) == set(commands.choices)
    for name, parser in commands.choices.items():
        if name != "server":
            assert "example:" in parser.format_help()
            assert "exit status" in parser.format_help()


def test_the_examples_of_the_guide_work(here: Path, server: ServerProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each as a command of its own, in the order of the page, on a server with the same three runs."""
    log_runs(server.url, here / "elsewhere")
    monkeypatch.setenv("TIDELOG_URL", server.url)
    examples = re.findall(r"^\$ (tidelog .*)$", GUIDE.read_text("utf-8"), re.MULTILINE)
    assert len(examples) >= 10
    for example in examples:
        command = example.replace("tidelog", f"{shlex.quote(sys.executable)} -m tidelog", 1)
        done = subprocess.run(
            command, shell=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": CLIENT}
        )
        assert done.returncode == 0, example + done.stderr
        if "--json" in example:
            json.loads(done.stdout)
