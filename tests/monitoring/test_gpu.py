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

from tidelog.cluster import ALONE, Place
from tidelog.monitoring.gpus import share_of, visible_indices

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


def watch(driver: Path, faults: Path, settings: dict[str, Any] | None = None, **environment: str) -> dict[str, Any]:
    """Sample in a new process with this driver and return what the run got."""
    env = {name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"}
    env |= {"LD_LIBRARY_PATH": str(driver), "FAKE_NVML_FAULTS": str(faults), **environment}
    command = [sys.executable, str(HERE / "watch_gpus.py"), json.dumps({"awaited": "gpu/0/power_w"} | (settings or {}))]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


GPU_0 = {
    "utilisation_percent": 50.0,
    "memory_utilisation_percent": 20.0,
    "memory_used_gib": 8.0,
    "power_w": 250.5,
    "temperature_c": 60.0,
    "sm_clock_mhz": 1500.0,
    "memory_clock_mhz": 2600.0,
    "fan_percent": 40.0,
    "throttle_reasons": 4.0,
    "throttled_by_power": 1.0,
    "throttled_by_heat": 0.0,
    "encoder_percent": 1.0,
    "decoder_percent": 2.0,
}


def test_every_gpu_has_its_figures(driver: Path, faults: Path) -> None:
    """Utilisation, memory, power, temperature, clocks, fan and throttling, in the units that the names end with."""
    last = watch(driver, faults)["last"]
    assert {path.removeprefix("gpu/0/"): value for path, value in last.items() if path.startswith("gpu/0/")} == GPU_0
    assert {path.removeprefix("gpu/1/") for path in last if path.startswith("gpu/1/")} == set(GPU_0)
    assert (last["gpu/1/utilisation_percent"], last["gpu/1/power_w"]) == (51.0, 251.5)


def test_what_takes_a_driver_long_is_sampled_beside(driver: Path, faults: Path) -> None:
    """PCIe throughput, ECC errors and processes have a slower cadence, and hold up nothing else."""
    watched = watch(driver, faults, {"awaited": "gpu/1/pcie_sent"}, FAKE_NVML_PCIE_MS="20")
    assert watched["slow"] == {
        "gpu/0/pcie_received_mib_per_s": 2.0,
        "gpu/0/pcie_sent_mib_per_s": 1.0,
        "gpu/0/ecc_corrected": 3.0,
        "gpu/0/ecc_uncorrected": 0.0,
        "gpu/0/processes": 2.0,
        "gpu/0/job_processes": 1.0,
        "gpu/0/job_memory_gib": 1.0,
        "gpu/1/pcie_received_mib_per_s": 2.0,
        "gpu/1/pcie_sent_mib_per_s": 1.0,
        "gpu/1/ecc_corrected": 3.0,
        "gpu/1/ecc_uncorrected": 0.0,
        "gpu/1/processes": 1.0,
        "gpu/1/job_processes": 0.0,
        "gpu/1/job_memory_gib": 0.0,
    }
    assert len(watched["samples"]) >= 10


def test_what_does_not_change_is_an_attribute(driver: Path, faults: Path) -> None:
    """Name, UUID, memory and limits of a card are assigned once."""
    facts = watch(driver, faults)["facts"]
    assert facts["gpu/1/name"] == "Stand-in GPU 1"
    assert facts["gpu/1/uuid"] == "GPU-10000000-0000-4000-8000-000000000000"
    assert facts["gpu/1/memory_total_gib"] == 80.0
    assert facts["gpu/1/power_limit_w"] == 700.0
    assert (facts["gpu/1/sm_clock_max_mhz"], facts["gpu/1/memory_clock_max_mhz"]) == (1980.0, 2619.0)


def test_hours_energy_and_idleness_are_attributes(driver: Path, faults: Path) -> None:
    """For each GPU and for all, by the card's own energy counter (the stand-in's takes 3.6 kW)."""
    faults.write_text("1 UtilizationRates= 3\n")
    facts = watch(driver, faults)["facts"]
    assert (facts["gpu/0/idle_percent"], facts["gpu/1/idle_percent"]) == (0.0, 100.0)
    assert facts["gpu/idle_percent"] == pytest.approx(50.0, abs=5.0)
    assert facts["gpu/hours"] == pytest.approx(facts["gpu/0/hours"] + facts["gpu/1/hours"])
    assert facts["gpu/0/energy_kwh"] == pytest.approx(3.6 * facts["gpu/0/hours"], rel=0.3)
    assert facts["gpu/0/throttled_percent"] == 100.0


@pytest.mark.parametrize("call", ["PowerUsage", "FanSpeed", "Temperature", "ClockInfo", "MemoryInfo", "MigMode"])
@pytest.mark.parametrize("code", [3, 999], ids=["not supported", "unknown"])
def test_a_figure_that_fails_is_left_out_alone(driver: Path, faults: Path, call: str, code: int) -> None:
    """A card that does not report its power reports everything else, and so does its neighbour."""
    faults.write_text(f"0 {call} {code}\n")
    watched = watch(driver, faults, {"awaited": "gpu/1/power_w"})
    last = watched["last of GPU 1"]
    missing = {path.removeprefix("gpu/1/") for path in last} - {path.removeprefix("gpu/0/") for path in last}
    expected = {
        "PowerUsage": {"power_w"},
        "FanSpeed": {"fan_percent"},
        "Temperature": {"temperature_c"},
        "ClockInfo": {"sm_clock_mhz", "memory_clock_mhz"},
        "MemoryInfo": {"memory_used_gib"},
        "MigMode": set(),
    }
    assert {name for name in missing if name in GPU_0} == expected[call]
    assert watched["events"] == []


def test_a_gpu_that_vanishes_loses_only_its_own_figures(driver: Path, faults: Path) -> None:
    """After GPU_IS_LOST on every call of one card, the other card and the machine go on; the loss is one event."""
    watched = watch(driver, faults, {"then": [str(faults), "1 * 15\n"]})
    assert "gpu/1/power_w" in watched["first"]
    assert {path for path in watched["last"] if not path.startswith("gpu/0/")} == set()
    assert {f"gpu/0/{name}" for name in GPU_0} <= set(watched["last"])
    assert watched["others"] == ["cpu", "disk", "memory", "network", "process"]
    assert watched["events"] == [["error", "GPU 1 vanished"]]


def test_a_gpu_that_comes_back_is_sampled_again(driver: Path, faults: Path) -> None:
    """With an event that says so."""
    watched = watch(driver, faults, {"then": [str(faults), "1 * 15\n"], "and_then": [str(faults), "\n"]})
    assert "gpu/1/power_w" in watched["last"]
    assert watched["events"] == [["error", "GPU 1 vanished"], ["info", "GPU 1 is back"]]


def test_the_parts_of_a_divided_gpu_have_their_memory(driver: Path, faults: Path) -> None:
    """In MIG mode a driver tells no utilisation of the card; each MIG device has its name and memory."""
    watched = watch(driver, faults, FAKE_NVML_MIG="1")
    last = watched["last"]
    assert (last["gpu/1/mig/0/memory_used_gib"], last["gpu/1/mig/1/memory_used_gib"]) == (10.0, 11.0)
    assert "gpu/1/utilisation_percent" not in last
    assert not [path for path in last if path.startswith("gpu/0/mig")]
    assert watched["facts"]["gpu/1/mig/0/name"] == "Stand-in GPU 1 MIG 3g.40gb"
    assert watched["facts"]["gpu/1/mig/1/memory_total_gib"] == 40.0
    assert "gpu/1/idle_percent" not in watched["facts"]


def test_a_job_on_a_part_of_a_gpu_watches_that_gpu(driver: Path, faults: Path) -> None:
    """CUDA_VISIBLE_DEVICES names a MIG device by its UUID."""
    part = "MIG-11000000-0000-4000-8000-000000000000"
    watched = watch(driver, faults, {"awaited": "gpu/1/power_w"}, FAKE_NVML_MIG="1", CUDA_VISIBLE_DEVICES=part)
    assert {path.split("/")[1] for sample in watched["samples"] for path in sample} == {"1"}


@pytest.mark.parametrize("code", ["9", "18"], ids=["driver not loaded", "driver and library differ"])
def test_a_broken_driver_means_no_gpus(driver: Path, faults: Path, code: str) -> None:
    """A driver that refuses to start leaves out the GPUs and nothing else."""
    watched = watch(driver, faults, {"awaited": "process/count"}, FAKE_NVML_INIT=code)
    assert watched["samples"] == []
    assert "cpu" in watched["others"]


def test_only_gpus_that_the_job_may_use_are_sampled(driver: Path, faults: Path) -> None:
    """CUDA_VISIBLE_DEVICES leaves out the neighbours' cards; a card keeps its number."""
    watched = watch(driver, faults, {"awaited": "gpu/1/power_w"}, CUDA_VISIBLE_DEVICES="1")
    assert {path.split("/")[1] for sample in watched["samples"] for path in sample} == {"1"}


def test_figures_are_chosen_by_pattern(driver: Path, faults: Path) -> None:
    """What nobody wants is not logged; the accounts are kept all the same."""
    watched = watch(driver, faults, {"figures": ["gpu/*/power_w", "!gpu/1/*"]})
    assert {path for sample in watched["samples"] for path in sample} == {"gpu/0/power_w"}
    assert watched["others"] == []
    assert watched["facts"]["gpu/1/hours"] > 0


def test_ranks_of_a_node_divide_its_gpus(driver: Path, faults: Path) -> None:
    """Each GPU is sampled once per node: the second of two ranks takes the upper half."""
    ranks = {"RANK": "1", "LOCAL_RANK": "1", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "FAKE_NVML_GPUS": "4"}
    watched = watch(driver, faults, {"awaited": "gpu/3/power_w"}, **ranks)
    assert {path.split("/")[1] for sample in watched["samples"] for path in sample} == {"2", "3"}
    assert watched["others"] == ["process"]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (ALONE, [0, 1, 2, 3]),
        (Place("torchrun", 1, 1, 4, 0, 4), [1]),
        (Place("torchrun", 2, 2, 3, 0, 3), []),  # 4 cards over 3 ranks: 2, 2, none
        (Place("torchrun", 9, 1, 16, 1, 8), [1]),
        (Place("torchrun", 8, 0, 16, 1, None), [0, 1, 2, 3]),  # how many ranks the node has is not known
        (Place("torchrun", 9, 1, 16, 1, None), []),
        (Place("mpi", 9, None, 16, None, None), [0, 1, 2, 3]),
        (Place("slurm", 1, 0, 2, 1, 1), [0, 1, 2, 3]),
    ],
)
def test_each_gpu_of_a_node_is_looked_after_once(place: Place, expected: list[int]) -> None:
    """By the local rank and how many ranks the node has."""
    assert list(share_of(place, [0, 1, 2, 3])) == expected


def test_a_rank_that_sees_one_gpu_was_given_it() -> None:
    """SLURM and others set CUDA_VISIBLE_DEVICES for each task."""
    assert list(share_of(Place("slurm", 3, 3, 8, 0, 8), [5])) == [5]


@pytest.mark.parametrize(
    ("visible", "expected"),
    [
        (None, [0, 1, 2]),
        ("", []),
        ("2,0", [2, 0]),
        ("GPU-bb", [1]),
        ("GPU-a", []),  # two cards begin so: CUDA refuses it
        ("0,-1,2", [0]),
        ("MIG-aa11", [0, 1, 2]),  # of a card that does not tell its parts
        ("MIG-cc01", [1]),
        ("MIG-cc01,MIG-cc02", [1]),
    ],
)
def test_visible_devices_are_read_as_cuda_does(visible: str | None, expected: list[int]) -> None:
    """Numbers, shortened UUIDs, and an end at the first entry that names no single GPU."""
    parts = [[], ["MIG-cc01", "MIG-cc02"], []]
    assert list(visible_indices(["GPU-aa00", "GPU-bb00", "GPU-ab00"], visible, parts)) == expected
