"""What a page costs the database does not grow with the number of runs."""

from __future__ import annotations

import json

import pytest

from tests.journals import Sender
from tests.server.pages.conftest import Pages
from tidelog_server.dashboards.content import content_from
from tidelog_server.dashboards.store import create_dashboard
from tidelog_server.runs.projects import find_project

MOST = 17  # statements of the dearest pages: the history of a run, and the runs table, of whose eight are its own


RUN = "/projects/mnist/runs/MNIST-1"
TABS = ("charts", "overview", "media", "console", "monitoring", "source", "files", "history", "events", "attributes")
COMPARED = ("charts", "parameters", "relations", "groups", "media", "source", "monitoring")
WIDGETS = [
    {"id": 1, "kind": "charts", "options": {"metrics": ["*/loss"]}},
    {"id": 2, "kind": "value", "options": {"subject": "train/loss"}},
    {"id": 3, "kind": "table", "options": {"columns": ["train/loss", "params/lr"]}},
    {"id": 4, "kind": "scatter", "options": {"x": "params/lr", "y": "train/loss"}},
    {"id": 5, "kind": "parallel", "options": {"columns": ["params/lr", "train/loss"]}},
]


PAGES = (
    "/",
    "/projects/mnist",
    "/projects/mnist?q=params/lr:float > 0&sort=train/loss&column=train/loss&column=params/lr",
    "/projects/mnist?rows=params/epochs&column=train/loss",
    "/projects/mnist?view=split&{runs}",
    "/projects/mnist/columns",
    "/projects/mnist/views",
    "/projects/mnist/trash",
    "/projects/mnist/models",
    "/projects/mnist/artifacts",
    "/projects/mnist/dashboards",
    "/projects/mnist/dashboards/{dashboard}",
    "/projects/mnist/dashboards/{dashboard}?{runs}",
    "/projects/mnist/dashboards/{dashboard}/layout.css",
    *(f"{RUN}?tab={tab}" for tab in TABS),
    f"{RUN}/namespace?within=train",
    f"{RUN}/data?path=train/loss",
    f"{RUN}/objects?path=monitoring/stdout",
    *(f"/projects/mnist/compare?{{runs}}&tab={tab}" for tab in COMPARED),
    "/projects/mnist/compare?{runs}&tab=parameters&show=all",
    "/projects/mnist/chart.svg?path=train/loss&{runs}",
    "/projects/mnist/runs.csv",
    "/search?q=run",
    "/search?q=only+here&tab=logs",
)


def test_statements_are_independent_of_the_number_of_runs(pages: Pages) -> None:
    """Every page takes as many statements of twelve runs as of three."""
    for number in range(3):
        log_run(pages, number)
    dashboard = add_dashboard(pages)
    few = {path: pages.statements(address(path, 3, dashboard)) for path in PAGES}
    for number in range(3, 12):
        log_run(pages, number)
    many = {path: pages.statements(address(path, 12, dashboard)) for path in PAGES}
    assert many == few
    assert {path: count for path, count in many.items() if count > most(path)} == {}


def most(path: str) -> int:
    """The most statements that a page may take; a dashboard takes some for each of its widgets."""
    return MOST + (3 * len(WIDGETS) if "{dashboard}" in path else 0)


def address(path: str, runs: int, dashboard: str) -> str:
    """The address of a page about this many runs."""
    labels = "&".join(f"run=MNIST-{number + 1}" for number in range(runs))
    return path.replace("{runs}", labels).replace("{dashboard}", dashboard)


def log_run(pages: Pages, number: int) -> None:
    """A run with values, series and lines that it printed."""
    pages.log(number)
    log_text(pages, number)


def log_text(pages: Pages, number: int) -> None:
    """Lines that a run printed."""
    sender = Sender(pages.services.receiver, project="mnist", key=f"run-{number}")
    for step in range(3):
        sender.journal.text("monitoring/stdout", f"epoch {step}", step=step)
    if number == 0:
        sender.journal.text("monitoring/stdout", "only here", step=3)
    sender.ship()
    pages.services.folder.fold(sender.run_id)


def add_dashboard(pages: Pages) -> str:
    """The number of a dashboard with widgets over all runs."""
    with pages.services.database.write() as connection:
        project = find_project(connection, "mnist")
        content = content_from(json.dumps({"widgets": WIDGETS}))
        return str(create_dashboard(connection, project.id, "dashboard", "all kinds", content))


@pytest.mark.parametrize("tab", ["charts", "attributes"])
def test_the_page_of_a_wide_run_reads_what_it_shows(pages: Pages, tab: str) -> None:
    """As many statements for 3,000 series as for a few, and what is logged afterwards is there at once."""
    pages.log(0)
    path = f"/projects/mnist/runs/MNIST-1?tab={tab}"
    pages.get(path)
    few = pages.statements(path)
    sender = Sender(pages.services.receiver, project="mnist", key="run-0")
    sender.journal.row({f"layers/{number:04}/norm": 0.5 for number in range(3_000)}, step=0)
    sender.ship()
    assert "3,001" in pages.get(path).text
    assert pages.statements(path) <= few
    sender.journal.point("layers/new", 1.0, 0)
    sender.ship()
    assert "3,002" in pages.get(path).text
    assert "layers/new" in pages.get(f"{path}&find=layers/new").text
