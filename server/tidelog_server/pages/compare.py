"""Comparing runs: their charts laid over one another, and their parameters side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from tidelog_server.clock import now_ms
from tidelog_server.errors import InvalidRequestError
from tidelog_server.pages.addresses import compare_address, project_address
from tidelog_server.pages.axes import Axes, Choice, axes_of
from tidelog_server.pages.chart_sections import Charts, charts_of, is_monitoring
from tidelog_server.pages.chart_view import ChartView, view_from
from tidelog_server.pages.chosen_runs import MAX_RUNS, runs_by_label
from tidelog_server.pages.problems import PageRoute
from tidelog_server.pages.run_groups import RunGroups, run_groups
from tidelog_server.pages.templating import render, wanted_partial
from tidelog_server.pages.tree import in_reading_order
from tidelog_server.runs.comparison import Comparison, Difference, compare_runs
from tidelog_server.runs.projects import find_project
from tidelog_server.runs.runs import Run

router = APIRouter(route_class=PageRoute)

MIN_RUNS = 2
MAX_ROWS = 1_000
PARAMETERS, METRICS = "Parameters", "Metrics, last value"
MONITORING, SYSTEM = "Monitoring, last value", "System"
GROUPS = (PARAMETERS, METRICS, MONITORING, SYSTEM)
TABS = {"charts": "Charts", "parameters": "Parameters", "monitoring": "Monitoring"}


@dataclass(frozen=True)
class Cell:
    """One run's value of one attribute; `stands_out` where most of the other runs have another one."""

    value: object
    stands_out: bool


@dataclass(frozen=True)
class DifferenceRow:
    """One attribute of all runs."""

    path: str
    differs: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class DifferenceGroup:
    """Rows that belong together, those that differ first."""

    title: str
    rows: tuple[DifferenceRow, ...]
    differing: int
    alike: int


@dataclass(frozen=True)
class ComparePage:
    """The context of pages/compare.html and of its partials."""

    project: str
    address: str
    runs: tuple[Run, ...]
    table_address: str
    tab: str
    tabs: tuple[Choice, ...]
    find: str
    charts: Charts
    axes: Axes
    run_groups: RunGroups
    groups: tuple[DifferenceGroup, ...]
    hidden_rows: int
    is_complete: bool
    show_all: bool
    show_choices: tuple[Choice, ...]
    now_ms: int


@router.get("/projects/{project:path}/compare")
def show_comparison(
    request: Request,
    project: str,
    run: Annotated[list[str], Query()] = [],  # noqa: B006 - FastAPI copies it
    tab: str = "charts",
    find: str = "",
    group: str = "",
    show: str = "",
) -> Response:
    """2 to 100 runs of a project beside one another."""
    labels = list(dict.fromkeys(run))
    if not MIN_RUNS <= len(labels) <= MAX_RUNS:
        raise InvalidRequestError(
            f"{MIN_RUNS} to {MAX_RUNS} runs can be compared, and this address names {len(labels)}. "
            "Tick them in the runs table of the project, then press Compare."
        )
    with request.app.state.database.read() as connection:
        chosen = runs_by_label(connection, find_project(connection, project), labels)
    for one in chosen:
        if one.state == "running":
            request.app.state.folder.fold(one.id)
    with request.app.state.database.read() as connection:
        comparison = compare_runs(connection, [one.id for one in chosen])
    show_all = show == "all"
    view = view_from(request.query_params)
    page = compare_page(project, chosen, comparison, tab=tab, find=find, view=view, show_all=show_all, group=group)
    partials = {"compare-body": "partials/compare_body.html", "charts": "partials/charts.html"}
    return render(request, partials.get(wanted_partial(request), "pages/compare.html"), page)


def compare_page(
    project: str,
    runs: Sequence[Run],
    comparison: Comparison,
    *,
    tab: str,
    find: str,
    view: ChartView,
    show_all: bool,
    group: str = "",
) -> ComparePage:
    """Everything that the page shows of these runs."""
    tab = tab if tab in TABS else "charts"
    labels = [run.label for run in runs]
    words = find.casefold().split()
    found = [row for row in comparison.attributes if all(word in row.path.casefold() for word in words)]
    charted = [row.path for row in found if row.is_series]
    groups, hidden = _groups(found, show_all)
    groups_drawn = run_groups(runs, comparison.attributes, group)
    others = (*(("run", label) for label in labels), ("tab", tab if tab != "charts" else ""), ("find", find))
    axes = axes_of(view, base=compare_address(project), others=others, has_groups=bool(groups_drawn))

    def address(tab: str, show: str) -> str:
        pairs = [("tab", tab if tab != "charts" else ""), ("find", find), ("show", show), *axes.pairs]
        return compare_address(project, labels, pairs)

    shown = "all" if show_all else ""
    return ComparePage(
        project=project,
        address=compare_address(project),
        runs=tuple(runs),
        table_address=project_address(project, [("run", label) for label in labels]),
        tab=tab,
        tabs=tuple(Choice(name, text, address(name, shown), name == tab) for name, text in TABS.items()),
        find=find,
        charts=charts_of(
            [path for path in charted if is_monitoring(path) == (tab == "monitoring")],
            project=project,
            labels=labels,
            view=view if tab == "charts" else replace(view, expressions=()),
        ),
        axes=axes,
        run_groups=groups_drawn,
        groups=groups,
        hidden_rows=hidden,
        is_complete=comparison.complete,
        show_all=show_all,
        show_choices=(
            Choice("differing", "Differences", address(tab, ""), not show_all),
            Choice("all", "All", address(tab, "all"), show_all),
        ),
        now_ms=now_ms(),
    )


def _groups(differences: Iterable[Difference], show_all: bool) -> tuple[tuple[DifferenceGroup, ...], int]:
    """The rows in groups by what they are, at most `MAX_ROWS` of them, and how many are left out."""
    by_title: dict[str, list[Difference]] = {title: [] for title in GROUPS}
    for row in differences:
        by_title[_group_of(row)].append(row)
    groups, room, hidden = [], MAX_ROWS, 0
    for title, rows in by_title.items():
        wanted = [row for row in rows if show_all or not row.same]
        wanted.sort(key=lambda row: (row.same, in_reading_order(row.path)))
        shown, hidden = wanted[:room], hidden + max(len(wanted) - room, 0)
        room -= len(shown)
        differing = sum(not row.same for row in rows)
        if rows:
            groups.append(DifferenceGroup(title, tuple(map(_row, shown)), differing, len(rows) - differing))
    return tuple(groups), hidden


def _group_of(row: Difference) -> str:
    if row.path.startswith("sys/"):
        return SYSTEM
    if not row.is_series:
        return PARAMETERS
    return MONITORING if is_monitoring(row.path) else METRICS


def _row(difference: Difference) -> DifferenceRow:
    written = [repr(value) for value in difference.values]
    (usual, times), *_ = Counter(written).most_common(1)
    has_usual = not difference.same and 2 * times > len(written)
    cells = tuple(
        Cell(value=value, stands_out=has_usual and text != usual)
        for value, text in zip(difference.values, written, strict=True)
    )
    return DifferenceRow(path=difference.path, differs=not difference.same, cells=cells)
