"""The shapes in which what was read is given: pandas, polars, Arrow, or plain Python where none of them is installed.

None of the three is imported before it is asked for.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from importlib.util import find_spec
from typing import Any, NamedTuple

from tidelog.errors import InvalidValueError, MissingPackageError
from tidelog.journal.reading import unpacked
from tidelog.values.encoding import shown

OUTPUTS = {"pandas": "pandas", "polars": "polars", "arrow": "pyarrow", "python": None}


class Floats(NamedTuple):
    """A column of float64, as little-endian bytes in pieces."""

    pieces: Sequence[bytes | memoryview]


class Integers(NamedTuple):
    """A column of int64, as little-endian bytes in pieces."""

    pieces: Sequence[bytes | memoryview]


class Times(NamedTuple):
    """A column of moments: int64 milliseconds since 1970 UTC, as little-endian bytes in pieces."""

    pieces: Sequence[bytes | memoryview]


class Labels(NamedTuple):
    """A column of texts that repeat for long stretches: (text, how often), one after the other."""

    stretches: Sequence[tuple[str, int]]


class Values(NamedTuple):
    """A column of any Python values; None where there is none."""

    items: Sequence[Any]


Column = Floats | Integers | Times | Labels | Values


def resolve_output(output: str | None) -> str:
    """Return the output that was asked for, or the one that there is: pandas where it is installed, else Python."""
    if output is None:
        return "pandas" if find_spec("pandas") is not None else "python"
    if output not in OUTPUTS:
        raise InvalidValueError(f"output {shown(output)} is none of {', '.join(OUTPUTS)}")
    package = OUTPUTS[output]
    if package is not None and find_spec(package) is None:
        raise MissingPackageError(f"output={output!r} needs {package}, which is not installed: pip install {package}")
    return output


def shaped(columns: dict[str, Column], output: str) -> Any:
    """Return a DataFrame of pandas or polars, a pyarrow.Table, or a dict of columns. The columns are equally long."""
    return _SHAPES[output](columns)


def _as_pandas(columns: dict[str, Column]) -> Any:
    import pandas  # type: ignore[import-untyped,unused-ignore]

    return pandas.DataFrame({name: _pandas_column(column) for name, column in columns.items()})


def _pandas_column(column: Column) -> Any:
    import numpy
    import pandas  # type: ignore[import-untyped,unused-ignore]

    if isinstance(column, Labels):
        categories, codes = _coded(column)
        return pandas.Categorical.from_codes(numpy.frombuffer(codes, numpy.int32), categories)
    if isinstance(column, Values):
        return _pandas_values(column.items)
    numbers = numpy.frombuffer(bytearray().join(column.pieces), "<f8" if isinstance(column, Floats) else "<i8")
    if isinstance(column, Times):
        return pandas.DatetimeIndex(numbers.view("datetime64[ms]")).tz_localize("UTC")
    return numbers


def _pandas_values(items: Sequence[Any]) -> Any:
    import pandas  # type: ignore[import-untyped,unused-ignore]

    present = [item for item in items if item is not None]
    if present and all(isinstance(item, datetime) for item in present):
        return pandas.DatetimeIndex(pandas.to_datetime(list(items), utc=True)).as_unit("ms")
    if present and all(isinstance(item, (int, float)) and not isinstance(item, bool) for item in present):
        exact = len(present) == len(items) and all(isinstance(item, int) for item in present)
        return pandas.Series(items, dtype="int64" if exact else "float64")
    if present and all(isinstance(item, str) for item in present):
        return pandas.Series(items, dtype="str" if len(present) == len(items) else None)
    if len(present) == len(items) and all(isinstance(item, bool) for item in present):
        return pandas.Series(items, dtype="bool")
    return pandas.Series(items, dtype="object")


def _as_polars(columns: dict[str, Column]) -> Any:
    import polars

    return polars.DataFrame({name: _polars_column(name, column) for name, column in columns.items()})


def _polars_column(name: str, column: Column) -> Any:
    import polars

    if isinstance(column, Labels):
        categories, codes = _coded(column)
        return (
            polars.Series(name, categories, dtype=polars.String).gather(polars.Series(codes)).cast(polars.Categorical)
        )
    if isinstance(column, Values):
        return polars.Series(name, _plain_lists(_of_one_type(column.items)), strict=False)
    numbers = polars.Series(name, unpacked("d" if isinstance(column, Floats) else "q", b"".join(column.pieces)))
    return numbers.cast(polars.Datetime("ms", "UTC")) if isinstance(column, Times) else numbers


def _as_arrow(columns: dict[str, Column]) -> Any:
    import pyarrow  # type: ignore[import-untyped,unused-ignore]

    return pyarrow.table({name: _arrow_column(column) for name, column in columns.items()})


def _arrow_column(column: Column) -> Any:
    import pyarrow  # type: ignore[import-untyped,unused-ignore]

    if isinstance(column, Labels):
        categories, codes = _coded(column)
        indices = pyarrow.Array.from_buffers(pyarrow.int32(), len(codes), [None, pyarrow.py_buffer(codes)])
        return pyarrow.DictionaryArray.from_arrays(indices, pyarrow.array(categories, pyarrow.string()))
    if isinstance(column, Values):
        return pyarrow.array(_plain_lists(_of_one_type(column.items)))
    kind = pyarrow.float64() if isinstance(column, Floats) else pyarrow.int64()
    data = b"".join(column.pieces)
    if isinstance(column, Times):
        kind = pyarrow.timestamp("ms", "UTC")
    return pyarrow.Array.from_buffers(kind, len(data) // 8, [None, pyarrow.py_buffer(data)])


def _as_python(columns: dict[str, Column]) -> dict[str, list[Any]]:
    return {name: _python_column(column) for name, column in columns.items()}


def _python_column(column: Column) -> list[Any]:
    if isinstance(column, Labels):
        return [text for text, count in column.stretches for _ in range(count)]
    if isinstance(column, Values):
        return list(column.items)
    numbers = unpacked("d" if isinstance(column, Floats) else "q", b"".join(column.pieces))
    if isinstance(column, Times):
        return [datetime.fromtimestamp(number / 1000, timezone.utc) for number in numbers]
    return list(numbers)


def _coded(column: Labels) -> tuple[list[str], array[int]]:
    """Return the distinct texts, and for each row the number of its text, in 32 bits."""
    numbers: dict[str, int] = {}
    codes = array("i")
    for text, count in column.stretches:
        codes.extend(array("i", [numbers.setdefault(text, len(numbers))]) * count)
    return list(numbers), codes


def _of_one_type(items: Sequence[Any]) -> Sequence[Any]:
    """Return the items as one type, which polars and Arrow columns must have: numbers as float, a mixture as text."""
    kinds = {type(item) for item in items if item is not None}
    if len(kinds) < 2:
        return items
    if kinds == {int, float}:
        return [None if item is None else float(item) for item in items]
    return [None if item is None else str(item) for item in items]


def _plain_lists(items: Sequence[Any]) -> list[Any]:
    return [sorted(item) if isinstance(item, (set, frozenset)) else item for item in items]


_SHAPES: dict[str, Callable[[dict[str, Column]], Any]] = {
    "pandas": _as_pandas,
    "polars": _as_polars,
    "arrow": _as_arrow,
    "python": _as_python,
}
