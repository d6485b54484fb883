"""The tab of what the job printed, and of every other series of texts: a log to scroll through, search and follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tidelog_server.pages.addresses import log_address
from tidelog_server.pages.axes import Choice
from tidelog_server.pages.chart_sections import MONITORING
from tidelog_server.pages.objects.logs import Matches, matches_in
from tidelog_server.pages.objects.origins import Origins, attempt_of, kept_pairs, origins_of
from tidelog_server.pages.run.log import (
    OLDEST,
    STEPS_LIMIT,
    LogPage,
    lines_address,
    page_of_log,
    text_address,
)
from tidelog_server.pages.run.tab import Shown, Tab
from tidelog_server.series.objects.lookup import find_abandoned, find_objects
from tidelog_server.series.points import STEP_UNITS

NAMES = ("stdout", "stderr")
SEGMENTS = 4  # series that are offered side by side; more are offered as a list
SERIES_SHOWN = 500
SEARCH_CHARACTERS = 200
STEP_LIMIT = 4e12
MOST_DIGITS = 20


@dataclass(frozen=True)
class ConsoleView:
    """The lines that are shown, which series they are of, and where the others are. `matches` are there in a search."""

    path: str
    series: tuple[Choice, ...]
    log: LogPage | None
    points: int
    search: str
    matches: Matches | None
    search_on: str
    wraps: bool
    wrap_address: str
    here: str
    oldest: str
    lines_address: str
    text_address: str
    is_alive: bool
    is_list: bool
    abandoned: int
    origins: Origins


def paths_of(shown: Shown) -> list[str]:
    """The series of texts: stdout and stderr of each process that kept them, then all others."""

    def order(path: str) -> tuple[bool, str, int, str]:
        space, _, name = path.rpartition("/")
        is_console = path.split("/")[0] == MONITORING and name in NAMES
        return (not is_console, space, NAMES.index(name) if is_console else 0, name)

    return sorted(shown.names.of_type("string_series"), key=order)


def _view(shown: Shown) -> ConsoleView:
    paths = paths_of(shown)
    query = shown.query
    wanted = query.get("series", "")
    path = wanted if wanted in paths else next(iter(paths), "")
    run, connection = shown.run, shown.connection
    search = query.get("search", "").strip()[:SEARCH_CHARACTERS]
    wraps = query.get("wrap") != "off"
    wrap_pairs = [] if wraps else [("wrap", "off")]
    left_behind = find_abandoned(connection, run.id, [path]).get(path, []) if path and run.attempt else []
    abandoned = attempt_of(query)
    abandoned = abandoned if abandoned in {head.abandoned_by for head in left_behind} else 0
    kept = [*wrap_pairs, *kept_pairs(abandoned)]
    where = (connection, shown.services.tails, run.project_id, run.id, path)
    found = find_objects(*where, abandoned_by=abandoned) if path else None
    before, after, around = _position(query, "before"), _position(query, "after"), _step(query)
    matches = matches_in(connection, found, search, before=before) if found is not None and search else None
    log = None
    if found is not None and matches is None:
        log = page_of_log(connection, run, path, found, before=before, after=after, around=around, abandoned=abandoned)
    searched_on = [*kept, ("search", search), ("before", str(matches.before) if matches and matches.before else "")]
    return ConsoleView(
        path=path,
        series=tuple(
            Choice(
                one,
                one.removeprefix(f"{MONITORING}/"),
                log_address(run.project, run.label, one, wrap_pairs),
                one == path,
            )
            for one in _offered(paths, path)
        ),
        log=log,
        points=0 if found is None else found.points,
        search=search,
        matches=matches,
        search_on=log_address(run.project, run.label, path, searched_on) if matches and matches.before else "",
        wraps=wraps,
        wrap_address=log_address(
            run.project,
            run.label,
            path,
            [("search", search), ("wrap", "off" if wraps else ""), *kept_pairs(abandoned)],
        ),
        here=log_address(run.project, run.label, path, kept),
        oldest=log_address(run.project, run.label, path, [*kept, ("after", str(OLDEST))]),
        lines_address=lines_address(run, path, abandoned),
        text_address=text_address(run, path, abandoned),
        is_alive=run.state in ("running", "crashed") and not abandoned,
        is_list=len(paths) > SEGMENTS,
        abandoned=abandoned,
        origins=origins_of(
            connection,
            run,
            [] if found is None else [found],
            left_behind,
            abandoned,
            lambda attempt: log_address(run.project, run.label, path, [*wrap_pairs, *kept_pairs(attempt)]),
        ),
    )


def _offered(paths: list[str], path: str) -> list[str]:
    shown = paths[:SERIES_SHOWN]
    return shown if path in shown or not path else [*shown, path]


def _position(query: Mapping[str, str], name: str) -> int | None:
    """A step of an address, in millionths; None for what is none."""
    text = query.get(name, "")
    if not text.removeprefix("-").isdecimal() or len(text) > MOST_DIGITS:
        return None
    return max(-STEPS_LIMIT, min(int(text), STEPS_LIMIT))


def _step(query: Mapping[str, str]) -> int | None:
    """The step whose line is looked for, as people count steps."""
    try:
        step = float(query.get("step", ""))
    except ValueError:
        return None
    return round(step * STEP_UNITS) if abs(step) <= STEP_LIMIT else None


TAB = Tab(
    name="console",
    text="Console",
    template="partials/run/console.html",
    count=lambda shown: None if paths_of(shown) else 0,
    view=_view,
    partials={"run-console": "partials/run/console.html"},
    finds=False,
)
