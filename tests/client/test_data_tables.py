"""Tables made of frames, dicts and lists; logged, shown and read back."""

from __future__ import annotations

import json
import math
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tidelog
from tests.client.conftest import OpenRun
from tests.conftest import ServerProcess
from tidelog.errors import InvalidValueError, UnsupportedTypeError
from tidelog.values.data_tables import Table

MADE_OF = [
    {"a": [1, 2], "b": ["x", None]},
    [{"a": 1, "b": "x"}, {"a": 2}],
    pandas.DataFrame({"a": [1, 2], "b": ["x", None]}, dtype=object),
    polars.DataFrame({"a": [1, 2], "b": ["x", None]}),
    {"a": np.array([1, 2]), "b": ("x", None)},
]


@pytest.mark.parametrize("data", MADE_OF)
def test_a_table_of_each_kind(data: Any) -> None:
    """Frames, dicts of columns and lists of dicts give the same table."""
    table = Table(data)
    assert (table.names, table.columns) == (["a", "b"], [[1, 2], ["x", None]])


def test_rows_with_names() -> None:
    """A list of rows, or a two-dimensional array, has the names that are given, else numbers."""
    assert Table([[1, "x"], [2, "y"]], columns=["n", "t"]).names == ["n", "t"]
    assert Table(np.array([[1, 2], [3, 4]])).columns == [[1, 3], [2, 4]]
    assert Table(np.array([[1, 2]])).names == ["0", "1"]
    assert (Table([], columns=["a"]).names, Table([], columns=["a"]).rows) == (["a"], 0)


def test_an_index_that_says_something_is_a_column() -> None:
    """Of pandas; one that only counts is not, and two columns may have one name."""
    frame = pandas.DataFrame([[1, 2]], columns=["x", "x"], index=pandas.Index(["row"], name="name"))
    assert Table(frame).names == ["name", "x", "x"]
    assert Table(frame.reset_index(drop=True)).names == ["x", "x"]


@pytest.mark.parametrize(
    "data",
    [{"a": [1], "b": [1, 2]}, [[1], [1, 2]]],
)
def test_uneven_tables_are_refused(data: Any) -> None:
    """Rows or columns of different lengths raise a ValueError that names the lengths."""
    with pytest.raises(InvalidValueError, match=r"equally long; these have \[1, 2\]"):
        Table(data)


@pytest.mark.parametrize("data", ["text", 5, None, [1, 2], {"a": 1}])
def test_what_is_no_table_is_refused(data: Any) -> None:
    """With what a table is made of."""
    with pytest.raises(UnsupportedTypeError, match="a table is a frame"):
        Table(data)


CELLS = st.none() | st.floats() | st.integers(-(2**63), 2**63 - 1)


@given(st.lists(st.tuples(CELLS, st.none() | st.text(max_size=5), st.none() | st.booleans()), max_size=8))
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, ...]]) -> None:
    """Numbers (NaN and infinities too), texts, bools and nothing come back as they were."""
    path = tmp_path_factory.mktemp("table") / "t.json"
    table = Table(rows, columns=["number", "text", "bool"])
    path.write_bytes(table.encoded())
    found = Table.load(str(path))
    assert found.names == table.names
    assert json.dumps(found.columns) == json.dumps(table.columns)


def test_datetimes_and_strange_cells() -> None:
    """Datetimes are kept as such; what is neither number nor text is kept as its text; NaT and NA are nothing."""
    moment = datetime(2026, 1, 2, tzinfo=timezone.utc)
    table = Table(
        {"t": [moment, None], "o": [Path("x"), [1]], "n": [pandas.NaT, pandas.NA], "f": [np.float32(0.5), math.nan]}
    )
    content = json.loads(table.encoded())
    assert content["types"] == ["datetime", "text", "text", "number"]
    assert content["data"] == [["2026-01-02T00:00:00+00:00", None], ["x", "[1]"], [None, None], [0.5, "NaN"]]


def test_a_table_is_logged_shown_and_read_back(open_run: OpenRun, server: ServerProcess, tmp_path: Path) -> None:
    """A frame that is assigned, and a series of tables; the page sorts and pages; a download is the table again."""
    run = open_run(mode="async", url=server.url)
    run["frame"] = pandas.DataFrame({"name": ["b", "<i>a</i>", "c"], "score": [0.5, 0.25, math.nan]})
    for step in range(2):
        run["predictions"].append(polars.DataFrame({"n": list(range(250)), "step": [step] * 250}), step=step)
    assert run.wait(30)
    page = httpx.get(f"{run.get_url()}/table?path=frame&sort=1").text
    assert page.index("&lt;i&gt;a&lt;/i&gt;") < page.index("<td>b</td>") < page.index("<td>c</td>")
    descending = httpx.get(f"{run.get_url()}/table?path=frame&sort=1&descending=true").text
    assert descending.index("<td>b</td>") < descending.index("&lt;i&gt;a") < descending.index("<td>c</td>")
    last = httpx.get(f"{run.get_url()}/table?path=predictions&first=200").text
    assert "step 1, 250 rows" in last
    assert '<td class="number">249</td>' in last
    assert 'rel="next"' not in last
    assert "table?path=frame" in httpx.get(f"{run.get_url()}?tab=attributes").text
    loaded = Table.load(run["predictions"].download(str(tmp_path), step=0))
    assert loaded.columns[1] == [0] * 250
    with pytest.raises(tidelog.KindConflictError):
        run["predictions"].append(1.0)
