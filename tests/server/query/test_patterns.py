"""Regular expressions: what they find, and that none of them can hold the server up."""

from __future__ import annotations

import pytest

from tidelog_server.query.patterns import check_pattern, matcher


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("net", "resnet50", True), ("^net", "resnet50", False), ("(?i)NET", "resnet50", True),
        (r"\d{2}$", "resnet50", True),
        ("", "", True), ("^$", "x", False), ("ü.n", "füxn", True), ("a.b", "a\nb", False), ("(?s)a.b", "a\nb", True),
    ],
)  # fmt: skip
def test_an_expression_is_found_anywhere_in_the_text(pattern: str, text: str, found: bool) -> None:
    """As by re.search: ^ and $ anchor it."""
    assert matcher(pattern)(text) is found


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)*b", "(.*)*x", "(a|b|ab)*c", "(x+x+)+y"])
def test_expressions_that_explode_elsewhere_end(pattern: str) -> None:
    """Each of these takes a backtracking engine longer than the universe is old."""
    assert matcher(pattern)("ax" * 5_000) in (True, False)


@pytest.mark.parametrize(
    "pattern", ["(", "[", "*a", r"(a)\1", "(?=a)", "(?<!a)b", "a{1001}", r"(\pL{900}){2}", "x" * 1_001]
)
def test_an_expression_that_cannot_be_used_says_why(pattern: str) -> None:
    """Wrong ones, those that RE2 leaves out, and those that would take too much memory."""
    assert check_pattern(pattern)
    assert check_pattern("a|b") is None
