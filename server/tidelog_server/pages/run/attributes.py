"""The tab of everything that was set, as a tree whose large namespaces come when they are opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.datastructures import QueryParams
from starlette.responses import Response

from tidelog_server.pages.addresses import Pairs, namespace_address, run_address
from tidelog_server.pages.problems import PageRoute
from tidelog_server.pages.run.log import run_at
from tidelog_server.pages.run.tab import Shown, Tab
from tidelog_server.pages.templating import render
from tidelog_server.pages.tree import TreeRow, matching_paths, tree_rows, with_values
from tidelog_server.query.value_types import VIRTUAL
from tidelog_server.runs.runs import Run
from tidelog_server.services import Services

router = APIRouter(route_class=PageRoute)

MOST_UNFOLDED = 200
MOST_ROWS = 100_000_000


@dataclass(frozen=True)
class AttributesTree:
    """The context of partials/run/tree.html: the rows of the namespace `within`, or of all, from the row `first` on.

    `tab` is the tab that it stands on: one that is only looked at beside something else has no buttons.
    """

    run: Run
    tab: str
    find: str
    within: str
    first: int
    rows: tuple[TreeRow, ...]
    permanent: frozenset[str] = frozenset(VIRTUAL)  # paths that cannot be deleted

    def comes_from(self, row: TreeRow) -> str:
        """The address of the rows that are not drawn."""
        pairs = [("tab", self.tab), ("find", self.find), ("first", str(row.first or ""))]
        return namespace_address(self.run.project, self.run.label, row.path, pairs)

    def page_of(self, path: str, first: int = 0) -> str:
        """The page of these rows alone, for readers without JavaScript."""
        pairs: Pairs = [("tab", "attributes"), ("find", self.find), ("within", path), ("first", str(first or ""))]
        return run_address(self.run.project, self.run.label, pairs)


@router.get("/projects/{project:path}/runs/{label}/namespace")
def show_namespace(
    request: Request,
    project: str,
    label: str,
    within: Annotated[str, Query(max_length=1024)] = "",
    tab: str = "",
    find: str = "",
    first: Annotated[int, Query(ge=0, le=MOST_ROWS)] = 0,
) -> Response:
    """The rows of one namespace, which the page of the run puts where it was opened."""
    services: Services = request.app.state.services
    run = run_at(services, project, label)
    with services.database.read() as connection:
        shown = Shown(connection, services, run, find, request.query_params)
        page = tree_of(shown, tab=tab, within=within, first=first)
    return render(request, "partials/run/tree.html", page)


def tree_of(shown: Shown, *, tab: str, within: str = "", first: int = 0) -> AttributesTree:
    """The attributes in whose paths the words to find occur, in this namespace."""
    found = matching_paths(shown.names.all, shown.find)
    asked = unfolded(shown.query)
    rows = tree_rows(found, within, first=first, all_open=bool(shown.find), unfolded=asked)
    values = shown.at([row.path for row in rows if row.kind == "attribute"])
    return AttributesTree(shown.run, tab, shown.find, within, first, with_values(rows, values))


def tree_in_address(shown: Shown, *, tab: str) -> AttributesTree:
    """The tree that the address of the run's page asks for."""
    first = shown.query.get("first", "")
    is_number = first.isascii() and first.isdigit() and len(first) <= len(str(MOST_ROWS))
    within = shown.query.get("within", "")
    return tree_of(shown, tab=tab, within=within.strip("/"), first=int(first) if is_number else 0)


def unfolded(query: QueryParams) -> Mapping[str, int]:
    """Namespaces that were opened, and how many of their rows are there: `unfolded=200:layers`."""
    found = (text.partition(":") for text in query.getlist("unfolded")[:MOST_UNFOLDED])
    return {path: int(rows) for rows, _, path in found if rows.isascii() and rows.isdigit() and len(rows) < 7}


TAB = Tab(
    name="attributes",
    text="Attributes",
    template="partials/run_attributes.html",
    count=lambda shown: len(shown.names.all),
    is_always_there=True,
)
