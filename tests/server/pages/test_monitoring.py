"""The tab of the hardware: charts by figure with a line for each part, and when GPUs were idle."""

from __future__ import annotations

import html
import json
import re
from array import array

import numpy as np
import pytest

from tests.journals import Sender
from tests.server.pages.conftest import Pages
from tidelog.journal import records
from tidelog.values.encoding import encode_value
from tidelog_server.pages.chart_view import ChartView
from tidelog_server.pages.run.figures import Figure, figures_of, hardware_charts
from tidelog_server.pages.run.hardware import hardware_view
from tidelog_server.pages.run.idleness import TRAINING, VALIDATION, Phases, phase_of, when_idle
from tidelog_server.runs.attributes import Attribute

SECOND = 1_000


def attribute(path: str, value: float) -> Attribute:
    """A figure of the whole run."""
    return Attribute(path, "float", value)


@pytest.mark.parametrize(
    ("path", "figure"),
    [
        ("monitoring/gpu/1/power_w", ("", "gpu", "power_w", "1")),
        ("monitoring/node7-12/gpu/0/power_w", ("node7-12", "gpu", "power_w", "0")),
        ("monitoring/cpu/core/63/percent", ("", "cpu", "core/percent", "63")),
        ("monitoring/a/b/gpu/0/mig/2/memory_used_gib", ("a/b", "gpu", "mig/memory_used_gib", "0.2")),
        ("monitoring/my_sensor", ("", "Other", "my_sensor", "")),
        ("monitoring/gpu", ("", "Other", "gpu", "")),
    ],
)
def test_what_a_path_is_the_figure_of(path: str, figure: tuple[str, str, str, str]) -> None:
    """Host and rank, kind of hardware, name and number; what is named otherwise stands under its own name."""
    assert list(figures_of([path])) == [Figure(path, *figure)]


def test_a_chart_for_each_figure() -> None:
    """With a line for each GPU and core, in the order of their numbers; GPUs first; one line alone is a plain chart."""
    paths = [f"monitoring/{rank}/gpu/{gpu}/power_w" for rank in ("a-0", "b-1") for gpu in (10, 9)]
    charts = hardware_charts([*paths, "monitoring/disk/percent"], project="p", label="P-1", view=ChartView())
    assert [section.title for section in charts.sections] == ["GPU", "Disk"]
    [power] = charts.sections[0].charts
    assert [line.name for line in power.lines] == ["a-0 GPU 9", "a-0 GPU 10", "b-1 GPU 9", "b-1 GPU 10"]
    [disk] = charts.sections[1].charts
    assert (disk.path, disk.lines) == ("monitoring/disk/percent", ())
    assert charts.total == 2


def test_very_many_lines_are_a_map_of_heat() -> None:
    """A row for each core; and a section that was closed costs nothing."""
    paths = [f"monitoring/cpu/core/{core}/percent" for core in range(64)]
    [cpu] = hardware_charts(paths, project="p", label="P-1", view=ChartView()).sections
    assert not cpu.charts
    assert json.loads(cpu.heat_maps[0].rows) == [f"core {core}" for core in range(64)]
    [closed] = hardware_charts(paths, project="p", label="P-1", view=ChartView(folded=frozenset(["CPU"]))).sections
    assert (closed.heat_maps, closed.total, closed.is_open) == ((), 1, False)


@pytest.mark.parametrize(
    ("path", "phase"),
    [
        ("train/loss", TRAINING),
        ("training/val/loss", VALIDATION),
        ("val_loss", VALIDATION),
        ("metrics/Eval-accuracy", VALIDATION),
        ("loss", None),
        ("interval/length", None),
    ],
)
def test_what_phase_a_series_belongs_to(path: str, phase: int | None) -> None:
    """Whole words of the path count, the last one first."""
    assert phase_of(path) == phase


def an_hour_of_training() -> Phases:
    """A point of training each second but for two minutes of every ten, at the end of which validation has a point."""
    seconds = np.arange(600, 3_600)
    training = seconds[seconds % 600 < 480] * SECOND
    return Phases(training, np.arange(1_199, 3_600, 600) * SECOND)


TIMES = np.arange(0, 3_600) * SECOND


def utilisation(is_idle: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A GPU that is busy but where it is idle."""
    return np.where(is_idle, 0.0, 97.0)


def test_idle_during_validation() -> None:
    """Most of the idle time lies in pauses of training that hold points of validation."""
    seconds = TIMES // SECOND
    idle = (seconds >= 600) & (seconds % 600 >= 480)
    assert when_idle(TIMES, utilisation(idle), an_hour_of_training()) == ", mostly during validation"
    assert when_idle(TIMES, utilisation(idle), Phases(an_hour_of_training().training, np.empty(0, np.int64))) == ""


def test_idle_before_training_begins_and_after_it_ended() -> None:
    """Such as while data is loaded, or a checkpoint is written."""
    phases = Phases(np.arange(600, 3_000) * SECOND, np.empty(0, np.int64))
    assert when_idle(TIMES, utilisation(TIMES < 500 * SECOND), phases) == ", mostly before the first training step"
    assert when_idle(TIMES, utilisation(TIMES > 3_100 * SECOND), phases) == ", mostly after the last training step"


def test_idle_anywhere_is_not_explained() -> None:
    """A GPU that is as idle in training as else: phases do not tell why. Nor is a busy one, or a run without phases."""
    phases = an_hour_of_training()
    assert when_idle(TIMES, utilisation(TIMES % (2 * SECOND) == 0), phases) == ""
    assert when_idle(TIMES, utilisation(TIMES < 0), phases) == ""
    nothing = np.empty(0, np.int64)
    assert when_idle(TIMES, utilisation(TIMES > 0), Phases(nothing, nothing)) == ""


@pytest.mark.parametrize(
    ("idle", "hints"),
    [
        ({0: 33.0, 1: 33.4, 2: 33.0, 3: 33.2}, ["GPUs 0-3 were idle 33 % of the time."]),
        ({0: 31.0, 1: 34.0}, ["GPUs 0 and 1 were idle 31 to 34 % of the time."]),
        ({0: 90.0, 1: 20.0, 2: 91.0, 10: 20.0, 9: 20.0, 11: 20.0},
         ["GPUs 0 and 2 were idle 90 to 91 % of the time.", "GPUs 1 and 9-11 were idle 20 % of the time."]),
        ({3: 12.0, 4: 9.0}, ["GPU 3 was idle 12 % of the time."]),
    ],
)  # fmt: skip
def test_hints_that_are_alike_are_one(idle: dict[int, float], hints: list[str]) -> None:
    """GPUs with the same story, or nearly, share a sentence; one that stands out has its own."""
    attributes = [attribute(f"monitoring/gpu/{gpu}/idle_percent", value) for gpu, value in idle.items()]
    assert list(hardware_view(attributes).hints) == hints


def test_hints_of_different_machines_and_causes_stay_apart() -> None:
    """What was measured on another host, was held down, or was idle at another time, is another story."""
    attributes = [attribute(f"monitoring/{host}/gpu/{gpu}/idle_percent", 50.0) for host in "ab" for gpu in (0, 1)]
    attributes.append(attribute("monitoring/a/gpu/0/throttled_percent", 50.0))
    when = {"monitoring/b/gpu/1/utilisation_percent": ", mostly during validation"}
    assert list(hardware_view(attributes, when).hints) == [
        "GPUs 0 and 1 of a were idle 50 % of the time.",
        "GPU 0 of b was idle 50 % of the time.",
        "GPU 1 of b was idle 50 % of the time, mostly during validation.",
        "GPU 0 of a was slowed down by power or heat 50 % of the time.",
    ]


def log(sender: Sender, path: str, seconds: list[int], values: list[float]) -> None:
    """Points at these seconds, a step each."""
    journal = sender.journal
    steps = array("q", [place * 1_000_000 for place in range(len(seconds))])
    times = array("d", [1.8e9 + second for second in seconds])
    journal.stream += records.column(journal.number(path), steps, times, records.packed(array("d", values)))


def test_the_tab_says_when_a_gpu_was_idle(pages: Pages) -> None:
    """From the run's own series; the chart has a line for each GPU, and the tab is opened by time since the start."""
    sender = Sender(pages.services.receiver, project="p")
    sender.journal.assign("monitoring/gpu/1/idle_percent", encode_value("x", 38.0))
    everything = list(range(300))
    log(sender, "monitoring/gpu/0/utilisation_percent", everything, [90.0] * 300)
    log(sender, "monitoring/gpu/1/utilisation_percent", everything, [90.0 * (s % 100 < 60) for s in everything])
    log(sender, "train/loss", [s for s in everything if s % 100 < 60], [1.0] * 180)
    log(sender, "val/loss", [99, 199], [1.0] * 2)
    sender.ship()
    page = pages.get("/projects/p/runs/P-1?tab=monitoring").text
    assert "GPU 1 was idle 38 % of the time, mostly during validation." in page
    assert re.findall(r'data-name="([^"]+)"', page.split('id="charts"')[1].split("</main>")[0])[:2] == [
        "GPU 0",
        "GPU 1",
    ]
    assert 'href="/projects/p/runs/P-1?tab=monitoring"' in pages.get("/projects/p/runs/P-1").text
    assert 'data-usual-x="relative"' in page
    assert re.search(r'href="[^"]*tab=monitoring&amp;x=step" data-x="step">', page)
    assert re.search(r'data-x="relative" aria-current="true"', page)


def test_without_a_script_every_line_is_drawn(pages: Pages) -> None:
    """In the colours that the lines have otherwise, over the time since the run began."""
    sender = Sender(pages.services.receiver, project="p")
    for gpu in range(2):
        log(sender, f"monitoring/gpu/{gpu}/power_w", list(range(50)), [100.0 + gpu] * 50)
    sender.ship()
    page = pages.get("/projects/p/runs/P-1?tab=monitoring").text
    [address] = map(html.unescape, re.findall(r'src="([^"]*chart\.svg[^"]*)"', page))
    assert address.count("path=") == 2
    picture = pages.get(address).text
    assert re.findall(r"<polyline[^>]*><title>([^<]*)</title>", picture) == [
        "monitoring/gpu/0/power_w",
        "monitoring/gpu/1/power_w",
    ]
    assert len(set(re.findall(r'<polyline[^>]*stroke="([^"]*)"', picture))) == 2
    assert ">step " not in picture
