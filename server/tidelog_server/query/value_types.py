"""The types of the query language: their names, what is stored under them, and what each can be compared with.

`float` means any number, as a parameter that one run logs as 1 and another as 0.5 is one parameter: floats, ints and
the last value of a float series. `int` and `floatSeries` mean only those. In the same way `string` means any text, the
last one of a string series too. Of histograms and of what refers to files only the existence can be asked. A type that
a query doesn't name follows from the value that it compares with.
"""

from __future__ import annotations

from typing import Literal

from tidelog_server.tables import RUN_STATES

ValueType = Literal[
    "float", "int", "bool", "string", "datetime", "stringSet", "floatSeries", "stringSeries", "runState",
    "histogramSeries", "fileSeries", "file", "fileSet", "artifact", "gitRef",
]  # fmt: skip

EQUALITY = ("=", "!=")
ORDER = ("=", "!=", ">", ">=", "<", "<=")
MEMBERSHIP = ("CONTAINS", "NOT CONTAINS")
TEXT = (*ORDER, *MEMBERSHIP, "MATCHES", "NOT MATCHES")

OPERATORS: dict[ValueType, tuple[str, ...]] = {
    "float": ORDER,
    "int": ORDER,
    "floatSeries": ORDER,
    "bool": EQUALITY,
    "string": TEXT,
    "datetime": ORDER,
    "stringSet": MEMBERSHIP,
    "stringSeries": TEXT,
    "runState": EQUALITY,
    "histogramSeries": (),
    "fileSeries": (),
    "file": (),
    "fileSet": (),
    "artifact": (),
    "gitRef": (),
}

# attributes.type for each type; runState is a column of the run
STORED: dict[ValueType, tuple[str, ...]] = {
    "float": ("float", "int", "float_series"),
    "int": ("int",),
    "floatSeries": ("float_series",),
    "bool": ("bool",),
    "string": ("string", "string_series"),
    "datetime": ("datetime",),
    "stringSet": ("string_set",),
    "stringSeries": ("string_series",),
    "histogramSeries": ("histogram_series",),
    "fileSeries": ("file_series",),
    "file": ("file",),
    "fileSet": ("file_set",),
    "artifact": ("artifact",),
    "gitRef": ("git_ref",),
    "runState": (),
}
NUMBERS: frozenset[ValueType] = frozenset({"float", "int", "floatSeries"})

# Columns of the run itself, which look like attributes. They win over attributes of the same path.
VIRTUAL: dict[str, ValueType] = {
    "sys/id": "string",
    "sys/name": "string",
    "sys/custom_run_id": "string",
    "sys/state": "runState",
    "sys/creation_time": "datetime",
    "sys/ended_time": "datetime",
    "sys/modification_time": "datetime",
    "sys/running_time": "float",
    "sys/size": "float",
    "sys/failed": "bool",
    "sys/trashed": "bool",
}

NON_FINITE = frozenset({"NaN", "Infinity", "-Infinity"})  # kept as these texts beside an empty number

# Neptune knows two states only; its queries go on working.
STATES: dict[str, tuple[str, ...]] = {
    **{state: (state,) for state in RUN_STATES},
    "active": ("running",),
    "inactive": ("finished", "failed", "crashed"),
}

_NAMES: dict[str, ValueType] = {name.lower(): name for name in OPERATORS} | {"experimentstate": "runState"}


def find_type(name: str) -> ValueType | None:
    """The type of this name; capitals and underscores make no difference (`stringSet`, `string_set`)."""
    return _NAMES.get(name.replace("_", "").lower())
