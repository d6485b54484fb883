"""What a query means, in plain Python: the reference that SQL is compared with."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.server.query.gallery import NOW_MS, GalleryRun, Series
from tidelog_server.query import syntax
from tidelog_server.query.syntax import Aggregate, Comparison

ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
TEXTS = ("string", "string_series")
TYPES = {
    "float": {"float", "int", "float_series"},
    "floatSeries": {"float_series"},
    "string": set(TEXTS),
    "stringSet": {"string_set"},
    "stringSeries": {"string_series"},
    "histogramSeries": {"histogram_series"},
    "fileSeries": {"file_series"},
    "fileSet": {"file_set"},
    "gitRef": {"git_ref"},
    "runState": {"state"},
}
NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def matches(query: syntax.Query, run: GalleryRun) -> bool:
    """Whether the run is among those that the query asks for."""
    if isinstance(query, syntax.Not):
        return not matches(query.operand, run)
    if isinstance(query, syntax.And):
        return all(matches(operand, run) for operand in query.operands)
    if isinstance(query, syntax.Or):
        return any(matches(operand, run) for operand in query.operands)
    if isinstance(query, syntax.Words):
        return all(_has_word(run, word) for word in query.words)
    if isinstance(query, syntax.Exists):
        found = _attribute(run, query.attribute.path)
        return found is not None and found[0] in _accepted(query.attribute.type, found[0])
    return _compare(query, run)


def _compare(query: Comparison, run: GalleryRun) -> bool:
    subject = query.subject
    attribute = subject.attribute if isinstance(subject, Aggregate) else subject
    found = _attribute(run, attribute.path)
    if found is None:
        return False
    kind, value = found
    if isinstance(subject, Aggregate):
        if kind != "float_series":
            return False
        value = value.aggregate(subject.function)
        return value is not None and _compare_number(value, query.operator, query.value)
    if kind not in _accepted(attribute.type, kind):
        return False
    return _compare_value(kind, value, query)


def _compare_value(kind: str, value: Any, query: Comparison) -> bool:
    wanted = query.value
    if query.operator.endswith("MATCHES"):
        return kind in TEXTS and (re.search(str(wanted), value) is not None) == (query.operator == "MATCHES")
    if query.operator.endswith("CONTAINS"):
        return kind in (*TEXTS, "string_set") and (wanted in value) == (query.operator == "CONTAINS")
    if kind in ("float", "int", "float_series"):
        number = value.values[-1] if isinstance(value, Series) else value
        return _compare_number(number, query.operator, wanted)
    if kind == "bool":
        return isinstance(wanted, bool) and ORDER[query.operator](value, wanted)
    if not isinstance(wanted, str):
        return False
    if kind == "datetime":
        moment = _moment(wanted)
        return moment is not None and ORDER[query.operator](value, moment)
    if kind == "state":
        states = {"active": ("running",), "inactive": ("finished", "failed", "crashed")}.get(
            wanted.lower(), (wanted.lower(),)
        )
        return (value in states) == (query.operator == "=")
    return kind in TEXTS and ORDER[query.operator](value, wanted)


def _compare_number(number: float, operation: str, wanted: Any) -> bool:
    """NaN and the infinities have no order; they are equal only to their names."""
    if isinstance(wanted, bool):
        return False
    if isinstance(wanted, str):
        name = next((name for name, each in NON_FINITE.items() if each == number), "NaN" if number != number else "")
        return wanted in NON_FINITE and operation in ("=", "!=") and ORDER[operation](name, wanted)
    if not math.isfinite(number):
        return operation == "!="
    return ORDER[operation](float(number), float(wanted))


def _attribute(run: GalleryRun, path: str) -> tuple[str, Any] | None:
    columns = {
        "sys/id": ("string", run.label),
        "sys/name": ("string", run.name),
        "sys/custom_run_id": ("string", run.key),
        "sys/state": ("state", run.state),
        "sys/creation_time": ("datetime", _from_ms(run.created_ms)),
        "sys/ended_time": None if run.ended_ms is None else ("datetime", _from_ms(run.ended_ms)),
        "sys/modification_time": ("datetime", _from_ms(run.modified_ms or run.created_ms)),
        "sys/running_time": ("float", run.ran_ms / 1000),
        "sys/size": ("float", float(run.size)),
        "sys/failed": ("bool", run.state == "failed"),
        "sys/trashed": ("bool", False),
    }
    return columns[path] if path in columns else run.attributes.get(path)


def _accepted(named: str | None, kind: str) -> set[str]:
    return {kind} if named is None else TYPES.get(named, {named})


def _has_word(run: GalleryRun, word: str) -> bool:
    kind, tags = run.attributes.get("sys/tags", ("", []))
    texts = [run.name, run.key, run.label, *(tags if kind == "string_set" else [])]
    forms = {_ascii_lower(form) for form in (word, word.lower(), word.upper(), word.capitalize())}
    return any(form in _ascii_lower(text) for form in forms for text in texts)


def _ascii_lower(text: str) -> str:
    return re.sub("[A-Z]", lambda found: found[0].lower(), text)


def _moment(text: str) -> datetime | None:
    relative = re.fullmatch(r"-(\d+)([smhdw])", text)
    if relative:
        return _from_ms(NOW_MS) - timedelta(seconds=int(relative[1]) * UNITS_S[relative[2]])
    if text == "now":
        return _from_ms(NOW_MS)
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _from_ms(time_ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=time_ms)
