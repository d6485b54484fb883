"""The table as a file: every run that the view matches, in its order, with its columns; a part at a time."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from tidelog_server.errors import UnavailableError
from tidelog_server.pages.problems import PageRoute
from tidelog_server.pages.spreadsheets import csv_lines, harmless
from tidelog_server.pages.table.groups import within_places
from tidelog_server.pages.table.usual import usual_columns
from tidelog_server.pages.table.view import View, sparkline_path, subject_of, view_of
from tidelog_server.query.syntax import Aggregate
from tidelog_server.runs.attributes import Value
from tidelog_server.runs.projects import find_project
from tidelog_server.runs.table import TableRow, rows_of, types_of
from tidelog_server.services import Services
from tidelog_server.sheets.table import select

router = APIRouter(route_class=PageRoute)

RUNS_AT_ONCE = 1_000
FIXED = ("sys/id", "sys/name", "sys/state", "sys/creation_time", "sys/ended_time", "sys/tags")
NUMBERS = {"float", "int", "float_series", "bool"}


@router.get("/projects/{project:path}/runs.csv")
def download_csv(request: Request, project: str) -> Response:
    """The view as CSV, in UTF-8: numbers with all their digits, times in ISO 8601, tags with a semicolon between."""
    services: Services = request.app.state.services
    table = _Table(services, view_of(project, request.query_params))

    def lines() -> Iterator[str]:
        yield csv_lines([map(harmless, table.columns)])
        for rows in table.parts():
            yield csv_lines([_text(row.values.get(column)) for column in table.columns] for row in rows)

    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=_attached(project, "csv"))


@router.get("/projects/{project:path}/runs.parquet")
def download_parquet(request: Request, project: str) -> Response:
    """The view as Parquet. A column whose values are numbers everywhere is one of doubles, all others are of texts."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        message = (
            "This server lacks pyarrow, which writes Parquet. No data is affected. Take CSV, or install "
            "tidelog[export] where the server runs."
        )
        raise UnavailableError(message) from error
    services: Services = request.app.state.services
    table = _Table(services, view_of(project, request.query_params))
    kinds = [table.kind(column) for column in table.columns]
    types = {
        "number": pyarrow.float64(),
        "time": pyarrow.timestamp("ms", tz="UTC"),
        "tags": pyarrow.list_(pyarrow.string()),
    }
    schema = pyarrow.schema(
        [(column, types.get(kind, pyarrow.string())) for column, kind in zip(table.columns, kinds, strict=True)]
    )

    def parts() -> Iterator[bytes]:
        written = _Pipe()
        with parquet.ParquetWriter(written, schema, compression="zstd") as writer:
            for rows in table.parts():
                columns = [
                    pyarrow.array([_typed(row.values.get(column), kind) for row in rows], schema.field(number).type)
                    for number, (column, kind) in enumerate(zip(table.columns, kinds, strict=True))
                ]
                writer.write_table(pyarrow.Table.from_arrays(columns, schema=schema))
                yield written.taken()
        yield written.taken()

    media_type = "application/vnd.apache.parquet"
    return StreamingResponse(parts(), media_type=media_type, headers=_attached(project, "parquet"))


class _Table:
    """The runs of a view, read part by part: each part sees one state of the data."""

    def __init__(self, services: Services, view: View) -> None:
        self._services, self._view = services, view
        with services.database.read() as connection:
            project = find_project(connection, view.project)
            self._project_id = project.id
            named = usual_columns(connection, project.id) if view.columns is None else view.columns
            shown = [column for column in named if sparkline_path(column) is None and column not in FIXED]
            self.columns = (*FIXED, *shown)
            self._types = types_of(connection, project.id, self.columns)
            more = [subject_of(column) for column in view.groups]
            selection = select(
                connection, services.sheets, project.id, query=view.query, keys=view.keys, more=more, trashed=view.trash
            )
            self._run_ids = selection.sheet.ids[within_places(selection, view)].tolist()

    def parts(self) -> Iterator[list[TableRow]]:
        """The rows, `RUNS_AT_ONCE` at a time."""
        for start in range(0, len(self._run_ids), RUNS_AT_ONCE):
            with self._services.database.read() as connection:
                run_ids = self._run_ids[start : start + RUNS_AT_ONCE]
                yield rows_of(connection, self._project_id, run_ids, self.columns)

    def kind(self, column: str) -> str:
        """How Parquet keeps a column: number, time, tags or text."""
        if column in ("sys/creation_time", "sys/ended_time"):
            return "time"
        if column == "sys/tags":
            return "tags"
        types = set(self._types.get(column, ()))
        is_number = isinstance(subject_of(column), Aggregate) or (bool(types) and types <= NUMBERS)
        return "number" if is_number and column not in FIXED else "text"


class _Pipe(io.RawIOBase):
    """A file that is only written, and gives away what was written since one last asked."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        taken = bytes(data)
        self._parts.append(taken)
        self._position += len(taken)
        return len(taken)

    def tell(self) -> int:
        return self._position

    def taken(self) -> bytes:
        """What was written since this was last called."""
        found, self._parts = b"".join(self._parts), []
        return found


def _text(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, list):
        return harmless(";".join(map(str, value)))
    return harmless(str(value))


def _typed(value: Value, kind: str) -> Any:
    if kind == "number":
        return float(value) if isinstance(value, int | float) else None
    if kind == "tags":
        return value if isinstance(value, list) else None
    if kind == "time":
        return value if isinstance(value, datetime) else None
    return None if value is None else value if isinstance(value, str) else _text(value)


def _attached(project: str, extension: str) -> dict[str, str]:
    name = quote(f"{project.replace('/', '-')}.{extension}")
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "Cache-Control": "no-store"}
