"""What can be compared with what. Each answer is a message for the user, or None where all is well."""

from __future__ import annotations

from tidelog_server.query.moments import EXAMPLES, parse_moment
from tidelog_server.query.patterns import check_pattern
from tidelog_server.query.syntax import Aggregate, Literals, Subject
from tidelog_server.query.value_types import EQUALITY, NON_FINITE, NUMBERS, STATES, VIRTUAL, ValueType


def type_of(subject: Subject) -> ValueType | None:
    """The type that a comparison has for certain: an aggregate's, a column's of the run, or the one that is named."""
    if isinstance(subject, Aggregate):
        return "floatSeries"
    return VIRTUAL.get(subject.path, subject.type)


def problem_of_value(subject: Subject, operator: str, value: Literals) -> str | None:
    """What is wrong with comparing a subject with a value, or None."""
    if operator.endswith(("CONTAINS", "MATCHES")):
        if not isinstance(value, str):
            return f'{operator} needs a text in quotation marks, such as "{str(value).lower()}".'
        wrong = check_pattern(value) if operator.endswith("MATCHES") else None
        return wrong and f"The regular expression is wrong: {wrong}."
    value_type = type_of(subject)
    if value_type is None:
        allowed = not isinstance(value, bool) or operator in EQUALITY
        return None if allowed else f"true and false have no order: {operator} needs a number or a text."
    if isinstance(subject, Aggregate) and subject.function != "last" and isinstance(value, str):
        return f"{subject.function}() is compared with a number."
    return _problem_of_typed_value(value_type, operator, value)


def _problem_of_typed_value(value_type: ValueType, operator: str, value: Literals) -> str | None:
    if value_type in NUMBERS:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        fits = is_number or (operator in EQUALITY and value in NON_FINITE)
        return None if fits else f"The type {value_type} is compared with a number."
    if value_type == "bool":
        return None if isinstance(value, bool) else "The type bool is compared with true or false."
    if not isinstance(value, str):
        return f"The type {value_type} is compared with a text in quotation marks."
    if value_type == "datetime" and parse_moment(value, 0) is None:
        return f"No time. Times are written {EXAMPLES}."
    if value_type == "runState" and value.lower() not in STATES:
        return f"No state of a run. The states are {', '.join(STATES)}."
    return None


def problem_of_type(path: str, value_type: ValueType) -> str | None:
    """What is wrong with saying that the attribute at `path` is of this type, or None."""
    actual = VIRTUAL.get(path)
    if actual == "float" and value_type == "int":
        return None
    if actual is not None and actual != value_type:
        return f"`{path}` is of the type {actual}, not {value_type}."
    if actual is None and value_type == "runState":
        return "Only `sys/state` is of the type runState."
    return None
