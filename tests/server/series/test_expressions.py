"""Expressions over metrics: what they mean, and bounds that hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidelog_server.errors import InvalidRequestError
from tidelog_server.series.expressions import CALLABLE, Bounds, bounds, evaluate, metrics_of, parse

A, B = np.array([1.0, 4.0, -2.0]), np.array([2.0, 0.5, 3.0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a - b", A - B),
        ("a-b", A - B),
        ("-a + 2 * b", -A + 2 * B),
        ("a / b", A / B),
        ("2 ^ b ^ 2", 2 ** (B**2)),
        ("-b ** 2", -(B**2)),
        ("(a + b) * (a - b)", (A + B) * (A - B)),
        ("max(a, b) - min(a, 0)", np.maximum(A, B) - np.minimum(A, 0)),
        ("abs(a) + sqrt(b)", np.abs(A) + np.sqrt(B)),
        ("100 * (1 - a)", 100 * (1 - A)),
        ("1e-3 * a - .5", 1e-3 * A - 0.5),
    ],
)
def test_an_expression_means_what_it_says(text: str, expected: np.ndarray) -> None:
    """The usual precedence; a power binds tighter than its sign and from the right."""
    np.testing.assert_array_equal(evaluate(parse(text), {"a": A, "b": B}), expected)


@pytest.mark.parametrize(
    ("text", "metrics"),
    [
        ("train/loss - val/loss", ("train/loss", "val/loss")),
        ("a/b/c2 / d.e", ("a/b/c2", "d.e")),
        ("a /b", ("a", "b")),
        ("`val/top-1` + `x y`*2", ("val/top-1", "x y")),
        ("x - x", ("x",)),
        ("größe/ä * 2", ("größe/ä",)),
    ],
)
def test_a_slash_between_letters_belongs_to_the_path(text: str, metrics: tuple[str, ...]) -> None:
    """With a space or a bracket beside it, it divides; other characters stand in backticks."""
    assert metrics_of(parse(text)) == metrics


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1 + 2",
        "a +",
        "a b",
        "(a",
        "a)",
        "log a",
        "sin(a)",
        "max(a)",
        "a $ b",
        "`a",
        "+".join("abcdefghi"),
        "(" * 99,
    ],
)
def test_what_is_no_expression_says_why(text: str) -> None:
    """An error for the reader, never another exception."""
    with pytest.raises(InvalidRequestError, match=r"expression|function|argument"):
        parse(text)


@given(st.text(alphabet="ab/ 1.()+-*^,`lognmax", max_size=40))
def test_any_text_is_an_expression_or_an_error(text: str) -> None:
    """The parser takes whatever is typed."""
    try:
        metrics_of(parse(text))
    except InvalidRequestError:
        return


LEAVES = st.sampled_from(["a", "b", "2", "0.5", "3"])
TEXTS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "^"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
        st.tuples(st.sampled_from([name for name in CALLABLE if name not in ("min", "max")]), inner).map(
            lambda t: f"{t[0]}({t[1]})"
        ),
        inner.map(lambda text: f"(-{text})"),
    ),
    max_leaves=6,
).filter(lambda text: "a" in text.replace("max", "").replace("abs", ""))
VALUES = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=5)


@given(TEXTS, VALUES, VALUES)
def test_bounds_hold_for_every_value(text: str, a: list[float], b: list[float]) -> None:
    """Whatever values of one metric met whatever values of the other within a bucket."""
    expression = parse(text + " + 0 * b")
    limits = {name: Bounds(np.array([min(v)]), np.array([max(v)])) for name, v in (("a", a), ("b", b))}
    found = bounds(expression, limits)
    for x in a:
        for y in b:
            [value] = evaluate(expression, {"a": np.array([x]), "b": np.array([y])})
            if not math.isnan(value):
                slack = 1e-9 * max(abs(value), 1) if math.isfinite(value) else 0.0
                assert found.low[0] - slack <= value <= found.high[0] + slack
