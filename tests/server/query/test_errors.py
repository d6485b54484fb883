"""Queries that are wrong: where the error points, and what it says was expected."""

from __future__ import annotations

import pytest

from tidelog_server.errors import QueryError
from tidelog_server.query.parser import parse, parse_subject

# Below each query, ^ marks the characters that the error points at.
WRONG = [
    ("a >", "   ^", "a value after >"),
    ("a > AND b = 1", "    ^^^", "a value after >"),
    ("a > b", "    ^", 'in quotation marks, "b"'),
    ("a > nan", "    ^^^", '"NaN"'),
    ("a > -inf", "    ^^^^", '"Infinity"'),
    ("a > 1e999", "    ^^^^^", "too large"),
    ("= 1", "^", "the name of an attribute"),
    ("and = 1", "^^^", "`backticks`"),
    ("``= 1", "^^", "the name of an attribute"),
    ("+1 = 1", "^^", "the name of an attribute"),
    ("`a` 1", "    ^", "an operator after `a`"),
    ("`a`", "   ^", "an operator after `a`"),
    ("min(a)", "      ^", "an operator after min(`a`)"),
    ("a NOT = 1", "  ^^^", "an operator after `a`"),
    ("a = 1 b = 2", "      ^", "AND, OR or the end"),
    ("a = 1)", "     ^", "AND, OR or the end"),
    ("(a = 1", "      ^", "Expected )"),
    ("NOT", "   ^", "the name of an attribute"),
    ("a = 1 AND", "         ^", "the name of an attribute"),
    ("exists()", "       ^", "the name of an attribute"),
    ("exists(a", "        ^", "Expected )"),
    ("a : = 1", "    ^", "a type after :"),
    ("a:flot > 1", "  ^^^^", "float, int, floatSeries"),
    ("sys/state:float = 1", "          ^^^^^", "of the type runState"),
    ("a:runState = 'failed'", "  ^^^^^^^^", "Only `sys/state`"),
    ("sys/state = 'done'", "            ^^^^^^", "running, finished, failed, crashed"),
    ("sys/creation_time > 'x'", "                    ^^^", "-2d"),
    ("sys/creation_time > 5", "                    ^", "a text"),
    ("sys/name = 5", "           ^", "a text"),
    ("a:datetime > '2026-02-30'", "             ^^^^^^^^^^^^", "-2d"),
    ("a:float > 'x'", "          ^^^", "a number"),
    ("a:int = true", "        ^^^^", "a number"),
    ("a:bool = 1", "         ^", "true or false"),
    ("a:bool > true", "       ^", "=, !="),
    ("a > true", "    ^^^^", "no order"),
    ("a:float CONTAINS 'x'", "        ^^^^^^^^", "cannot be used with the type float"),
    ("a:stringSet = 'x'", "            ^", "CONTAINS, NOT CONTAINS"),
    ("a CONTAINS 5", "           ^", "a text in quotation marks"),
    ("min(a) CONTAINS 'x'", "       ^^^^^^^^", "cannot be used"),
    ("min(a) = 'NaN'", "         ^^^^^", "a number"),
    ("min(a:string) > 1", "^^^", "float series"),
    ("max(sys/name) > 1", "^^^", "float series"),
    ("a MATCHES '('", "          ^^^", "missing )"),
    ("a MATCHES '(?=x)'", "          ^^^^^^^", "regular expression"),
    ('a = "x', "    ^^", 'no closing "'),
    ("a = 'x", "    ^^", "no closing '"),
    ("`a = 1", "^^^^^^", "no closing `"),
    ("a # 1", "  ^", "Unexpected #"),
    ("naïve, approach", "     ^", "quotation marks"),
    ("a = '\x00'", "     ^", "U+0000"),
    ("a = '\ud800'", "     ^", "U+D800"),
]


@pytest.mark.parametrize(("query", "mark", "message"), WRONG, ids=[repr(query) for query, _, _ in WRONG])
def test_an_error_points_at_what_is_wrong_and_says_what_is_expected(query: str, mark: str, message: str) -> None:
    """A caret under the query shows the place; the message names what would be right there."""
    with pytest.raises(QueryError) as caught:
        parse(query)
    assert " " * caught.value.position + "^" * caught.value.length == mark
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("query", "position", "message"),
    [
        ("x" * 10_001, 10_000, "10,000 characters"),
        ("(" * 101 + "a = 1" + ")" * 101, 100, "100 deep"),
        ("(" * 9_000, 100, "100 deep"),
        ("NOT " * 2_000 + "a = 1", 400, "100 deep"),
        ("a=1 OR " * 100 + "a=1", 700, "100 conditions"),
        ("x " * 21, 40, "20 words"),
        (" AND ".join(["a MATCHES 'x'"] * 6), 92, "5 regular expressions"),
        ("a MATCHES '" + "x" * 1_001 + "'", 10, "1,000 characters"),
    ],
)  # fmt: skip
def test_limits_are_errors_where_they_are_passed(query: str, position: int, message: str) -> None:
    """Nothing in a query can make the server work or nest without bounds."""
    with pytest.raises(QueryError) as caught:
        parse(query)
    assert caught.value.position == position
    assert message in str(caught.value)


@pytest.mark.parametrize("column", ["", " ", "``", "min()", "a\x00", "\ud800"])
def test_a_column_names_something(column: str) -> None:
    """An empty path, or one that no database can hold, is refused."""
    with pytest.raises(QueryError, match="path of an attribute"):
        parse_subject(column)


@pytest.mark.parametrize("kind", ["file", "fileSet", "fileSeries", "histogramSeries", "artifact", "gitRef"])
def test_what_is_no_value_can_only_exist(kind: str) -> None:
    """A comparison with a file or the like says what can be asked instead."""
    parse(f"exists(model:{kind})")
    with pytest.raises(QueryError, match=r"ask for exists\(\.\.\.\)"):
        parse(f'model:{kind} = "x"')
