"""The runs table, from a program: `tidelog.fetch_runs_table`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tidelog.errors import InvalidValueError, RequestRefusedError, UnsupportedTypeError
from tidelog.fetching.shapes import Column, Values, resolve_output, shaped
from tidelog.paths import quoted
from tidelog.settings import resolve_project
from tidelog.shipping.connecting import connected
from tidelog.values.encoding import shown

if TYPE_CHECKING:
    from tidelog.shipping.transport import Transport

PAGE_RUNS = 200  # the most that the server gives at a time
PAGE_COLUMNS = 200
ALL_COLUMNS = 5_000
MODEL_LABEL = re.compile(r"[A-Z][A-Z0-9]*-[A-Z][A-Z0-9]{0,15}")
FIXED_COLUMNS = ("sys/id", "sys/name", "sys/state", "sys/creation_time")

Row = dict[str, Any]


def fetch_runs_table(
    project: str | None = None, *, query: str = "", columns: Sequence[str] | str | None = None,
    sort_by: str = "sys/creation_time", ascending: bool = False, limit: int | None = None, output: str | None = None,
    url: str | None = None, api_token: str | None = None,
) -> Any:  # fmt: skip
    """Return the runs of a project that match a query, one row each.

    `query` is in the language of the page's filter. `columns` are paths, or aggregates of a series such as
    `min(metrics/loss)` (a series' path alone means its last value); a text is a regular expression (RE2; it may match
    anywhere) over the project's paths; None means every path (5,000 at most). sys/id, sys/name, sys/state and
    sys/creation_time come first in any case. Runs without a value to sort by come last.

    `output` is "pandas", "polars", "arrow" or "python" (a dict of columns); without it, pandas where it is installed.
    Raises a `QueryError` that shows where a query goes wrong.
    """
    return _fetch_table("run", project, query, columns, sort_by, ascending, limit, output, url, api_token)


def fetch_models_table(
    project: str | None = None, *, query: str = "", columns: Sequence[str] | str | None = None,
    sort_by: str = "sys/creation_time", ascending: bool = False, limit: int | None = None, output: str | None = None,
    url: str | None = None, api_token: str | None = None,
) -> Any:  # fmt: skip
    """Return the models of a project that match a query, one row each. Arguments as for `fetch_runs_table`."""
    return _fetch_table("model", project, query, columns, sort_by, ascending, limit, output, url, api_token)


def fetch_model_versions_table(
    project: str | None = None, *, model: str | None = None, query: str = "",
    columns: Sequence[str] | str | None = None, sort_by: str = "sys/creation_time", ascending: bool = False,
    limit: int | None = None, output: str | None = None, url: str | None = None, api_token: str | None = None,
) -> Any:  # fmt: skip
    """Return the versions of models that match a query, one row each: those of one model, by its label ("MNIST-NET"),
    or of all models of the project. Arguments as for `fetch_runs_table`.
    """
    chosen = versions_query(model, query)
    return _fetch_table("model_version", project, chosen, columns, sort_by, ascending, limit, output, url, api_token)


def versions_query(model: str | None, query: str) -> str:
    """Return the query for versions that match one, of one model if it is given by its label."""
    if model is None:
        return query
    if not isinstance(model, str) or not MODEL_LABEL.fullmatch(model):
        raise InvalidValueError(f"model {shown(model)} is not the label of a model, such as 'MNIST-NET'")
    of_model = f'`sys/id`:string MATCHES "^{model}-[0-9]+$"'
    return f"{of_model} AND ({query})" if query.strip() else of_model


def _fetch_table(
    kind: str, project: str | None, query: str, columns: Sequence[str] | str | None, sort_by: str, ascending: bool,
    limit: int | None, output: str | None, url: str | None, api_token: str | None,
) -> Any:  # fmt: skip
    chosen_output = resolve_output(output)
    chosen_project = resolve_project(project)
    with connected(url, api_token) as server:
        names = _columns(server, chosen_project, columns)
        rows = list(table_rows(server, chosen_project, query, names, sort_by, ascending, limit, kind))
    shape: dict[str, Column] = {name: Values([row.get(name) for row in rows]) for name in names}
    return shaped(shape, chosen_output)


def table_rows(
    server: Transport, project: str, query: str = "", columns: Sequence[str] = FIXED_COLUMNS,
    sort_by: str = "sys/creation_time", ascending: bool = False, limit: int | None = None, kind: str = "run",
) -> Iterator[Row]:  # fmt: skip
    """Yield the runs of the table, each a dict by column, reading a page at a time."""
    wanted: dict[str, Any] = {
        "project": project,
        "query": query,
        "sort": sort_by,
        "descending": not ascending,
        "kind": kind,
    }
    left = _checked_limit(limit)
    after: str | None = None
    while left is None or left > 0:
        size = PAGE_RUNS if left is None else min(PAGE_RUNS, left)
        page = _page(server, {**wanted, "limit": size, "after": after}, columns)
        yield from page["rows"]
        left = None if left is None else left - size
        after = page["next"]
        if after is None:
            return


def run_labels(server: Transport, project: str, query: str, limit: int | None = None, kind: str = "run") -> list[str]:
    """Return the labels of the runs, or of what else is meant by `kind`, that match, the newest first."""
    return [row["sys/id"] for row in table_rows(server, project, query, ["sys/id"], limit=limit, kind=kind)]


def as_labels(runs: object) -> list[str]:
    """Return the labels that a user gave, as one text or several."""
    labels = [runs] if isinstance(runs, str) else runs
    if not isinstance(labels, (list, tuple, set, frozenset)) or not all(isinstance(label, str) for label in labels):
        raise UnsupportedTypeError(f"runs {shown(runs)} are not labels such as 'MNIST-3', or a list of them")
    return list(labels)


def _page(server: Transport, wanted: dict[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """Read one page of rows; more columns than one answer holds are read in parts and put together by run."""
    rows: dict[str, Row] = {}
    following: str | None = None
    for start in range(0, max(1, len(columns)), PAGE_COLUMNS):
        part = list(columns[start : start + PAGE_COLUMNS])
        answer = server.post("/runs/query", {**wanted, "columns": part})
        for run in answer["runs"]:
            if start == 0 or run["label"] in rows:
                rows.setdefault(run["label"], {}).update(_values(run))
        following = answer["next"] if start == 0 else following
    return {"rows": list(rows.values()), "next": following}


def _values(run: dict[str, Any]) -> Row:
    types = run["types"]
    return {column: _value(value, types.get(column)) for column, value in run["values"].items()}


def _value(value: Any, meaning: str | None) -> Any:
    if meaning == "datetime":
        return datetime.fromisoformat(value)
    if meaning == "float":
        return float(value)
    return set(value) if isinstance(value, list) else value


def _columns(server: Transport, project: str, columns: object) -> list[str]:
    if columns is None or isinstance(columns, str):
        wanted = {"limit": ALL_COLUMNS, "pattern": columns or ""}
        try:
            found = server.get(f"/projects/{quoted(project)}/paths", wanted)["paths"]
        except RequestRefusedError as error:
            raise InvalidValueError(f"columns {columns!r} cannot be used: {error}") from error
        chosen = [item["path"] for item in found]
    elif isinstance(columns, (list, tuple)) and all(isinstance(column, str) for column in columns):
        chosen = list(columns)
    else:
        raise UnsupportedTypeError(f"columns {shown(columns)} are not a list of paths, or a regular expression")
    return list(dict.fromkeys([*FIXED_COLUMNS, *chosen]))


def _checked_limit(limit: object) -> int | None:
    if limit is None:
        return None
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
        raise InvalidValueError(f"limit {shown(limit)} is not a number of runs")
    return limit
