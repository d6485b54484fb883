"""The addresses of pages. All that a page shows follows from its address: a link shows the same to a colleague."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote

from tidelog_server.urls import dashboard_url, project_url

Pairs = Iterable[tuple[str, str]]


def project_address(project: str, pairs: Pairs = ()) -> str:
    """The runs table of a project."""
    return with_query(project_url(project), pairs)


def columns_address(project: str) -> str:
    """The list of columns to choose from."""
    return f"{project_url(project)}/columns"


def run_address(project: str, label: str, pairs: Pairs = ()) -> str:
    """The page of a run."""
    return with_query(f"{project_url(project)}/runs/{quote(label, safe='')}", pairs)


def deletion_address(project: str, label: str, path: str) -> str:
    """The page that asks whether what a run has at a path is to be deleted."""
    return with_query(f"{run_address(project, label)}/delete", [("path", path)])


def namespace_address(project: str, label: str, path: str, pairs: Pairs = ()) -> str:
    """What a namespace of a run holds, as the page of the run asks for it when one opens it."""
    return with_query(f"{run_address(project, label)}/namespace", [("within", path), *pairs])


def trash_address(project: str, pairs: Pairs = ()) -> str:
    """The trash of a project."""
    return with_query(f"{project_url(project)}/trash", pairs)


def models_address(project: str) -> str:
    """The models of a project."""
    return f"{project_url(project)}/models"


def model_address(project: str, label: str) -> str:
    """A model with its versions."""
    return f"{models_address(project)}/{quote(label, safe='')}"


def objects_address(project: str, label: str, path: str, **position: int) -> str:
    """The page of a series of texts or histograms; `position` says which of its points."""
    pairs = [("path", path), *((name, str(value)) for name, value in position.items())]
    return with_query(f"{run_address(project, label)}/objects", pairs)


def log_address(project: str, label: str, path: str, pairs: Pairs = ()) -> str:
    """A string series of a run in the console."""
    return run_address(project, label, [("tab", "console"), ("series", path), *pairs])


def data_address(project: str, label: str, path: str, pairs: Pairs = ()) -> str:
    """The points of a series of numbers, as a table."""
    return with_query(f"{run_address(project, label)}/data", [("path", path), *pairs])


def plain_step(step: float) -> str:
    """A step as an address has it: every digit, up to its six places."""
    return f"{step:.6f}".rstrip("0").rstrip(".")


def table_address(project: str, label: str, path: str, **wanted: int | bool | None) -> str:
    """The page of a table that a run logged; `wanted` says which step, sorting and rows."""
    chosen = [(name, str(value)) for name, value in wanted.items() if value is not None and value is not False]
    return with_query(f"{run_address(project, label)}/table", [("path", path), *chosen])


def compare_address(project: str, labels: Iterable[str] = (), pairs: Pairs = ()) -> str:
    """The comparison of these runs."""
    return with_query(f"{project_url(project)}/compare", [*(("run", label) for label in labels), *pairs])


def sketch_address(project: str, paths: Iterable[str], labels: Iterable[str], pairs: Pairs = ()) -> str:
    """The picture of a chart for readers without JavaScript."""
    named = [*(("path", path) for path in paths), *(("run", label) for label in labels), *pairs]
    return with_query(f"{project_url(project)}/chart.svg", named)


def dashboards_address(project: str, pairs: Pairs = ()) -> str:
    """The dashboards and reports of a project."""
    return with_query(f"{project_url(project)}/dashboards", pairs)


def dashboard_address(project: str, dashboard_id: int, rest: str = "", pairs: Pairs = ()) -> str:
    """One dashboard or report, or a page below it."""
    return with_query(dashboard_url(project, dashboard_id) + rest, pairs)


def artifacts_address(project: str, pairs: Pairs = ()) -> str:
    """The artifacts of a project; with name and version in the pairs, one of them."""
    return with_query(f"{project_url(project)}/artifacts", pairs)


def search_address(q: str, project: str = "", tab: str = "names", after: str = "") -> str:
    """The results of a search, in all projects or in one."""
    shown = "" if tab == "names" else tab
    return with_query("/search", [("q", q), ("project", project), ("tab", shown), ("after", after)])


def with_query(path: str, pairs: Pairs) -> str:
    """`path` with these parts behind it; a part without a value is left out."""
    query = "&".join([f"{_quoted(name)}={_quoted(value)}" for name, value in pairs if value != ""])
    return f"{path}?{query}" if query else path


@lru_cache(maxsize=10_000)
def _quoted(part: str) -> str:
    """A part of a query as addresses have it. The heads of a table say the same ones dozens of times each."""
    return quote(part, safe="/")
