"""What a view of series says of where their points come from: the runs that they are inherited from, and the attempts
that left some behind, which can be looked at instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.pages.addresses import run_address
from tidelog_server.runs.runs import Run, labels_of
from tidelog_server.series.objects.heads import ObjectHead
from tidelog_server.series.objects.lookup import FoundObjects

MOST_DIGITS = 9
PARAMETER = "abandoned"  # of an address: the attempt whose leavings are shown


@dataclass(frozen=True)
class Ancestor:
    """A run that points are inherited from, up to a step, in millionths."""

    label: str
    address: str
    last_step: int


@dataclass(frozen=True)
class Leavings:
    """What an attempt left behind; `attempt` counts from 1, as people do."""

    attempt: int
    points: int
    address: str
    is_shown: bool


@dataclass(frozen=True)
class Origins:
    """The context of partials/objects/origins.html. `curve` leads from what was left behind to the series."""

    ancestors: tuple[Ancestor, ...] = ()
    leavings: tuple[Leavings, ...] = ()
    curve: str = ""

    @property
    def shown(self) -> Leavings | None:
        """The one that is shown instead of the series."""
        return next((one for one in self.leavings if one.is_shown), None)


def attempt_of(query: Mapping[str, str]) -> int:
    """The attempt whose leavings an address asks for; 0: the series."""
    text = query.get(PARAMETER, "")
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else 0


def kept_pairs(abandoned: int) -> list[tuple[str, str]]:
    """What an address says of an attempt whose leavings it shows."""
    return [(PARAMETER, str(abandoned))] if abandoned else []


def origins_of(
    connection: sa.Connection,
    run: Run,
    found: Iterable[FoundObjects],
    left_behind: Iterable[ObjectHead],
    chosen: int,
    address: Callable[[int], str],
) -> Origins:
    """Where these series come from; `address` shows what an attempt left behind, 0 the series."""
    points: dict[int, int] = {}
    for head in left_behind:
        points[head.abandoned_by] = points.get(head.abandoned_by, 0) + head.points
    return Origins(
        ancestors=_ancestors(connection, run, found),
        leavings=tuple(
            Leavings(attempt + 1, count, address(attempt), attempt == chosen)
            for attempt, count in sorted(points.items())
        ),
        curve=address(0),
    )


def _ancestors(connection: sa.Connection, run: Run, found: Iterable[FoundObjects]) -> tuple[Ancestor, ...]:
    last_steps: dict[int, int] = {}
    for series in found:
        for part in series.inherited:
            assert part.last_step is not None
            last_steps[part.run_id] = max(part.last_step, last_steps.get(part.run_id, part.last_step))
    labels = labels_of(connection, last_steps) if last_steps else {}
    return tuple(
        Ancestor(labels[run_id], run_address(run.project, labels[run_id]), step)
        for run_id, step in sorted(last_steps.items(), key=lambda one: one[1])
        if run_id in labels
    )
