"""The runs table from a program, against a real server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas
import polars
import pyarrow
import pytest

import tidelog
from tests.conftest import ServerProcess
from tests.reading_runs import MOMENT, PROJECT, log_runs
from tidelog.errors import pointed_out


@pytest.fixture
def logged(server: ServerProcess, tmp_path: Path) -> dict[str, Any]:
    """Where three runs are."""
    log_runs(server.url, tmp_path / "journals")
    return {"project": PROJECT, "url": server.url}


def test_rows_are_filtered_and_sorted(logged: dict[str, Any]) -> None:
    """A query, columns with aggregates, and an order give a table in Python."""
    columns = ["params/lr", "min(train/loss)"]
    table = tidelog.fetch_runs_table(
        **logged, query="params/lr > 0", columns=columns, sort_by="params/lr", output="python"
    )
    assert table["sys/id"] == ["DIGITS-3", "DIGITS-2"]
    assert table["params/lr"] == [0.2, 0.1]
    assert table["min(train/loss)"] == [3 / 40, 2 / 40]
    limited = tidelog.fetch_runs_table(**logged, sort_by="params/lr", ascending=True, limit=1, output="python")
    assert limited["params/lr"] == [0.0]


def test_pages_are_put_together(logged: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows and columns than one answer holds come as one table."""
    named = {"columns": "params|train", "output": "python"}
    whole = tidelog.fetch_runs_table(**logged, **named)
    monkeypatch.setattr("tidelog.fetching.tables.PAGE_RUNS", 2)
    monkeypatch.setattr("tidelog.fetching.tables.PAGE_COLUMNS", 3)
    assert tidelog.fetch_runs_table(**logged, **named) == whole
    assert len(whole["sys/id"]) == 3
    assert whole["params/name"] == ["net-2", "net-1", "net-0"]


def test_every_output_has_the_same_values(logged: dict[str, Any]) -> None:
    """pandas, polars and Arrow with their own types; a NaN is a number, and what is missing is missing."""
    names = ["params/lr", "params/depth", "params/name", "params/wide", "data/made", "data/score"]
    frame = tidelog.fetch_runs_table(**logged, columns=names, output="pandas")
    assert isinstance(frame, pandas.DataFrame)
    assert frame["params/depth"].tolist() == [2, 1, 0]
    assert frame["params/depth"].dtype == "int64"
    assert frame["data/made"].iloc[0].to_pydatetime() == MOMENT
    arrow = tidelog.fetch_runs_table(**logged, columns=names, output="arrow")
    assert isinstance(arrow, pyarrow.Table)
    assert str(arrow.schema.field("data/made").type).startswith("timestamp")
    assert [str(value) for value in arrow["data/score"].to_pylist()] == ["nan", "None", "None"]
    frame = tidelog.fetch_runs_table(**logged, columns=names, output="polars")
    assert isinstance(frame, polars.DataFrame)
    assert frame["params/wide"].to_list() == [True, True, False]
    assert frame["params/lr"].to_list() == [0.2, 0.1, 0.0]


def test_columns_by_expression(logged: dict[str, Any]) -> None:
    """A text chooses columns by regular expression."""
    table = tidelog.fetch_runs_table(**logged, columns="^params/(lr|depth)$", output="python")
    assert list(table) == ["sys/id", "sys/name", "sys/state", "sys/creation_time", "params/depth", "params/lr"]
    with pytest.raises(tidelog.ArgumentError, match="no regular expression"):
        tidelog.fetch_runs_table(**logged, columns="(", output="python")


def test_an_error_in_a_query_shows_the_place(logged: dict[str, Any]) -> None:
    """The exception has the position, and its message carets below it."""
    with pytest.raises(tidelog.QueryError) as caught:
        tidelog.fetch_runs_table(**logged, query="params/lr >> 0.1")
    error = caught.value
    assert error.query[error.position : error.position + error.length] == ">"
    *_, line, carets = str(error).splitlines()
    assert line[carets.index("^")] == ">"
    assert carets.index("^") - 4 == error.position == 11


def test_an_error_in_a_column_names_the_column(logged: dict[str, Any]) -> None:
    """Not the query, which is well."""
    with pytest.raises(tidelog.QueryError) as caught:
        tidelog.fetch_runs_table(**logged, query="params/lr > 0", columns=["``"])
    assert caught.value.query == "``"


def test_places_in_long_queries_of_several_lines() -> None:
    """Only the line and the stretch around the place are shown."""
    text = "a = 1 AND\n" + "b = 2 AND " * 30 + "c ! 3"
    line, carets = pointed_out(text, text.index("!"), 1).splitlines()
    assert len(line) <= 104
    assert line[carets.index("^")] == "!"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"output": "excel"}, tidelog.ArgumentError),
        ({"limit": -1}, tidelog.ArgumentError),
        ({"columns": 3}, tidelog.UnsupportedTypeError),
        ({"project": "nothing of that name"}, tidelog.NotFoundError),
        ({"url": "http://127.0.0.1:1"}, tidelog.ServerUnreachableError),
    ],
)
def test_wrong_arguments(logged: dict[str, Any], arguments: dict[str, Any], error: type[Exception]) -> None:
    """Each raises what can be acted on."""
    with pytest.raises(error):
        tidelog.fetch_runs_table(**{**logged, "output": "python", **arguments})


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """An output that is not there is no ImportError out of nowhere."""
    monkeypatch.setattr("tidelog.fetching.shapes.find_spec", lambda name: None)
    with pytest.raises(tidelog.MissingPackageError, match="pip install polars"):
        tidelog.fetch_runs_table(output="polars")
