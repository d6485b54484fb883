"""Runs in groups, by the value of one attribute, for charts that draw each group as one curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tidelog_server.runs.comparison import Difference
from tidelog_server.runs.runs import Run

NONE = "not set"


@dataclass(frozen=True)
class RunGroup:
    """Some runs with one value: what it is called, by which label an address names it, whose colour it has, how many
    runs it is."""

    name: str
    label: str
    run_number: int
    size: int


@dataclass(frozen=True)
class RunGroups:
    """The groups of a page, and which one each run, by its id, belongs to. No groups: every run is drawn alone."""

    path: str
    groups: tuple[RunGroup, ...]
    group_of: dict[int, str]
    choices: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.groups)


def run_groups(runs: Sequence[Run], attributes: Sequence[Difference], path: str) -> RunGroups:
    """The groups of these runs by the attribute `path`, in the order of its values. `attributes` have their values in
    the order of `runs`; those that tell runs apart, but not every run from every other, are offered to group by.
    """
    choices = tuple(
        row.path
        for row in attributes
        if not row.same and not row.is_series and 1 < len(set(map(str, row.values))) < len(runs)
    )
    row = next((row for row in attributes if row.path == path and not row.is_series), None)
    if not path or row is None:
        return RunGroups("", (), {}, choices)
    texts = {run.id: _text(value) for run, value in zip(runs, row.values, strict=True)}
    order: dict[str, object] = {}
    for run, value in zip(runs, row.values, strict=True):
        order.setdefault(texts[run.id], value)
    groups = tuple(
        RunGroup(
            name=f"{path.split('/')[-1]} = {text}",
            label=f"{path}={text}",
            run_number=next(run.number for run in runs if texts[run.id] == text),
            size=list(texts.values()).count(text),
        )
        for text in sorted(order, key=lambda text: _rank(order[text]))
    )
    return RunGroups(path, groups, {run_id: f"{path}={text}" for run_id, text in texts.items()}, choices)


def _rank(value: object) -> tuple[bool, bool, float, str]:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return (value is None, not is_number, float(value) if is_number else 0.0, str(value))  # type: ignore[arg-type]


def _text(value: object) -> str:
    if value is None:
        return NONE
    if isinstance(value, float):
        return repr(value)
    return " ".join(str(value).split())[:80]
