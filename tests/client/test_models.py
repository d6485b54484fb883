"""Projects, models and versions of models, with a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import tidelog
from tests.client.programs import run_program
from tests.conftest import ServerProcess


@pytest.fixture
def opened(server: ServerProcess, journals: Path) -> Iterator[Callable[..., Any]]:
    """Opens what the name of a function of tidelog says; it ends with the test."""
    made: list[tidelog.Run] = []

    def open_one(function: str, *arguments: Any, **settings: Any) -> Any:
        settings = {"url": server.url, "directory": journals, "flush_interval_s": 0.02, **settings}
        made.append(getattr(tidelog, function)(*arguments, **settings))
        return made[-1]

    yield open_one
    for run in made:
        run.stop(timeout_s=5.0)


def test_a_model_and_its_versions(server: ServerProcess, opened: Callable[..., Any]) -> None:
    """Labels count by model; a key or a custom id goes on with what is there; stages are queried as anything else."""
    model = opened("init_model", "mnist", key="NET", name="The net", description="d", tags=["a"])
    model["layers"] = 3
    assert model.wait(10.0)
    assert (model.label, model.project, model["layers"].fetch()) == ("MNIST-NET", "mnist", 3)
    assert opened("init_model", "mnist", key="NET")["layers"].fetch() == 3
    first = opened("init_model_version", model="MNIST-NET", custom_id="one")
    first["accuracy"].append(0.5)
    first.change_stage("production")
    assert first.wait(10.0)
    second = opened("init_model_version", model="MNIST-NET")
    assert second.wait(10.0)
    assert (first.label, second.label, first.project) == ("MNIST-NET-1", "MNIST-NET-2", "mnist")
    assert first["sys/stage"].fetch() == "production"
    assert first["sys/model_id"].fetch() == "MNIST-NET"
    again = opened("init_model_version", model="MNIST-NET", custom_id="one")
    assert again["accuracy"].fetch_last() == 0.5
    assert opened("init_model_version", with_id="MNIST-NET-1", mode="read-only")["accuracy"].fetch_last() == 0.5
    body = {"project": "mnist", "kind": "model_version", "query": '`sys/stage` = "production"'}
    rows = httpx.post(f"{server.url}/api/runs/query", json=body).json()["runs"]
    assert [row["label"] for row in rows] == ["MNIST-NET-1"]
    assert httpx.get(f"{server.url}/api/runs/query?project=mnist").json()["runs"] == []
    models = httpx.get(f"{server.url}/api/runs/query?project=mnist&kind=model").json()["runs"]
    assert [row["label"] for row in models] == ["MNIST-NET"]


def test_a_project_has_data_of_its_own(server: ServerProcess, opened: Callable[..., Any]) -> None:
    """Every process that opens it logs to the same."""
    project = opened("init_project", "mnist")
    project["data/version"] = "2026-01"
    assert project.wait(10.0)
    assert project.label == "MNIST"
    assert opened("init_project", "mnist", mode="read-only")["data/version"].fetch() == "2026-01"
    run = opened("init_run", "mnist", capture_hardware=False)
    assert run.wait(10.0)
    assert run.label == "MNIST-1"


def test_offline_models_come_home(server: ServerProcess, journals: Path, opened: Callable[..., Any]) -> None:
    """By `tidelog sync`, as runs do."""
    for function, settings in (
        ("init_model", {"project": "mnist", "key": "NET"}),
        ("init_model_version", {"project": "mnist", "model": "MNIST-NET"}),
    ):
        offline = opened(function, mode="offline", **settings)
        offline["x"] = function
        offline.stop()
    program = "import sys; from tidelog.cli import main; sys.exit(main())"
    done = run_program(program, "sync", "--directory", journals, "--url", server.url)
    assert done.returncode == 0, done.stdout + done.stderr
    for label, function in (("MNIST-NET", "init_model"), ("MNIST-NET-1", "init_model_version")):
        found = httpx.get(f"{server.url}/api/runs/{label}/attributes?prefix=x").json()["attributes"]
        assert [attribute["value"] for attribute in found] == [function]


@pytest.mark.parametrize(
    ("function", "settings", "message"),
    [
        ("init_model", {}, "1 to 16 capital letters"),
        ("init_model", {"key": "net"}, "1 to 16 capital letters"),
        ("init_model", {"key": "3"}, "1 to 16 capital letters"),
        ("init_model_version", {}, "exactly one"),
        ("init_model_version", {"model": "M-N", "with_id": "M-N-1"}, "exactly one"),
    ],
)
def test_a_wrong_argument_raises_at_the_call(function: str, settings: dict[str, str], message: str) -> None:
    """And says what is right."""
    with pytest.raises(tidelog.InvalidValueError, match=message):
        getattr(tidelog, function)(**settings)


def test_a_stage_that_there_is_not(journals: Path) -> None:
    """Raises, and the stage stays."""
    version = tidelog.init_model_version("M-N", mode="debug", directory=journals)
    with pytest.raises(tidelog.InvalidValueError, match="none, staging, production, archived"):
        version.change_stage("prod")
    version.stop()


def test_a_label_of_another_kind_is_refused(server: ServerProcess, opened: Callable[..., Any]) -> None:
    """A run is not opened as a model by its label; what was logged stays on disk."""
    run = opened("init_run", "mnist", capture_hardware=False)
    assert run.wait(10.0)
    model = opened("init_model", with_id="MNIST-1")
    model["x"] = 1
    assert not model.wait(10.0)
    assert "is a run, not a model" in str(model._session._background._delivery.refused)
