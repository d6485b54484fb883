"""Event files of the real SummaryWriters: imported afterwards, and mirrored while they are written."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

import tidelog
from tests.conftest import ServerProcess
from tidelog import cli
from tidelog.exchange.event_files import edges_and_counts, event_folders
from tidelog_integrations.tensorboard import mirrored

MOMENT_S = 1_790_000_000.5
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(params=["torch.utils.tensorboard", "tensorboardX"])
def summary_writer(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """The SummaryWriter of each library."""
    return pytest.importorskip(request.param).SummaryWriter  # type: ignore[no-any-return]


def write(writer: Any) -> None:
    """Write everything that is imported, and something that is not."""
    for step in range(50):
        writer.add_scalar("train/loss", 1 / (1 + step), step * 10, MOMENT_S + step)
    writer.add_scalar("train/loss", math.nan, 500, MOMENT_S + 50)
    writer.add_text("notes", "**bold** ☃", 3, MOMENT_S)
    writer.add_histogram("weights", np.array([0.0, 0.1, 0.1, 5.0]), 7, walltime=MOMENT_S)
    writer.add_histogram("same", np.zeros(10), 7, walltime=MOMENT_S)
    writer.add_image("digit", np.zeros((1, 4, 4), dtype=np.uint8), 9, MOMENT_S)
    writer.close()


def imported(server: ServerProcess, folder: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Import by the command; what it says of each run."""
    capsys.readouterr()
    project = folder.parent.name  # the server outlives the test, so each test has a project of its own
    command = ["import", "tensorboard", str(folder), "--project", project, "--url", server.url, "--json"]
    assert cli.main(command) == 0
    runs: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["runs"]
    return runs


def read(server: ServerProcess, label: str) -> dict[str, Any]:
    """Attributes by path."""
    found = httpx.get(f"{server.url}/api/runs/{label}/attributes", timeout=30).json()["attributes"]
    return {item["path"]: item for item in found}


def objects(server: ServerProcess, label: str, path: str) -> dict[str, Any]:
    """The points of a series of objects."""
    page: dict[str, Any] = httpx.get(f"{server.url}/api/runs/{label}/objects", params={"path": path}, timeout=30).json()
    return page


def check(server: ServerProcess, label: str) -> None:
    """What `write` wrote is in the run, with its steps and times."""
    points = tidelog.fetch_metrics(runs=[label], paths=["train/loss"], url=server.url, output="python")
    assert points["step"] == [10.0 * step for step in range(51)]
    assert points["value"][:50] == [float(np.float32(1 / (1 + step))) for step in range(50)]
    assert math.isnan(points["value"][50])
    assert [moment.timestamp() for moment in points["time"]] == [MOMENT_S + step for step in range(51)]
    note = next(
        page for name in ("notes", "notes/text_summary") if (page := objects(server, label, name)).get("values")
    )
    assert (note["values"], note["steps"], note["times"]) == (["**bold** ☃"], [3.0], [MOMENT_S])
    [weights] = objects(server, label, "weights")["values"]
    assert sum(weights["counts"]) == 4
    assert (weights["edges"][0], weights["edges"][-1]) == pytest.approx((0.0, 5.0), abs=1e-9)
    [same] = objects(server, label, "same")["values"]
    assert sum(same["counts"]) == 10
    image = objects(server, label, "digit")
    assert image["steps"] == [9.0]
    assert image["values"][0]["media_type"] == "image/png"
    answer = httpx.get(f"{server.url}/api/runs/{label}/files", params={"path": "digit"}, timeout=30)
    assert answer.content.startswith(b"\x89PNG")


def test_import_has_everything_and_twice_is_once(
    server: ServerProcess, summary_writer: Callable[..., Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each folder is a run; steps, times and values are the event's; a second import sends nothing."""
    write(summary_writer(str(tmp_path / "logs" / "first")))
    write(summary_writer(str(tmp_path / "logs" / "group" / "second")))
    first, second = imported(server, tmp_path / "logs", capsys)
    assert (first["exported_as"], second["exported_as"]) == ("first", "group/second")
    check(server, first["run"])
    check(server, second["run"])
    assert read(server, second["run"])["sys/name"]["value"] == "group/second"
    assert read(server, second["run"])["sys/state"]["value"] == "finished"
    again = imported(server, tmp_path / "logs", capsys)
    assert [(run["run"], run["sent_bytes"]) for run in again] == [(first["run"], 0), (second["run"], 0)]


def test_a_file_that_was_cut_off_and_one_that_grew(
    server: ServerProcess, summary_writer: Callable[..., Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is whole is imported; when the rest is there, it comes to the same run."""
    folder = tmp_path / "logs"
    write(summary_writer(str(folder)))
    [[file]] = event_folders(str(folder)).values()
    whole = Path(file).read_bytes()
    Path(file).write_bytes(whole[:700])
    [partly] = imported(server, folder, capsys)
    assert 5 < read(server, partly["run"])["train/loss"]["points"] < 50
    Path(file).write_bytes(whole)
    [wholly] = imported(server, folder, capsys)
    assert wholly["run"] == partly["run"]
    check(server, wholly["run"])


def test_hyper_parameters_are_values(
    server: ServerProcess, summary_writer: Callable[..., Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Numbers, texts and flags."""
    with summary_writer(str(tmp_path / "logs")) as writer:
        writer.add_hparams({"lr": 0.25, "name": "net", "deep": True}, {"metric/accuracy": 0.5})
    found: dict[str, Any] = {}
    for run in imported(server, tmp_path / "logs", capsys):
        found |= {path: item["value"] for path, item in read(server, run["run"]).items()}
    assert (found["hparams/lr"], found["hparams/name"], found["hparams/deep"]) == (0.25, "net", True)
    assert found["metric/accuracy"] == 0.5


def test_mirror_while_training(server: ServerProcess, summary_writer: Callable[..., Any], tmp_path: Path) -> None:
    """The same as an import, at once; the event file is written as ever, and outside of the block nothing is."""
    with tidelog.init_run(project="mirror", url=server.url, directory=tmp_path / "j", capture_hardware=False) as run:
        with mirrored(run):
            write(summary_writer(str(tmp_path / "logs")))
        write(summary_writer(str(tmp_path / "others")))
        assert run.wait(60)
        label = run.label
    assert label is not None
    check(server, label)
    assert [len(files) for files in event_folders(str(tmp_path / "logs")).values()] == [1]


def test_what_a_run_cannot_take_ends_no_training(
    server: ServerProcess, summary_writer: Callable[..., Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A tag that is a series and a text: one warning, and the event file has both."""
    where = {"url": server.url, "directory": tmp_path / "j", "capture_hardware": False}
    with tidelog.init_run(project="mirror", **where) as run, mirrored(run, "tb"):
        writer = summary_writer(str(tmp_path / "logs"))
        run["tb/b"] = "a value"
        for step in range(3):
            writer.add_scalar("b", 1.0, step)
        writer.close()
    assert caplog.text.count("was not mirrored") == 1


@pytest.mark.parametrize(
    ("buckets", "edges", "counts"),
    [
        ([[0, 1, 2], [1, 2, 3]], [0, 1, 2], [2, 3]),
        ([[0, 1, 2], [3, 4, 1]], [0, 1, 3, 4], [2, 0, 1]),
        ([[5, 5, 0], [5, 5, 7]], [5, math.nextafter(5, math.inf)], [7]),
        ([[1, 1, 0]], [0, 1], [0]),
    ],
)
def test_buckets_become_edges_that_ascend(buckets: list[Any], edges: list[float], counts: list[float]) -> None:
    """Gaps are empty bins, and a bucket without a width gets the smallest one."""
    assert edges_and_counts(buckets) == (edges, counts)
