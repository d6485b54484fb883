"""Tables that were logged, as rows of a page; files that say they are tables and are none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidelog_server.errors import InvalidRequestError
from tidelog_server.pages.objects.tables import part_of


def table(*columns: tuple[str, list[Any]]) -> bytes:
    """The file of a table with these types and cells."""
    names = [f"c{place}" for place in range(len(columns))]
    types, cells = [kind for kind, _ in columns], [cells for _, cells in columns]
    return json.dumps({"columns": names, "types": types, "data": cells}).encode()


def test_sorting() -> None:
    """By numbers or by texts; what is no number, or nothing, comes last in either direction."""
    content = table(("number", [2, None, 10, "NaN", "-Infinity"]), ("text", ["b", "a", None, "d", "c"]))

    def firsts(sort: int, descending: bool) -> list[str]:
        return [row[0] for row in part_of(content, sort=sort, descending=descending, first=0).rows]

    assert firsts(0, False) == ["-Infinity", "2", "10", "", "NaN"]
    assert firsts(0, True) == ["10", "2", "-Infinity", "", "NaN"]
    assert firsts(1, False) == ["", "2", "-Infinity", "NaN", "10"]


def test_one_page_of_rows() -> None:
    """A hundred rows from the first that is asked for; beyond the end there are none."""
    content = table(("number", list(range(250))))
    part = part_of(content, sort=None, descending=False, first=200)
    assert (part.rows_in_all, len(part.rows), part.rows[0]) == (250, 50, ("200",))
    assert part_of(content, sort=9, descending=False, first=900).rows == ()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", b"[" * 100_000, b"\xff", table(("number", [1]), ("number", [1, 2])),
     b'{"columns": ["a"], "types": [], "data": [[1]]}', b'{"columns": [1], "types": ["x"], "data": [[1]]}',
     b'{"columns": ["a"], "types": ["x"], "data": ["text"]}'],
    ids=range(10),
)  # fmt: skip
def test_what_is_no_table(content: bytes) -> None:
    """Whatever a file holds that says it is a table, the error says so."""
    with pytest.raises(InvalidRequestError, match="holds none"):
        part_of(content, sort=None, descending=False, first=0)


@given(
    st.lists(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.lists(st.integers()))
)
def test_any_cells(cells: list[Any]) -> None:
    """Cells of any kind are shown and sorted, in a column of any type."""
    for kind in ("number", "text", "bool", "datetime", "unknown"):
        part = part_of(table((kind, cells)), sort=0, descending=True, first=0)
        assert part.rows_in_all == len(cells)
