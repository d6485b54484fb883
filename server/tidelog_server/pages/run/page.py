"""The page of one run, put together: what its head says, which tabs there are, and the one that is looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from tidelog_server.clock import now_ms
from tidelog_server.pages.addresses import run_address
from tidelog_server.pages.axes import Axes, Choice, axes_of
from tidelog_server.pages.chart_sections import MONITORING, Charts, charts_of
from tidelog_server.pages.chart_view import USUAL_X, USUAL_X_OF_HARDWARE, view_from
from tidelog_server.pages.problems import PageRoute
from tidelog_server.pages.run import attributes, charts, console, events, files, history, media, overview, source
from tidelog_server.pages.run.attributes import AttributesTree, tree_in_address
from tidelog_server.pages.run.figures import hardware_charts
from tidelog_server.pages.run.tab import Shown, Tab
from tidelog_server.pages.templating import render, wanted_partial
from tidelog_server.pages.tree import matching_paths
from tidelog_server.runs.attributes import Attribute
from tidelog_server.runs.names import at_or_below, outside
from tidelog_server.runs.runs import Run, find_run, find_run_of
from tidelog_server.runs.system import STAGES, TAGS
from tidelog_server.runs.writers import Received, received_of

router = APIRouter(route_class=PageRoute)

TAGS_SHOWN = 100
SHORT_CHARACTERS, SHORT_LINES = 280, 4  # of a description that is always shown in full

TABS = (
    charts.TAB,
    overview.TAB,
    media.TAB,
    console.TAB,
    charts.MONITORING,
    source.TAB,
    files.TAB,
    history.TAB,
    events.TAB,
    attributes.TAB,
)
PARTIALS = {
    "run-header": "partials/run_header.html",
    "run-requests": "partials/run/requests.html",
    "run-tabs": "partials/run/tabs.html",
    "run-body": "partials/run_body.html",
    "attributes": "partials/run_attributes.html",
    "charts": "partials/charts.html",
}


@dataclass(frozen=True)
class Facts:
    """What the header says of a run, beside its name and state."""

    tags: list[str]
    owner: str
    host: str
    description: str
    elapsed_ms: int
    received: Received
    group_tags: list[str]
    stage: str

    @property
    def shown_tags(self) -> list[tuple[str, bool]]:
        """The tags that the header shows, and whether each is one of a group."""
        return [*((tag, False) for tag in self.tags), *((tag, True) for tag in self.group_tags)][:TAGS_SHOWN]

    @property
    def hidden_tags(self) -> int:
        """How many tags the header does not show."""
        return max(len(self.tags) + len(self.group_tags) - TAGS_SHOWN, 0)

    @property
    def edited_tags(self) -> list[tuple[str, str, list[str]]]:
        """What the form changes: key, name and tags. Of more than can be kept by hand nothing is offered."""
        kinds = [("tags", "Tags", self.tags), ("group_tags", "Group tags", self.group_tags)]
        return [(key, name, tags) for key, name, tags in kinds if len(tags) <= TAGS]

    @property
    def is_described_at_length(self) -> bool:
        """Whether the description would push what was logged off the screen, so that it is shown in full on demand."""
        return len(self.description) > SHORT_CHARACTERS or self.description.count("\n") >= SHORT_LINES


@dataclass(frozen=True)
class TabLink:
    """A tab as the page offers it; `count` is None where no number says how much is in it."""

    choice: Choice
    count: int | None


@dataclass(frozen=True)
class RunPage:
    """The context of pages/run.html and of its partials. `body` is what the tab that is looked at worked out."""

    run: Run
    runs: tuple[Run, ...]
    facts: Facts
    address: str
    tab: str
    tabs: tuple[TabLink, ...]
    template: str
    finds: bool
    find: str
    tree: AttributesTree | None
    charts: Charts
    axes: Axes
    stages: tuple[str, ...]
    body: Any
    now_ms: int


@router.get("/projects/{project:path}/runs/{label}")
def show_run(request: Request, project: str, label: str, tab: str = "charts", find: str = "") -> Response:
    """A run; what was acknowledged until now is in the page. Further parts of the address are its tab's."""
    services = request.app.state.services
    with services.database.read() as connection:
        run = find_run_of(connection, project, label)
    services.folder.fold_lineage(run.id)
    with services.database.read() as connection:
        run = find_run(connection, label)
        shown = Shown(connection, services, run, find, request.query_params)
        chosen = next((one for one in TABS if one.name == tab), TABS[0])
        received = received_of(connection, run.id)
        page = run_page(shown, chosen, received, now=now_ms())
    target = wanted_partial(request)
    return render(request, {**PARTIALS, **chosen.partials}.get(target, "pages/run.html"), page)


def run_page(shown: Shown, chosen: Tab, received: Received, *, now: int) -> RunPage:
    """Everything that the page shows of a run."""
    run, query = shown.run, shown.query
    address = run_address(run.project, run.label)
    others = (("tab", _in_address(chosen)), ("find", shown.find))
    view = view_from(query, USUAL_X_OF_HARDWARE if chosen is charts.MONITORING else USUAL_X)
    axes = axes_of(view, base=address, others=others)
    has_tree = chosen in (charts.TAB, attributes.TAB)
    charted = matching_paths(shown.names.of_type("float_series"), shown.find)
    if chosen is charts.MONITORING:
        hardware = at_or_below(charted, MONITORING)
        drawn = hardware_charts(hardware, project=run.project, label=run.label, view=view)
    else:
        wanted = outside(charted, MONITORING) if chosen is charts.TAB else ()
        drawn = charts_of(wanted, project=run.project, labels=[run.label], view=view)
    return RunPage(
        run=run,
        runs=(run,),
        facts=_facts(run, shown.below("sys"), received, now),
        address=address,
        tab=chosen.name,
        tabs=tuple(_links(shown, chosen, axes)),
        template=chosen.template,
        finds=chosen.finds,
        find=shown.find,
        tree=tree_in_address(shown, tab=chosen.name) if has_tree else None,
        charts=drawn,
        axes=axes,
        stages=STAGES,
        body=chosen.view(shown),
        now_ms=now,
    )


def _links(shown: Shown, chosen: Tab, axes: Axes) -> Iterator[TabLink]:
    """The tabs that have something in them, and the one that is looked at."""
    for tab in TABS:
        count = tab.count(shown)
        is_offered = count != 0 or tab.is_always_there
        if not is_offered and tab is not chosen:
            continue
        pairs = [("tab", _in_address(tab)), ("find", shown.find), *_axes_of(tab, chosen, axes)]
        address = run_address(shown.run.project, shown.run.label, pairs)
        yield TabLink(Choice(tab.name, tab.text, address, tab is chosen), count if is_offered else None)


def _axes_of(tab: Tab, chosen: Tab, axes: Axes) -> list[tuple[str, str]]:
    """The axes that a tab is offered with: those in use; but hardware over time, for its steps only count samples."""
    return axes.pairs if (tab is charts.MONITORING) == (chosen is charts.MONITORING) else axes.view.pairs_over_other_x


def _in_address(tab: Tab) -> str:
    return "" if tab is TABS[0] else tab.name


def _facts(run: Run, attributes: Sequence[Attribute], received: Received, now: int) -> Facts:
    system = {attribute.path: attribute.value for attribute in attributes if attribute.path.startswith("sys/")}
    tags = system.get("sys/tags")
    group_tags = system.get("sys/group_tags")
    return Facts(
        tags=list(tags) if isinstance(tags, list) else [],
        group_tags=list(group_tags) if isinstance(group_tags, list) else [],
        stage=_text(system.get("sys/stage")) or STAGES[0],
        owner=_text(system.get("sys/owner")),
        host=_text(system.get("sys/hostname")),
        description=_text(system.get("sys/description")),
        elapsed_ms=run.running_ms(now),
        received=received,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
