"""The tab of what the job printed: the newest lines of its standard output or error."""

from __future__ import annotations

from dataclasses import dataclass

from tidelog_server.pages.addresses import objects_address, run_address
from tidelog_server.pages.axes import Choice
from tidelog_server.pages.chart_sections import MONITORING
from tidelog_server.pages.objects.logs import LogLine, lines_of
from tidelog_server.pages.run.tab import Shown, Tab
from tidelog_server.series.objects import reading

NAMES = ("stdout", "stderr")
LINES_SHOWN = 500


@dataclass(frozen=True)
class ConsoleView:
    """The lines that are shown, which stream they are of, and where the older ones are."""

    streams: tuple[Choice, ...]
    lines: tuple[LogLine, ...]
    all_lines: str
    more: bool


def _paths(shown: Shown) -> list[str]:
    """The streams that were kept: stdout and stderr, of each process that kept them."""
    parts = ((attribute.path, attribute.path.split("/")) for attribute in shown.of_type("string_series"))
    found = [path for path, names in parts if names[0] == MONITORING and names[-1] in NAMES]
    return sorted(found, key=lambda path: (path.rpartition("/")[0], NAMES.index(path.rpartition("/")[2])))


def _view(shown: Shown) -> ConsoleView:
    paths = _paths(shown)
    wanted = shown.query.get("stream")
    path = wanted if wanted in paths else next(iter(paths), "")
    project, label = shown.run.project, shown.run.label

    def address(stream: str) -> str:
        return run_address(project, label, [("tab", "console"), ("stream", stream)])

    found = reading.find_objects(shown.connection, shown.services.tails, shown.run.project_id, shown.run.id, path)
    page = None if found is None else reading.page_of(shown.connection, found, limit=LINES_SHOWN, newest_first=True)
    return ConsoleView(
        streams=tuple(Choice(one, one.removeprefix(f"{MONITORING}/"), address(one), one == path) for one in paths),
        lines=() if page is None else lines_of(page.points),
        all_lines=objects_address(project, label, path),
        more=page is not None and page.more,
    )


TAB = Tab(
    name="console",
    text="Console",
    template="partials/run/console.html",
    count=lambda shown: None if _paths(shown) else 0,
    view=_view,
    partials={"run-console": "partials/run/console.html"},
)
