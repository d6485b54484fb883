"""Comparing runs: their charts laid over one another, and their parameters side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa
from fastapi import APIRouter, Request
from starlette.datastructures import QueryParams
from starlette.responses import Response

from tidelog_server.clock import now_ms
from tidelog_server.errors import InvalidRequestError
from tidelog_server.ingest import log
from tidelog_server.pages.addresses import compare_address, project_address
from tidelog_server.pages.axes import Axes, Choice, axes_of
from tidelog_server.pages.chart_sections import Charts, charts_of, is_monitoring
from tidelog_server.pages.chart_view import USUAL_X, USUAL_X_OF_HARDWARE, ChartView, view_from
from tidelog_server.pages.chosen_runs import MAX_RUNS, runs_by_label
from tidelog_server.pages.comparing.differences import (
    DifferenceGroup,
    DifferenceRow,
    TextChange,
    difference_groups,
    is_long_source,
    package_rows,
    source_rows,
    text_changes,
)
from tidelog_server.pages.comparing.groups import Groups, groups_of_runs
from tidelog_server.pages.comparing.media import Media, media_of
from tidelog_server.pages.comparing.relations import Relations, metric_choices, parameters_of, relations_of
from tidelog_server.pages.problems import PageRoute
from tidelog_server.pages.run_groups import RunGroups, run_groups
from tidelog_server.pages.table.view import View
from tidelog_server.pages.templating import render, wanted_partial
from tidelog_server.pages.tree import matching_paths
from tidelog_server.runs.comparison import Comparison, Difference, compare_runs, with_whole_texts
from tidelog_server.runs.projects import find_project
from tidelog_server.runs.runs import Run
from tidelog_server.runs.table import rows_of
from tidelog_server.series.points import units
from tidelog_server.services import Services

router = APIRouter(route_class=PageRoute)

MIN_RUNS = 2
TABS = {
    "charts": "Charts",
    "parameters": "Parameters",
    "relations": "Relations",
    "groups": "Groups",
    "media": "Media",
    "source": "Source",
    "monitoring": "Monitoring",
}
MOST_STEP = 4e12
TEXT_CHARACTERS = 200_000  # of one text that is compared line by line
ALL_CHARACTERS = 20_000_000  # of all of these texts
ANALYSES = ("relations", "groups")
AXES_PARTS = ("x", "y", "smooth", "outliers", "from", "to", "group", "band", "metric")  # which the form has itself
ASKED = ("target", "across", "up", "by", "a", "b", "step")


# Parts of the comparison that scripts ask for, by the id of their element.
PARTIALS = {
    "compare-body": "partials/compare_body.html",
    "charts": "partials/charts.html",
    "beside-rows": "partials/comparing/media_rows.html",
}


@dataclass(frozen=True)
class Asked:
    """What an address asks of the parts of a comparison, as it is written there; see `ASKED`."""

    target: str = ""
    across: str = ""
    up: str = ""
    by: str = ""
    a: str = ""
    b: str = ""
    step: str = ""
    tab: str = "charts"
    find: str = ""
    show: str = ""
    group: tuple[str, ...] = ()
    view: ChartView = field(default_factory=ChartView)

    @property
    def at(self) -> int | None:
        """The step of the media, in millionths; None for the last, and for what is no step."""
        try:
            at = float(self.step)
        except ValueError:
            return None
        return units(at) if abs(at) <= MOST_STEP else None


@dataclass(frozen=True)
class ComparePage:
    """The context of pages/compare.html and of its partials."""

    project: str
    address: str
    runs: tuple[Run, ...]
    table_address: str
    layouts: tuple[Choice, ...]
    pairs: tuple[tuple[str, str], ...]
    tab: str
    tabs: tuple[Choice, ...]
    find: str
    charts: Charts
    axes: Axes
    run_groups: RunGroups
    groups: tuple[DifferenceGroup, ...]
    hidden_rows: int
    relations: Relations | None
    grouped: Groups | None
    media: Media | None
    source: tuple[DifferenceRow, ...]
    packages: tuple[DifferenceRow, ...]
    changes: tuple[TextChange, ...]
    is_complete: bool
    show_all: bool
    show_choices: tuple[Choice, ...]
    now_ms: int


@router.get("/projects/{project:path}/compare")
def show_comparison(request: Request, project: str) -> Response:
    """2 to 200 runs of a project beside one another."""
    labels = list(dict.fromkeys(request.query_params.getlist("run")))
    if not MIN_RUNS <= len(labels) <= MAX_RUNS:
        raise InvalidRequestError(
            f"{MIN_RUNS} to {MAX_RUNS} runs can be compared, and this address names {len(labels)}. "
            "Open their eyes in the runs table of the project, then press Compare."
        )
    page = comparison_of(request.app.state.services, project, labels, asked_of(request.query_params))
    return render(request, PARTIALS.get(wanted_partial(request), "pages/compare.html"), page)


def asked_of(query: QueryParams) -> Asked:
    """What an address asks of a comparison."""
    named = {name: query.get(name, "") for name in (*ASKED, "find", "show")}
    tab = query.get("tab", "charts")
    groups = tuple(filter(None, query.getlist("group")))
    view = view_from(query, USUAL_X_OF_HARDWARE if tab == "monitoring" else USUAL_X)
    return Asked(**named, group=groups, tab=tab if tab in TABS else "charts", view=view)


def within_table(page: ComparePage, view: View) -> ComparePage:
    """The same comparison beside the table: its links lead to other addresses of the table."""

    def address(**changes: str) -> str:
        others = tuple(pair for pair in view.others if pair[0] not in changes)
        return replace(view, others=(*others, *((name, value) for name, value in changes.items() if value))).address

    return replace(
        page,
        address=project_address(view.project),
        pairs=tuple(pair for pair in view.pairs if pair[1]),
        tabs=tuple(replace(tab, address=address(tab="" if tab.value == "charts" else tab.value)) for tab in page.tabs),
        show_choices=tuple(
            replace(choice, address=address(show="all" if choice.value == "all" else ""))
            for choice in page.show_choices
        ),
        media=page.media and page.media.linked(lambda at: address(step=at)),
        axes=replace(
            page.axes,
            base=project_address(view.project),
            others=tuple(pair for pair in view.pairs if pair[1] and pair[0] not in AXES_PARTS),
            x_choices=tuple(replace(one, address=address(x=one.value)) for one in page.axes.x_choices),
            y_choices=tuple(replace(one, address=address(y=one.value)) for one in page.axes.y_choices),
        ),
    )


def comparison_of(services: Services, project: str, labels: Sequence[str], asked: Asked) -> ComparePage:
    """Everything that the page shows of these runs, what was acknowledged until now included."""
    with services.database.read() as connection:
        found = find_project(connection, project)
        chosen = runs_by_label(connection, found, labels)
        waiting = log.waiting(connection, [one.id for one in chosen])
    for one in chosen:
        if one.id in waiting or (one.fork_label and one.state == "running"):
            services.folder.fold(one.id)
    media = None
    with services.database.read() as connection:
        # Beside the table one run is enough. Only one tab has the values of series in it.
        ids = [one.id for one in chosen]
        comparison = compare_runs(connection, ids, least=1, with_series=asked.tab == "parameters")
        if asked.tab == "media":
            media = media_of(
                connection, services, found.id, chosen, matching(comparison.attributes, asked.find), asked.at
            )
        if asked.tab == "source":
            comparison = _with_whole_source(connection, chosen, comparison)
        values: dict[str, list[object]] = {}
        if asked.tab in ANALYSES:
            asked = _completed(asked, comparison)
            wanted = list(dict.fromkeys(filter(None, (asked.target, asked.across, asked.up, asked.by))))
            values = _values(connection, found.id, chosen, wanted)
    return compare_page(project, chosen, comparison, asked, values, media)


def _with_whole_source(connection: sa.Connection, runs: Sequence[Run], comparison: Comparison) -> Comparison:
    """The comparison with all of the texts that are compared line by line, but no more than can be shown."""
    long = [row for row in comparison.attributes if is_long_source(row)]
    if not long:
        return comparison
    room = min(TEXT_CHARACTERS, ALL_CHARACTERS // (len(long) * len(runs)))
    whole = {row.path: row for row in with_whole_texts(connection, [run.id for run in runs], long, room)}
    return replace(comparison, attributes=[whole.get(row.path, row) for row in comparison.attributes])


def _completed(asked: Asked, comparison: Comparison) -> Asked:
    """What was not asked for, as most people would: the first score, over the first parameter that varies."""
    parameters = parameters_of(comparison.attributes)
    target = asked.target or next(iter(metric_choices(comparison.series)), "")
    texts = (path for path, values in parameters.items() if any(isinstance(one, str) for one in values))
    return replace(
        asked,
        target=target,
        across=asked.across or next(iter(parameters), target),
        up=asked.up or target,
        by=asked.by or next(texts, next(iter(parameters), "")),
    )


def _values(
    connection: sa.Connection, project_id: int, runs: Sequence[Run], columns: Sequence[str]
) -> dict[str, list[object]]:
    """The values of these columns, each in the order of the runs."""
    rows = {row.run.id: row.values for row in rows_of(connection, project_id, [run.id for run in runs], columns)}
    return {column: [rows[run.id][column] if run.id in rows else None for run in runs] for column in columns}


@dataclass(frozen=True)
class _Addresses:
    """Where the parts of a comparison lead to."""

    project: str
    labels: Sequence[str]
    asked: Asked
    axes: Axes

    def pairs(self, tab: str, show: str) -> list[tuple[str, str]]:
        """What an address says beside the runs."""
        same_axes = (tab == "monitoring") == (self.asked.tab == "monitoring")
        kept = self.axes.pairs if same_axes else self.asked.view.pairs_over_other_x
        return [("tab", tab if tab != "charts" else ""), ("find", self.asked.find), ("show", show), *kept]

    def of(self, tab: str, show: str) -> str:
        """The address of a tab that shows all attributes, or those that differ."""
        return compare_address(self.project, self.labels, self.pairs(tab, show))

    @property
    def shown(self) -> str:
        """Which attributes are shown now, as addresses say it."""
        return "all" if self.asked.show == "all" else ""

    @property
    def here(self) -> list[tuple[str, str]]:
        """What the address of what is shown now says beside the runs."""
        return self.pairs(self.asked.tab, self.shown)

    @property
    def form_pairs(self) -> tuple[tuple[str, str], ...]:
        """What a form of the page keeps in the address."""
        named = [*(("run", label) for label in self.labels), *self.here, *_asked_pairs(self.asked)]
        return tuple(pair for pair in named if pair[1])

    def layouts(self) -> tuple[Choice, ...]:
        """The same runs in the table, beside it, and here."""
        chosen = [("run", label) for label in self.labels]
        pairs = [*self.here, ("step", self.asked.step if self.asked.tab == "media" else "")]
        return (
            Choice("table", "Table", project_address(self.project, chosen), False),
            Choice("split", "Split", project_address(self.project, [("view", "split"), *pairs, *chosen]), False),
            Choice("charts", "Charts", compare_address(self.project, self.labels, pairs), True),
        )

    def tabs(self) -> tuple[Choice, ...]:
        """The tabs."""
        return tuple(
            Choice(name, text, self.of(name, self.shown), name == self.asked.tab) for name, text in TABS.items()
        )

    def show_choices(self) -> tuple[Choice, ...]:
        """Attributes that differ, or all."""
        return (
            Choice("differing", "Differences", self.of(self.asked.tab, ""), not self.shown),
            Choice("all", "All", self.of(self.asked.tab, "all"), bool(self.shown)),
        )

    def step(self, at: str) -> str:
        """The address at another step of the media."""
        return compare_address(self.project, self.labels, [*self.here, ("step", at)])


def compare_page(
    project: str,
    runs: Sequence[Run],
    comparison: Comparison,
    asked: Asked,
    values: Mapping[str, Sequence[object]],
    media: Media | None = None,
) -> ComparePage:
    """Everything that the page shows of these runs; `values` and `media` are those that its part looks at."""
    tab, show_all, labels = asked.tab, asked.show == "all", [run.label for run in runs]
    found = matching(comparison.attributes, asked.find)
    groups, hidden = difference_groups(found, show_all=show_all) if tab == "parameters" else ((), 0)
    groups_drawn = run_groups(runs, comparison.attributes, asked.group)
    axes = _axes(project, labels, asked, has_groups=bool(groups_drawn))
    addresses = _Addresses(project, labels, asked, axes)
    return ComparePage(
        project=project,
        address=compare_address(project),
        runs=tuple(runs),
        table_address=project_address(project, [("run", label) for label in labels]),
        layouts=addresses.layouts(),
        pairs=addresses.form_pairs,
        tab=tab,
        tabs=addresses.tabs(),
        find=asked.find,
        charts=_charts(project, labels, comparison.series, asked),
        axes=axes,
        run_groups=groups_drawn,
        groups=groups,
        hidden_rows=hidden,
        relations=_relations(runs, comparison, values, asked) if tab == "relations" else None,
        grouped=_grouped(comparison, values, asked) if tab == "groups" else None,
        media=media and media.linked(addresses.step),
        source=source_rows(found) if tab == "source" else (),
        packages=package_rows(found) if tab == "source" else (),
        changes=text_changes(found, labels) if tab == "source" else (),
        is_complete=comparison.complete,
        show_all=show_all,
        show_choices=addresses.show_choices(),
        now_ms=now_ms(),
    )


def _axes(project: str, labels: Sequence[str], asked: Asked, *, has_groups: bool) -> Axes:
    tab = asked.tab if asked.tab != "charts" else ""
    others = (*(("run", label) for label in labels), ("tab", tab), ("find", asked.find))
    return axes_of(asked.view, base=compare_address(project), others=others, has_groups=has_groups)


def _charts(project: str, labels: Sequence[str], series: tuple[str, ...], asked: Asked) -> Charts:
    """The series that belong to the tab; what is worked out of several is among the charts only."""
    found = matching_paths(series, asked.find)
    charted = [path for path in found if is_monitoring(path) == (asked.tab == "monitoring")]
    view = asked.view if asked.tab == "charts" else replace(asked.view, expressions=())
    return charts_of(charted, project=project, labels=labels, view=view)


def matching(differences: Sequence[Difference], find: str) -> list[Difference]:
    """The attributes whose path has all of these words."""
    words = find.casefold().split()
    return [row for row in differences if all(word in row.path.casefold() for word in words)]


def _asked_pairs(asked: Asked) -> list[tuple[str, str]]:
    return [(name, getattr(asked, name)) for name in ASKED if getattr(asked, name)]


def _relations(
    runs: Sequence[Run], comparison: Comparison, values: Mapping[str, Sequence[object]], asked: Asked
) -> Relations:
    return relations_of(runs, comparison, values, metric=asked.target, across=asked.across, up=asked.up)


def _grouped(comparison: Comparison, values: Mapping[str, Sequence[object]], asked: Asked) -> Groups:
    return groups_of_runs(
        asked.by,
        list(parameters_of(comparison.attributes)),
        asked.target,
        metric_choices(comparison.series),
        values.get(asked.by, ()),
        values.get(asked.target, ()),
        a=asked.a,
        b=asked.b,
    )
