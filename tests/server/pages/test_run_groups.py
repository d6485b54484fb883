"""Runs are put in groups by the value of an attribute."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tidelog_server.pages.run_groups import NONE, RunGroups, run_groups
from tidelog_server.runs.comparison import Difference


def grouped(values: list[Any], path: str = "params/lr") -> RunGroups:
    """Groups of as many runs as there are values of `params/lr`."""
    runs: Any = [SimpleNamespace(id=number + 10, number=number + 1) for number in range(len(values))]
    types = tuple(None if value is None else "float" for value in values)
    rows = [Difference("params/lr", tuple(values), len(set(values)) == 1, types)]
    return run_groups(runs, rows, [path])


def test_groups_are_in_the_order_of_their_values() -> None:
    """Numbers as numbers, runs without one last; each has the colour of its first run."""
    found = grouped([0.1, 0.001, None, 0.1, 0.01])
    assert [group.name for group in found.groups] == ["lr = 0.001", "lr = 0.01", "lr = 0.1", f"lr = {NONE}"]
    assert [(group.size, group.run_number) for group in found.groups] == [(1, 2), (1, 5), (2, 1), (1, 3)]
    assert found.group_of[10] == found.group_of[13] == "params/lr=0.1"


def test_values_that_differ_in_the_last_digit_are_different() -> None:
    """A group never mixes what was set differently."""
    assert len(grouped([0.1, 0.1 + 1e-16 * 2, 0.1]).groups) == 2


def test_only_what_makes_groups_is_offered() -> None:
    """Neither what all runs share nor what each has for itself."""
    assert grouped([1.0, 2.0, 2.0], "").choices == ("params/lr",)
    assert grouped([1.0, 2.0, 3.0], "").choices == ()
    assert not grouped([1.0, 1.0], "nothing").groups


def test_groups_by_several_attributes_are_nested() -> None:
    """Every combination of values that occurs is a group, in the order of the first attribute, then of the second."""
    runs: Any = [SimpleNamespace(id=number, number=number + 1) for number in range(5)]
    rates, names = (0.1, 0.01, 0.1, 0.01, 0.1), ("sgd", "sgd", "adam", "sgd", None)
    rows = [
        Difference("params/lr", rates, False, ("float",) * 5),
        Difference("params/optimizer", names, False, ("string",) * 5),
    ]
    found = run_groups(runs, rows, ["params/lr", "params/optimizer", "params/lr", "nowhere"])
    assert found.paths == ("params/lr", "params/optimizer")
    assert [(group.name, group.size) for group in found.groups] == [
        ("lr = 0.01, optimizer = sgd", 2),
        ("lr = 0.1, optimizer = adam", 1),
        ("lr = 0.1, optimizer = sgd", 1),
        (f"lr = 0.1, optimizer = {NONE}", 1),
    ]
    assert found.group_of[1] == found.group_of[3] == "params/lr=0.01&params/optimizer=sgd"
