"""GPU figures: the real nvidia-ml-py against a stand-in for the driver's library, compiled here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tidelog.monitoring import gpu

HERE = Path(__file__).parent

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the stand-in driver is a Linux shared library")


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the compiled stand-in for libnvidia-ml."""
    compiler = shutil.which("cc")
    if compiler is None:
        assert not os.environ.get("CI"), "no C compiler: tests/system_packages.sh should have installed one"
        pytest.skip("needs a C compiler")
    folder = tmp_path_factory.mktemp("driver")
    library = folder / "libnvidia-ml.so.1"
    options = ["-shared", "-fPIC", f"-Wl,-soname,{library.name}", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([compiler, *options, "-o", library, HERE / "fake_nvml.c"], check=True)
    return folder


@pytest.fixture
def faults(tmp_path: Path) -> Path:
    """The file that tells the driver which calls fail."""
    file = tmp_path / "faults"
    file.touch()
    return file


def watch(driver: Path, faults: Path, *fault_later: str, **environment: str) -> dict[str, Any]:
    """Sample in a new process with this driver and return what the run got."""
    env = {name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"}
    env |= {"LD_LIBRARY_PATH": str(driver), "FAKE_NVML_FAULTS": str(faults), **environment}
    command = [sys.executable, str(HERE / "watch_gpus.py"), *fault_later]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_every_gpu_has_its_figures(driver: Path, faults: Path) -> None:
    """Two GPUs give eight figures a sample, in per cent, GiB, watts and degrees Celsius."""
    assert watch(driver, faults)["last"] == {
        "gpu/0/utilisation_percent": 50.0,
        "gpu/0/memory_used_gib": 8.0,
        "gpu/0/power_w": 250.5,
        "gpu/0/temperature_c": 60.0,
        "gpu/1/utilisation_percent": 51.0,
        "gpu/1/memory_used_gib": 9.0,
        "gpu/1/power_w": 251.5,
        "gpu/1/temperature_c": 61.0,
    }


def test_what_does_not_change_is_an_attribute(driver: Path, faults: Path) -> None:
    """Name, UUID, memory and power limit of a card are assigned once."""
    facts = watch(driver, faults)["facts"]
    assert facts["gpu/1/name"] == "Stand-in GPU 1"
    assert facts["gpu/1/uuid"] == "GPU-10000000-0000-4000-8000-000000000000"
    assert facts["gpu/1/memory_total_gib"] == 80.0
    assert facts["gpu/1/power_limit_w"] == 700.0


def test_a_figure_that_fails_is_left_out_alone(driver: Path, faults: Path) -> None:
    """A card that does not report its power (NOT_SUPPORTED) reports everything else, and so does its neighbour."""
    faults.write_text("0 PowerUsage 3\n")
    last = watch(driver, faults)["last"]
    assert "gpu/0/power_w" not in last
    assert len(last) == 7


def test_a_gpu_that_vanishes_loses_only_its_own_figures(driver: Path, faults: Path) -> None:
    """After GPU_IS_LOST on every call of one card, the other card and the machine go on being sampled."""
    watched = watch(driver, faults, str(faults), "1 * 15\n")
    assert len(watched["first"]) == 8
    assert sorted(watched["last"]) == sorted(path for path in watched["first"] if path.startswith("gpu/0/"))
    assert watched["others"] == ["cpu", "disk", "memory", "network", "process"]


@pytest.mark.parametrize("code", ["9", "18"], ids=["driver not loaded", "driver and library differ"])
def test_a_broken_driver_means_no_gpus(driver: Path, faults: Path, code: str) -> None:
    """A driver that refuses to start leaves out the GPUs and nothing else."""
    watched = watch(driver, faults, FAKE_NVML_INIT=code)
    assert watched["last"] == {}
    assert "cpu" in watched["others"]


def test_only_gpus_that_the_job_may_use_are_sampled(driver: Path, faults: Path) -> None:
    """CUDA_VISIBLE_DEVICES leaves out the neighbours' cards; a card keeps its number."""
    last = watch(driver, faults, CUDA_VISIBLE_DEVICES="1")["last"]
    assert {path.split("/")[1] for path in last} == {"1"}


@pytest.mark.parametrize(
    ("visible", "expected"),
    [
        (None, [0, 1, 2]),
        ("", []),
        ("2,0", [2, 0]),
        ("GPU-bb", [1]),
        ("GPU-a", []),  # two cards begin so: CUDA refuses it
        ("0,-1,2", [0]),
        ("MIG-aa11", [0, 1, 2]),
    ],
)
def test_visible_devices_are_read_as_cuda_does(visible: str | None, expected: list[int]) -> None:
    """Numbers, shortened UUIDs, and an end at the first entry that names no single GPU."""
    assert list(gpu.visible_indices(["GPU-aa00", "GPU-bb00", "GPU-ab00"], visible)) == expected
