"""The first page: all projects."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from tidelog_server.clock import now_ms
from tidelog_server.pages.first_run import FirstRun, first_run
from tidelog_server.pages.problems import PageRoute
from tidelog_server.pages.templating import render, wanted_partial
from tidelog_server.runs.activity import DAYS, Activity, activity_by_project
from tidelog_server.runs.projects import Project, list_projects

router = APIRouter(route_class=PageRoute)

FIRST_PROJECT = "first-project"
BAR, GAP, HEIGHT = 5, 2, 28  # of the picture of a project's days


@dataclass(frozen=True)
class Bar:
    """The runs of one day as a bar."""

    x: int
    y: int
    height: int
    runs: int
    days_ago: int


@dataclass(frozen=True)
class Card:
    """A project, with what happened in it."""

    project: Project
    activity: Activity
    bars: tuple[Bar, ...]
    recent: int


@dataclass(frozen=True)
class ProjectsPage:
    """The context of pages/projects.html."""

    cards: tuple[Card, ...]
    days: int
    width: int
    height: int
    first_run: FirstRun
    now_ms: int


@router.get("/")
def show_projects(request: Request) -> Response:
    """All projects, the one with the latest activity first."""
    now = now_ms()
    with request.app.state.database.read() as connection:
        projects = list_projects(connection)
        activity = activity_by_project(connection, now)
    page = ProjectsPage(
        cards=tuple(_card(project, activity.get(project.id, Activity())) for project in projects),
        days=DAYS,
        width=DAYS * (BAR + GAP) - GAP,
        height=HEIGHT,
        first_run=first_run(request, FIRST_PROJECT),
        now_ms=now,
    )
    template = "partials/project_list.html" if wanted_partial(request) == "projects" else "pages/projects.html"
    return render(request, template, page)


def _card(project: Project, activity: Activity) -> Card:
    most = max(activity.per_day)
    bars = []
    for place, runs in enumerate(activity.per_day):
        height = max(2, round(HEIGHT * runs / most)) if runs else 1
        bars.append(Bar(place * (BAR + GAP), HEIGHT - height, height, runs, DAYS - 1 - place))
    return Card(project, activity, tuple(bars), sum(activity.per_day))
