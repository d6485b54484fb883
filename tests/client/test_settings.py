"""Arguments, environment, defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

import tidelog
from tests.client.conftest import OpenRun
from tidelog.client import Client
from tidelog.settings import resolve_directory, resolve_url


def test_arguments_come_before_the_environment_and_that_before_defaults(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """For the project, mode, address, directory and custom run id."""
    monkeypatch.chdir(tmp_path)
    with tidelog.init_run(mode="debug") as run:
        assert (run.project, run.mode, run.directory) == ("default", "debug", tmp_path / ".tidelog")
        assert run.get_url().startswith("http://127.0.0.1:8600/projects/default/runs/")
    for name, value in {
        "PROJECT": "q",
        "MODE": "debug",
        "URL": "http://h:1/",
        "DIR": "d",
        "CUSTOM_RUN_ID": "k",
    }.items():
        monkeypatch.setenv(f"TIDELOG_{name}", value)
    with tidelog.init_run() as run:
        assert (run.project, run.mode, run.directory, run.key) == ("q", "debug", tmp_path / "d", "k")
        assert run.get_url() == "http://h:1/projects/q/runs/k"
    with tidelog.init_run("z", custom_run_id="l", url="http://i", directory=tmp_path) as run:
        assert (run.project, run.directory, run.get_url()) == ("z", tmp_path, "http://i/projects/z/runs/l")
    with tidelog.init_run(with_id="Q-3") as run:
        assert run.key is None
        assert run.label == "Q-3"


def test_a_directory_does_not_move_with_chdir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A relative one is taken from where the program was when the run was opened."""
    monkeypatch.chdir(tmp_path)
    assert resolve_directory(None) == str(tmp_path / ".tidelog")
    assert resolve_directory(Path("x")) == str(tmp_path / "x")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mode": "of-line"}, "'of-line' .str. is none of async, offline, sync, read-only, debug"),
        ({"mode": "read-only"}, "with_id='MNIST-3' or custom_run_id="),
        ({"with_id": "a", "custom_run_id": "b"}, "both name a run"),
        ({"project": "x" * 256}, "1 to 255 characters"),
        ({"project": "a\nb"}, "without control characters"),
        ({"project": 3}, "project 3 .int. is not text"),
        ({"project": "team/compare"}, "its part 'compare' means something else in addresses"),
        ({"project": "a/runs/b"}, "its part 'runs' means something else in addresses"),
        ({"project": "a/../b"}, "its part '..' means something else in addresses"),
        ({"custom_run_id": " "}, "custom_run_id ' '"),
        ({"with_id": ""}, "with_id ''"),
        ({"name": 5}, "name 5 .int. is not text"),
        ({"name": "x" * 1001}, "longer than 1,000"),
        ({"tags": "one"}, "are not a list of str"),
        ({"tags": [1]}, "are not a list of str"),
        ({"url": "localhost:8600"}, "is not a server's address"),
        ({"flush_interval_s": 0}, "is not a number of seconds above 0"),
        ({"flush_interval_s": "1"}, "is not a number of seconds above 0"),
    ],
)
def test_wrong_arguments_name_the_value_and_what_is_accepted(
    open_run: OpenRun, journals: Path, settings: dict[str, object], message: str
) -> None:
    """They raise at the call, before anything is written."""
    with pytest.raises(tidelog.ArgumentError, match=message):
        open_run(**settings)
    assert not journals.exists()


def test_a_client_opens_runs_on_its_server(journals: Path) -> None:
    """`tidelog.Client(url).init_run()`, and the module function by `from tidelog import client`."""
    from tidelog import client

    with Client("http://h:9/").init_run("p", mode="debug", directory=journals) as run:
        assert run.get_url().startswith("http://h:9/projects/p/")
    with client.init_run("p", mode="debug") as run:
        assert run.get_url().startswith(resolve_url(None))
