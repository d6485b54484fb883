"""Runs in groups, by the values of one attribute or several, for charts that draw each group as one curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tidelog_server.runs.comparison import Difference
from tidelog_server.runs.runs import Run

NONE = "not set"
MAX_LEVELS = 3


@dataclass(frozen=True)
class RunGroup:
    """Some runs with the same values: what they are called, by which label an address names them, whose colour they
    have, how many they are."""

    name: str
    label: str
    run_number: int
    size: int


@dataclass(frozen=True)
class RunGroups:
    """The groups of a page, and which one each run, by its id, belongs to. No groups: every run is drawn alone."""

    paths: tuple[str, ...]
    groups: tuple[RunGroup, ...]
    group_of: dict[int, str]
    choices: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.groups)


def run_groups(runs: Sequence[Run], attributes: Sequence[Difference], paths: Sequence[str]) -> RunGroups:
    """The groups of these runs by the attributes at `paths`, in the order of the values of the first, then of the next.

    `attributes` have their values in the order of `runs`; those that tell runs apart, but not every run from every
    other, are offered to group by. Paths that no run has are passed over.
    """
    choices = tuple(
        row.path
        for row in attributes
        if not row.same and not row.is_series and 1 < len(set(map(str, row.values))) < len(runs)
    )
    by_path = {row.path: row for row in attributes if not row.is_series}
    rows = [by_path[path] for path in dict.fromkeys(paths) if path in by_path][:MAX_LEVELS]
    if not rows:
        return RunGroups((), (), {}, choices)
    members: dict[tuple[str, ...], list[Run]] = {}
    ranks: dict[tuple[str, ...], list[tuple[bool, bool, float, str]]] = {}
    for run, values in zip(runs, zip(*(row.values for row in rows), strict=True), strict=True):
        key = tuple(map(_text, values))
        members.setdefault(key, []).append(run)
        ranks.setdefault(key, list(map(_rank, values)))
    drawn = tuple(row.path for row in rows)
    groups = tuple(
        RunGroup(
            name=", ".join(f"{path.split('/')[-1]} = {text}" for path, text in zip(drawn, key, strict=True)),
            label=_label(drawn, key),
            run_number=members[key][0].number,
            size=len(members[key]),
        )
        for key in sorted(ranks, key=lambda key: ranks[key])
    )
    group_of = {run.id: _label(drawn, key) for key, of_group in members.items() for run in of_group}
    return RunGroups(drawn, groups, group_of, choices)


def _label(paths: Sequence[str], texts: Sequence[str]) -> str:
    return "&".join(f"{path}={text}" for path, text in zip(paths, texts, strict=True))


def _rank(value: object) -> tuple[bool, bool, float, str]:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return (value is None, not is_number, float(value) if is_number else 0.0, str(value))  # type: ignore[arg-type]


def _text(value: object) -> str:
    if value is None:
        return NONE
    if isinstance(value, float):
        return repr(value)
    return " ".join(str(value).split())[:80]
