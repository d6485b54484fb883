"""Random queries: any tree that the language can say, most of them about runs of the gallery."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

from tests.server.query.gallery import NUMBERS, PATHS, STATES, TAGS, TEXTS
from tidelog_server.query import syntax
from tidelog_server.query.syntax import Aggregate, Attribute, Comparison
from tidelog_server.query.value_types import OPERATORS, STORED, VIRTUAL, ValueType

MOMENTS = (
    "2027-01-15",
    "2027-01-13T08:00",
    "2027-01-14T09:00:00+01:00",
    "2027-01-15T08:00:00.000Z",
    "now",
    "-1h",
    "-2d",
    "-1w",
)
PATTERNS = ("a", "^a", "[aA]dam$", "^$", r"\d+", r"^.{200}", "b|ü", r"\\", "(?i)ADAM", '"', "long( text long){3}")

finite_numbers = st.sampled_from([number for number in NUMBERS if math.isfinite(number)]) | st.integers(-3, 3)
texts = (
    st.sampled_from(TEXTS)
    | st.sampled_from(TAGS)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=3)
)
moments = st.sampled_from(MOMENTS)
non_finite = st.sampled_from(["NaN", "Infinity", "-Infinity"])
untyped_paths = st.sampled_from([*PATHS, "no/such/path"])


def attributes(value_type: ValueType | None) -> st.SearchStrategy[Attribute]:
    """Attributes that may be said to be of a type, whatever they are."""
    paths = list(PATHS) if value_type != "runState" else []
    virtual = [path for path, actual in VIRTUAL.items() if value_type == actual]
    return st.builds(Attribute, st.sampled_from([*paths, *virtual]), st.just(value_type))


def comparisons() -> st.SearchStrategy[Comparison]:
    """Comparisons that the language allows, typed and untyped."""
    comparable = [kind for kind, operators in OPERATORS.items() if operators]
    typed = st.sampled_from(comparable).flatmap(lambda kind: _compared(attributes(kind), kind))
    virtual = st.sampled_from(list(VIRTUAL)).flatmap(lambda path: _compared(st.just(Attribute(path)), VIRTUAL[path]))
    return typed | virtual | _untyped() | _aggregates()


def _compared(subjects: st.SearchStrategy[Any], kind: ValueType) -> st.SearchStrategy[Comparison]:
    operators = st.sampled_from(OPERATORS[kind])
    return operators.flatmap(
        lambda operator: st.builds(Comparison, subjects, st.just(operator), _values(kind, operator))
    )


def _values(kind: ValueType, operator: str) -> st.SearchStrategy[Any]:
    if operator.endswith("MATCHES"):
        return st.sampled_from(PATTERNS)
    if kind in ("float", "int", "floatSeries"):
        return finite_numbers | non_finite if operator in ("=", "!=") else finite_numbers
    values: dict[ValueType, st.SearchStrategy[Any]] = {
        "bool": st.booleans(),
        "datetime": moments,
        "runState": st.sampled_from([*STATES, "Running", "Active", "inactive"]),
    }
    return values.get(kind, texts)


def _untyped() -> st.SearchStrategy[Comparison]:
    subjects = st.builds(Attribute, untyped_paths)
    return st.sampled_from(OPERATORS["string"]).flatmap(
        lambda operator: st.builds(Comparison, subjects, st.just(operator), _untyped_values(operator))
    )


def _untyped_values(operator: str) -> st.SearchStrategy[Any]:
    if operator.endswith("MATCHES"):
        return st.sampled_from(PATTERNS)
    if operator.endswith("CONTAINS"):
        return texts
    ordered = finite_numbers | texts | moments
    return ordered | st.booleans() | non_finite if operator in ("=", "!=") else ordered


def _aggregates() -> st.SearchStrategy[Comparison]:
    functions = st.sampled_from(sorted(set(syntax.FUNCTIONS.values())))
    named = st.builds(Attribute, st.sampled_from(list(PATHS)), st.sampled_from([None, "float", "floatSeries"]))
    operators = st.sampled_from(OPERATORS["float"])
    return st.builds(Comparison, st.builds(Aggregate, functions, named), operators, finite_numbers)


def existence() -> st.SearchStrategy[syntax.Exists]:
    """Tests for attributes, some of which no run has."""
    kinds = st.sampled_from([None, *(kind for kind in STORED if kind != "runState")])
    named = st.builds(Attribute, untyped_paths, kinds)
    virtual = st.builds(Attribute, st.sampled_from(list(VIRTUAL)))
    return st.builds(syntax.Exists, named | virtual)


def words() -> st.SearchStrategy[syntax.Words]:
    """Searches for words."""
    some = texts.filter(bool) | st.sampled_from(["adam", "ADAM", "gallery-1", "KEY", "prod", "x"])
    return st.builds(syntax.Words, st.lists(some, max_size=3).map(tuple))


def conditions() -> st.SearchStrategy[Any]:
    """Trees of comparisons and existence tests."""
    return st.recursive(
        comparisons() | existence(),
        lambda parts: (
            st.builds(syntax.Not, parts)
            | st.builds(syntax.And, st.lists(parts, min_size=2, max_size=4).map(tuple))
            | st.builds(syntax.Or, st.lists(parts, min_size=2, max_size=4).map(tuple))
        ),
        max_leaves=8,
    ).filter(lambda query: str(query).count("MATCHES") <= 5)


def queries() -> st.SearchStrategy[Any]:
    """All of the language."""
    return conditions() | words()
