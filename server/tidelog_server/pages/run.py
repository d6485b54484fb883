"""The page of one run: what it is, what was set, its charts, its hardware's charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from tidelog_server.clock import now_ms
from tidelog_server.errors import RunNotFoundError
from tidelog_server.pages.addresses import run_address
from tidelog_server.pages.axes import Axes, Choice, axes_from
from tidelog_server.pages.chart_sections import Charts, charts_of, is_monitoring
from tidelog_server.pages.problems import PageRoute
from tidelog_server.pages.templating import render, wanted_partial
from tidelog_server.pages.tree import Tree, matching, tree_of
from tidelog_server.runs.attributes import Attribute, attributes_of
from tidelog_server.runs.events import StoredEvent, count_events, events_of
from tidelog_server.runs.runs import Run, find_run
from tidelog_server.runs.writers import WriterState, writers_of

router = APIRouter(route_class=PageRoute)

TABS = {"charts": "Charts", "attributes": "Attributes", "monitoring": "Monitoring", "events": "Events"}
EVENTS_SHOWN = 200
PARTIALS = {
    "run-header": "partials/run_header.html",
    "run-body": "partials/run_body.html",
    "attributes": "partials/run_attributes.html",
    "charts": "partials/charts.html",
    "run-events": "partials/run_events.html",
}


@dataclass(frozen=True)
class Received:
    """How many records came from all writers, and how many they wrote: None while one may still hold some."""

    records: int
    written: int | None


@dataclass(frozen=True)
class Facts:
    """What the header says of a run, beside its name and state."""

    tags: list[str]
    owner: str
    host: str
    description: str
    elapsed_ms: int
    received: Received


@dataclass(frozen=True)
class RunPage:
    """The context of pages/run.html and of its partials."""

    run: Run
    runs: tuple[Run, ...]
    facts: Facts
    address: str
    tab: str
    tabs: tuple[Choice, ...]
    counts: dict[str, int]
    find: str
    tree: Tree
    charts: Charts
    axes: Axes
    events: tuple[StoredEvent, ...]
    now_ms: int


@router.get("/projects/{project:path}/runs/{label}")
def show_run(
    request: Request, project: str, label: str, tab: str = "charts", find: str = "", x: str = "", y: str = ""
) -> Response:
    """A run; what was acknowledged until now is in the page."""
    with request.app.state.database.read() as connection:
        run = find_run(connection, label)
    if run.project != project:
        raise RunNotFoundError(f"There is no run {label[:80]!r} in the project {project[:80]!r}; it may have moved.")
    request.app.state.folder.fold(run.id)
    with request.app.state.database.read() as connection:
        attributes = attributes_of(connection, run.id)
        received = received_of(writers_of(connection, run.id))
        events = events_of(connection, run.id, limit=EVENTS_SHOWN) if tab == "events" else []
        told = count_events(connection, run.id)
    page = run_page(run, attributes, received, events, told, tab=tab, find=find, axes_wanted=(x, y), now=now_ms())
    return render(request, PARTIALS.get(wanted_partial(request), "pages/run.html"), page)


def run_page(
    run: Run,
    attributes: Sequence[Attribute],
    received: Received,
    events: Sequence[StoredEvent] = (),
    told: int = 0,
    *,
    tab: str,
    find: str,
    axes_wanted: tuple[str, str],
    now: int,
) -> RunPage:
    """Everything that the page shows of a run with these attributes."""
    tab = tab if tab in TABS else "charts"
    address = run_address(run.project, run.label)
    others = (*((("tab", tab),) if tab != "charts" else ()), ("find", find))
    axes = axes_from(*axes_wanted, base=address, others=others)
    found = matching(attributes, find)
    series = [attribute.path for attribute in attributes if attribute.series is not None]
    charted = [attribute.path for attribute in found if attribute.series is not None]
    monitoring = tab == "monitoring"
    counts = {
        "charts": sum(not is_monitoring(path) for path in series),
        "attributes": len(attributes),
        "monitoring": sum(map(is_monitoring, series)),
        "events": told,
    }
    return RunPage(
        run=run,
        runs=(run,),
        facts=_facts(run, attributes, received, now),
        address=address,
        tab=tab,
        tabs=_tabs(run, tab, axes, find),
        counts=counts,
        find=find,
        tree=tree_of(found, all_open=bool(find)),
        charts=charts_of(
            [path for path in charted if is_monitoring(path) == monitoring], project=run.project, labels=[run.label]
        ),
        axes=axes,
        events=tuple(events),
        now_ms=now,
    )


def _tabs(run: Run, current: str, axes: Axes, find: str) -> tuple[Choice, ...]:
    def address(tab: str) -> str:
        kept = [("tab", tab)] if tab != "charts" else []
        return run_address(run.project, run.label, [*kept, ("find", find), *axes.pairs])

    return tuple(Choice(tab, text, address(tab), tab == current) for tab, text in TABS.items())


def received_of(writers: Sequence[WriterState]) -> Received:
    """What the writers of a run sent. One that ended properly has said so behind everything that it wrote."""
    records = sum(writer.records for writer in writers)
    ended = all(writer.state in ("finished", "failed") for writer in writers)
    return Received(records, records + sum(writer.dropped for writer in writers) if ended else None)


def _facts(run: Run, attributes: Sequence[Attribute], received: Received, now: int) -> Facts:
    system = {attribute.path: attribute.value for attribute in attributes if attribute.path.startswith("sys/")}
    tags = system.get("sys/tags")
    end = run.ended_ms or (now if run.state == "running" else run.seen_ms)
    return Facts(
        tags=list(tags) if isinstance(tags, list) else [],
        owner=_text(system.get("sys/owner")),
        host=_text(system.get("sys/hostname")),
        description=_text(system.get("sys/description")),
        elapsed_ms=end - run.created_ms,
        received=received,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
