"""Reading queries: what each form means."""

from __future__ import annotations

import pytest

from tidelog_server.query.parser import parse, parse_subject
from tidelog_server.query.syntax import Aggregate, And, Attribute, Comparison, Exists, Not, Or, Words

A, B, C = (Comparison(Attribute(path), "=", 1) for path in "abc")


@pytest.mark.parametrize("operator", ["=", "!=", ">", ">=", "<", "<="])
def test_a_comparison_has_a_subject_an_operator_and_a_value(operator: str) -> None:
    """Spaces around the operator are optional."""
    assert (
        parse(f"`m/acc`{operator}0.9")
        == parse(f" m/acc  {operator} 0.9 ")
        == Comparison(Attribute("m/acc"), operator, 0.9)
    )  # type: ignore[arg-type]


def test_double_equals_is_equals() -> None:
    """Both spellings of equality are read."""
    assert parse("a == 1") == A


@pytest.mark.parametrize("name", ["a", "a/b-c_d.e", "0", "3d/acc", "exists", "min", "über/größe"])
def test_names_of_letters_digits_and_a_few_signs_need_no_backticks(name: str) -> None:
    """Names of functions are names too, where no parenthesis follows."""
    assert parse(f"{name} = 1") == parse(f"`{name}` = 1") == Comparison(Attribute(name), "=", 1)


def test_backticks_quote_any_name_and_are_doubled_within() -> None:
    """Spaces, signs, keywords and backticks can be in a name."""
    assert parse("`a b`` and (c)` = 1") == Comparison(Attribute("a b` and (c)"), "=", 1)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1", 1), ("-2", -2), ("+3", 3), ("0.5", 0.5), (".5", 0.5), ("5.", 5.0), ("1e-3", 0.001), ("-1E+3", -1000.0),
        ("true", True), ("FALSE", False), ('"text"', "text"), ("'text'", "text"), ('""', ""),
        (r'"\"quoted\" \\ \d+ \n"', r'"quoted" \ \d+ \n'), ("'it\\'s'", "it's"), ('"it\'s"', "it's"),
        ('"a\nb"', "a\nb"),
    ],
)  # fmt: skip
def test_values_are_numbers_truths_and_texts(written: str, value: object) -> None:
    """A backslash quotes itself and quotation marks; before other characters it stays, for regular expressions."""
    query = parse(f"a = {written}")
    assert isinstance(query, Comparison)
    assert query.value == value
    assert type(query.value) is type(value)


def test_not_binds_more_than_and_and_more_than_or() -> None:
    """The usual precedence, which parentheses override."""
    assert parse("NOT a = 1 AND b = 1 OR c = 1") == Or((And((Not(A), B)), C))
    assert parse("NOT (a = 1 AND (b = 1 OR c = 1))") == Not(And((A, Or((B, C)))))


def test_keywords_have_no_case() -> None:
    """and, Or, nOt, contains, matches, exists, min."""
    assert parse("a = 1 and nOt b = 1 Or c = 1") == Or((And((A, Not(B))), C))
    assert parse('Exists(a) AND MIN(m) < 1 AND t contains "x" AND t not matches "y"') == parse(
        'exists(a) AND min(m) < 1 AND t CONTAINS "x" AND t NOT MATCHES "y"'
    )


@pytest.mark.parametrize(
    ("name", "value_type"),
    [("float", "float"), ("stringSet", "stringSet"), ("string_set", "stringSet"), ("FLOATSERIES", "floatSeries")],
)
def test_a_type_follows_a_colon(name: str, value_type: str) -> None:
    """Types are found whatever their capitals and underscores."""
    assert parse(f"exists(`a`:{name})") == Exists(Attribute("a", value_type))  # type: ignore[arg-type]


def test_states_of_neptune_are_read() -> None:
    """Neptune's `experimentState` is tidelog's `runState`."""
    assert parse('`sys/state`:experimentState = "Active"') == Comparison(
        Attribute("sys/state", "runState"), "=", "Active"
    )


@pytest.mark.parametrize(
    ("name", "function"),
    [(name, name) for name in ("last", "min", "max", "mean", "variance", "count")]
    + [("average", "mean"), ("avg", "mean")],
)
def test_aggregates_are_functions_of_a_series(name: str, function: str) -> None:
    """Also with the type of the series, as Neptune writes it."""
    assert parse(f"{name}(`m/acc`:floatSeries) > 1") == Comparison(
        Aggregate(function, Attribute("m/acc", "floatSeries")), ">", 1  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", ()), ("  ", ()), ("resnet", ("resnet",)), ("ResNet baseline", ("ResNet", "baseline")),
        ("resnet-50 1e-3 -2", ("resnet-50", "1e-3", "-2")), ('"two words" \'and\' x', ("two words", "and", "x")),
    ],
)  # fmt: skip
def test_words_without_an_operator_are_searched_for(query: str, words: tuple[str, ...]) -> None:
    """Quotation marks keep words together, and make words of keywords. No words mean every run."""
    assert parse(query) == Words(words)


def test_a_hundred_levels_and_a_hundred_conditions_are_read() -> None:
    """What other programs generate fits into the limits."""
    assert parse("(" * 100 + "a = 1" + ")" * 100) == A
    assert parse(" OR ".join(["a = 1"] * 100)) == Or((A,) * 100)


@pytest.mark.parametrize(
    ("column", "subject"),
    [
        ("params/lr", Attribute("params/lr")),
        (" `params/lr` ", Attribute("params/lr")),
        ("two words", Attribute("two words")),
        ("odd(path)", Attribute("odd(path)")),
        ("min(metrics/loss)", Aggregate("min", Attribute("metrics/loss"))),
        ("AVERAGE( `metrics/loss` )", Aggregate("mean", Attribute("metrics/loss"))),
    ],
)
def test_columns_are_paths_or_aggregates(column: str, subject: object) -> None:
    """A column needs no quoting."""
    assert parse_subject(column) == subject
