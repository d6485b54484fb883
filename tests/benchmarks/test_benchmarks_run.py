"""Each benchmark runs and prints its table. No figure is looked at: a timed test would fail on a busy machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEADINGS = "| what | tidelog | target | met? |"

LINES = {
    "append": ["one `append`, p50", "one `append`, p99", "a dict of 100, per point", "client CPU per point"],
    "throughput": ["1 run x 100 metrics x 5,000 steps", "20 processes at once, nothing lost"],
    "storage": ["bytes a point on the server after compaction"],
    "chart_pages": ["first paint", "zoom", "all drawn", "longest frame", "script and style"],
    "charts": ["chart of 1M points", "100 runs x 1,000 points"],
    "monitoring": ["hardware monitoring at 1 Hz, 0 GPUs"],
    "reading": ["points read back, points a second", "peak memory of the client", "peak memory of the server"],
    "wide": [
        "a dict of 200 new paths",
        "append` of a histogram",
        "new series",
        "existing series",
        "charts tab",
        "attributes tab",
        "at rest",
        "while each gets a point a second",
    ],
    "startup": ["`import tidelog`", "`init_run` to first append returned", "`tidelog server` start to healthy"],
}


@pytest.mark.parametrize("name", LINES)
def test_a_benchmark_prints_its_table(name: str) -> None:
    """At a tiny size and without peers, every benchmark ends with status 0 and has a line for each target."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--smoke", "--no-peers"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert HEADINGS in done.stdout
    for line in LINES[name]:
        assert line in done.stdout


def test_figures_replace_those_in_the_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what stands between the markers changes."""
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.__main__ import BEGIN, END, write_figures

    document = tmp_path / "benchmarks.md"
    document.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_figures(document, "new\n")
    assert document.read_text() == f"before\n{BEGIN}\nnew\n{END}\nafter\n"


def test_a_peer_that_is_not_installed_has_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is shown as not installed, and the contest goes on without it."""
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.contest import Contender, hold
    from benchmarks.errors import NotInstalledError
    from benchmarks.report import Question, answer, table

    def measure_absent() -> dict[str, float]:
        raise NotInstalledError("absent")

    contenders = [
        Contender("tidelog", lambda: {"p50": 1e-6}),
        Contender("slower", lambda: {"p50": 4e-6}),
        Contender("absent", measure_absent),
    ]
    shown = table(answer([Question("one call", "p50", "us", at_most=2)], hold(contenders, rounds=3)))
    assert "| one call | 1 us | <= 2 us | yes | - | slower 4 us (4x); absent: not installed |" in shown
