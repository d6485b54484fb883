"""The attempts of a run, and the runs that were forked from it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from tidelog_server.runs import attempts, runs
from tidelog_server.series.points import STEP_UNITS
from tidelog_server.services import Services

router = APIRouter(tags=["runs"])


class AttemptOut(BaseModel):
    """One attempt. Attempt 0 began the run; each further one resumed it."""

    number: int
    hosts: list[str] = Field(description="at most 100")
    writers: int = Field(description="processes that logged side by side")
    started_ms: int
    ended_ms: int | None
    first_step: float | None = Field(description="the least step that it took over from earlier attempts; null if none")
    abandoned: int = Field(description="points of earlier attempts that it left behind")


class AttemptList(BaseModel):
    """Attempts, the first one first. `next` is the `after` of the following page, null at the end."""

    attempts: list[AttemptOut]
    next: int | None


class ForkOut(BaseModel):
    """A run that was forked from this one."""

    run: str
    fork_step: float


class ForkList(BaseModel):
    """At most 200 forks, the oldest first."""

    forks: list[ForkOut]


@router.get("/runs/{label}/attempts")
def read_attempts(
    request: Request,
    label: str,
    after: Annotated[int, Query(ge=-1, le=2**31 - 1, description="behind this number")] = -1,
    limit: Annotated[int, Query(ge=1, le=attempts.PAGE)] = attempts.PAGE,
) -> AttemptList:
    """The attempts of a run. What one abandoned of a series is read with `abandoned_by` at `/series`."""
    services: Services = request.app.state.services
    with services.database.read() as connection:
        run = runs.find_run(connection, label)
    services.folder.fold(run.id)
    with services.database.read() as connection:
        found = attempts.attempts_of(connection, run, after=after, limit=limit + 1)
    following = found[limit - 1].number if len(found) > limit else None
    return AttemptList(attempts=[_attempt(attempt) for attempt in found[:limit]], next=following)


class BeginningOut(BaseModel):
    """Where an attempt began to log to a series."""

    attempt: int
    first_step: int = Field(description="in millionths")
    behind: list[int] = Field(description="steps before the first that it logged later")


class StretchOut(BaseModel):
    """Part of a series: a curve that an attempt went on with from `first_step` on, or what it abandoned by that."""

    path: str
    type: str = Field(examples=["float_series", "string_series"])
    attempt: int
    first_step: int = Field(description="in millionths")
    is_abandoned: bool
    points: int
    beginnings: list[BeginningOut] = Field(description="of a curve: of all attempts that logged to it, in their order")


class StretchList(BaseModel):
    """`next` is the `after` of the following page."""

    stretches: list[StretchOut]
    next: int | None


@router.get("/runs/{label}/stretches")
def read_stretches(request: Request, label: str, after: Annotated[int, Query(ge=0, le=2**62)] = 0) -> StretchList:
    """Which series later attempts went on with, and what these abandoned of them, in pages."""
    services: Services = request.app.state.services
    with services.database.read() as connection:
        run = runs.find_run(connection, label)
    services.folder.fold(run.id)
    with services.database.read() as connection:
        found, following = attempts.stretches_of(connection, run.id, after)
    return StretchList(stretches=[_stretch(one) for one in found], next=following)


@router.get("/runs/{label}/forks")
def read_forks(request: Request, label: str) -> ForkList:
    """The runs that were forked from this one and are not in the trash."""
    with request.app.state.database.read() as connection:
        found = attempts.forks_of(connection, runs.find_run(connection, label).id)
    return ForkList(forks=[ForkOut(run=fork, fork_step=step / STEP_UNITS) for fork, step in found])


def _stretch(stretch: attempts.Stretch) -> StretchOut:
    told = {name: getattr(stretch, name) for name in StretchOut.model_fields}
    return StretchOut(**{**told, "beginnings": [BeginningOut(**vars(one)) for one in stretch.beginnings]})


def _attempt(attempt: attempts.Attempt) -> AttemptOut:
    first_step = None if attempt.first_step is None else attempt.first_step / STEP_UNITS
    return AttemptOut(**{**vars(attempt), "hosts": list(attempt.hosts), "first_step": first_step})
