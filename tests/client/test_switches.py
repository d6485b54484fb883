"""What a run captures, by argument, variable and default."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tidelog.errors import ArgumentError
from tidelog.switches import USUAL_VARIABLES, Switches, resolve_switches

GIVEN_NOTHING: dict[str, Any] = dict.fromkeys(
    (
        "capture_hardware",
        "monitoring_namespace",
        "monitoring_interval_s",
        "monitoring_figures",
        "capture_stdout",
        "capture_stderr",
        "capture_source",
        "git_ref",
        "source_files",
        "dependencies",
        "environment",
    )
)


def resolved(**given: Any) -> Switches:
    """Return the switches for these arguments and none else."""
    return resolve_switches(**GIVEN_NOTHING | given)


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No switch comes from where the tests run."""
    for name in GIVEN_NOTHING:
        monkeypatch.delenv(f"TIDELOG_{name.upper()}", raising=False)


def test_an_argument_comes_before_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a variable before the default."""
    assert resolved().monitoring_namespace == "monitoring"
    monkeypatch.setenv("TIDELOG_CAPTURE_HARDWARE", "no")
    monkeypatch.setenv("TIDELOG_MONITORING_INTERVAL_S", "5")
    monkeypatch.setenv("TIDELOG_MONITORING_FIGURES", "gpu/*, !gpu/*/fan_percent")
    assert resolved().monitoring_namespace is None
    assert resolved().monitoring_interval_s == 5.0
    assert resolved().monitoring_figures == ("gpu/*", "!gpu/*/fan_percent")
    given = resolved(capture_hardware=True, monitoring_interval_s=2, monitoring_figures=["cpu/*"])
    assert given == resolved()._replace(
        monitoring_namespace="monitoring", monitoring_interval_s=2.0, monitoring_figures=("cpu/*",)
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"capture_hardware": "yes"},
        {"monitoring_interval_s": 0},
        {"monitoring_interval_s": "soon"},
        {"monitoring_interval_s": True},
        {"monitoring_figures": "gpu/*"},
        {"monitoring_figures": [1]},
        {"monitoring_namespace": "/"},
    ],
)
def test_a_wrong_argument_is_refused_by_name(wrong: dict[str, object]) -> None:
    """At the call of `init_run`."""
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        resolved(**wrong)


def test_a_variable_that_is_neither_on_nor_off_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than taken for one of them."""
    monkeypatch.setenv("TIDELOG_CAPTURE_HARDWARE", "perhaps")
    with pytest.raises(ArgumentError, match="TIDELOG_CAPTURE_HARDWARE"):
        resolved()


def test_the_console_is_kept_by_rank_0(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others only when they are told to."""
    assert resolved().console == (1, 2)
    monkeypatch.setenv("RANK", "1")
    assert resolved().console == ()
    assert resolved(capture_stderr=True).console == (2,)
    assert resolved().console_namespace.startswith("monitoring/")


def test_the_source_is_gathered_by_rank_0(monkeypatch: pytest.MonkeyPatch) -> None:
    """In others only what an argument names."""
    assert resolved().source.asks_for_anything
    monkeypatch.setenv("RANK", "1")
    assert not resolved().source.asks_for_anything
    assert resolved(git_ref=True).source.git
    assert resolved(environment=["A"]).source.variables == ("A",)
    assert resolved(dependencies="uv.lock").source.lock_file == "uv.lock"


def test_dependencies_may_be_a_switch_or_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the variable too."""
    for text, packages, lock_file in (("no", False, None), ("infer", True, None), ("a/uv.lock", False, "a/uv.lock")):
        monkeypatch.setenv("TIDELOG_DEPENDENCIES", text)
        assert (resolved().source.packages, resolved().source.lock_file) == (packages, lock_file)


def test_the_guide_lists_the_usual_variables() -> None:
    """Those that are kept by default, and no others."""
    guide = (Path(__file__).parents[2] / "docs" / "guide" / "capture.md").read_text("utf-8")
    listed = guide.split("By default these variables are kept")[1].split("\n\n")[0]
    assert set(re.findall(r"`([A-Z_*]+)`", listed)) == set(USUAL_VARIABLES)
