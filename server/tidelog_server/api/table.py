"""The runs table as JSON: runs by query, what columns there are, and runs side by side."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from tidelog_server.api.frames import json_number
from tidelog_server.runs import comparison, projects, runs, table
from tidelog_server.runs.attributes import Value
from tidelog_server.urls import run_url

router = APIRouter(tags=["runs table"])

EXAMPLE_QUERY = '(`metrics/acc`:float > 0.9) AND (`sys/tags`:stringSet CONTAINS "baseline")'
JsonValue = float | int | bool | str | list[str] | None

WITHOUT_NUL = r"^[^\x00]*$"  # PostgreSQL takes no such text, so nothing of this name exists
ProjectName = Annotated[str, Field(min_length=1, max_length=255, pattern=WITHOUT_NUL)]
Subject = Annotated[str, Field(min_length=1, max_length=1100)]
RunId = Annotated[int, Field(ge=1, le=2**62)]
Kind = Literal["run", "model", "model_version"]
Limit = Annotated[int, Field(ge=1, le=table.PAGE_LIMIT)]
Columns = Annotated[list[Subject], Field(max_length=table.COLUMN_LIMIT)]


class TableRequest(BaseModel):
    """Which runs of a project, in which order, with which columns.

    `query` is in the language of docs/reference/query-language.md; without one, all runs. `columns` and `sort` are
    paths, or aggregates of a series such as `min(metrics/loss)`. `after` is the `next` of the page before. `kind` asks
    for models or versions of models in place of runs, `trashed` for what is in the trash.
    """

    project: ProjectName = Field(examples=["mnist"])
    query: str = Field("", examples=[EXAMPLE_QUERY])
    columns: Columns = Field(default=[], examples=[["params/lr", "metrics/acc", "min(metrics/loss)"]])
    sort: Subject = Field("sys/creation_time", examples=["metrics/acc"])
    descending: bool = True
    limit: Limit = 50
    after: str | None = None
    kind: Kind = "run"
    trashed: bool = False


class TableRowOut(BaseModel):
    """A run and its values by column, null where it has none.

    Datetimes are in ISO 8601; NaN and infinities are the texts "NaN", "Infinity" and "-Infinity". A text of more than
    1,000 characters is cut and ends with an ellipsis.
    """

    run_id: int
    label: str = Field(examples=["MNIST-3"])
    name: str
    key: str
    state: str = Field(examples=["finished"])
    created_ms: int
    ended_ms: int | None
    points: int
    url: str
    values: dict[str, JsonValue] = Field(examples=[{"params/lr": 0.01, "metrics/acc": 0.987}])
    types: dict[str, Literal["datetime", "float"]] = Field(
        description="what the texts among the values are that stand for something else"
    )


class TablePageOut(BaseModel):
    """A page of runs; `next` is null on the last. `total` counts to 100,000; `total_is_exact` says if that is all."""

    runs: list[TableRowOut]
    total: int
    total_is_exact: bool
    next: str | None


class ColumnOut(BaseModel):
    """A path of the project and a type that it has in some of the runs."""

    path: str = Field(examples=["params/lr"])
    type: str = Field(examples=["float"])


class ColumnList(BaseModel):
    """The paths of a project, columns of the runs themselves first."""

    paths: list[ColumnOut]


class ComparisonRequest(BaseModel):
    """The numbers (`run_id`) of 2 to 200 runs."""

    runs: list[RunId] = Field(max_length=comparison.RUNS_LIMIT, examples=[[17, 18]])


class ComparedRun(BaseModel):
    """A run of a comparison."""

    run_id: int
    label: str
    name: str
    project: str
    url: str


class ComparedAttribute(BaseModel):
    """An attribute in each of the runs, in their order; null where one lacks it. The value of a series is its last."""

    path: str
    same: bool = Field(description="whether all runs have it, with one type and one value")
    series: bool = Field(description="whether it is a float series in any of the runs")
    types: list[str | None]
    values: list[JsonValue]


class ComparisonOut(BaseModel):
    """Runs side by side: parameters first, then series, then sys/*. Not `complete` beyond 5,000 attributes."""

    runs: list[ComparedRun]
    attributes: list[ComparedAttribute]
    complete: bool


@router.post("/runs/query", response_model=TablePageOut)
def query_runs(request: Request, wanted: TableRequest) -> Response:
    """One page of the runs that a query matches.

    A query that does not parse is answered with 400 `invalid_query`; `position` and `length` say where in `query` to
    look.
    """
    with request.app.state.database.read() as connection:
        project = projects.find_project(connection, wanted.project)
        page = table.runs_table(connection, project.id, **wanted.model_dump(exclude={"project"}))
    return _json(
        {
            "runs": [_row(row) for row in page.rows],
            "total": page.total,
            "total_is_exact": page.total_is_exact,
            "next": page.next,
        }
    )


@router.get("/runs/query", response_model=TablePageOut)
def query_runs_by_address(
    request: Request,
    project: Annotated[ProjectName, Query()],
    query: Annotated[str, Query()] = "",
    column: Annotated[Columns, Query()] = [],  # noqa: B006 - FastAPI copies it
    sort: Annotated[Subject, Query()] = "sys/creation_time",
    descending: bool = True,
    limit: Annotated[Limit, Query()] = 50,
    after: str | None = None,
    kind: Kind = "run",
    trashed: bool = False,
) -> Response:
    """The same as POST, for bookmarks and scripts: `column` may be given several times."""
    wanted = TableRequest(
        project=project, query=query, columns=column, sort=sort, descending=descending, limit=limit, after=after,
        kind=kind, trashed=trashed,
    )  # fmt: skip
    return query_runs(request, wanted)


@router.get("/projects/{name:path}/paths", response_model=ColumnList)
def list_paths(
    request: Request,
    name: Annotated[ProjectName, Path()],
    containing: Annotated[str, Query(max_length=1024, pattern=WITHOUT_NUL)] = "",
    pattern: Annotated[str, Query(max_length=1024, pattern=WITHOUT_NUL, description="RE2; may match anywhere")] = "",
    limit: Annotated[int, Query(ge=1, le=table.PATHS_LIMIT)] = table.PATHS_LIMIT,
) -> Response:
    """What can be a column: the paths of a project in which `containing` and `pattern` occur, with their types."""
    with request.app.state.database.read() as connection:
        project = projects.find_project(connection, name)
        found = table.columns_of(connection, project.id, containing=containing, pattern=pattern, limit=limit)
    return _json({"paths": [vars(column) for column in found]})


@router.post("/runs/compare", response_model=ComparisonOut)
def compare_runs(request: Request, wanted: ComparisonRequest) -> Response:
    """Every attribute of some runs side by side, and whether it is the same in all of them."""
    with request.app.state.database.read() as connection:
        compared = comparison.compare_runs(connection, wanted.runs)
        found = runs.runs_by_id(connection, wanted.runs)
    return _json(
        {
            "runs": [
                {"run_id": run.id, "label": run.label, "name": run.name, "project": run.project, "url": run_url(run)}
                for run in found
            ],
            "attributes": [_compared(attribute) for attribute in compared.attributes],
            "complete": compared.complete,
        }
    )


def _row(row: table.TableRow) -> dict[str, Any]:
    run = row.run
    return {
        "run_id": run.id,
        "label": run.label,
        "name": run.name,
        "key": run.key,
        "state": run.state,
        "created_ms": run.created_ms,
        "ended_ms": run.ended_ms,
        "points": run.points,
        "url": run_url(run),
        "values": {column: _value(value) for column, value in row.values.items()},
        "types": {column: kind for column, value in row.values.items() if (kind := _meaning(value))},
    }


def _compared(attribute: comparison.Difference) -> dict[str, Any]:
    return {
        "path": attribute.path,
        "same": attribute.same,
        "series": attribute.is_series,
        "types": attribute.types,
        "values": [_value(value) for value in attribute.values],
    }


def _meaning(value: Value) -> str | None:
    """The type of a value that JSON can only say as a text; None for those that are what they look like."""
    if isinstance(value, datetime):
        return "datetime"
    return "float" if isinstance(value, float) and not math.isfinite(value) else None


def _value(value: Value) -> JsonValue | dict[str, Any]:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    return json_number(value) if isinstance(value, float) else value


def _json(content: dict[str, Any]) -> Response:
    """The answer as it is: pages have thousands of values, which another pass of validation would take longer over."""
    return Response(json.dumps(content, allow_nan=False), media_type="application/json")
