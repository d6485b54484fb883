"""What `run["train/loss"]` gives: a handle on one path, to append to, assign to, delete and read."""

from __future__ import annotations

import os
import struct
import time
from array import array
from collections.abc import Callable, Iterable, Mapping
from itertools import repeat
from operator import getitem
from typing import TYPE_CHECKING, Any, NamedTuple

from tidelog.errors import InvalidValueError, KindConflictError, UnsupportedTypeError
from tidelog.files.methods import FileMethods, is_bulky
from tidelog.journal import records
from tidelog.paths import normal_path
from tidelog.values.columns import float_column, in_parts, is_text_column, step_column, time_column
from tidelog.values.encoding import STEP_LIMIT, STEP_SCALE, as_float, as_seconds, as_step, as_utf8, encode_strings
from tidelog.values.histograms import Histogram
from tidelog.values.kinds import FLOAT_SERIES, HISTOGRAM_SERIES, STRING_SERIES, STRING_SET, fits, with_article
from tidelog.values.leaves import flatten

if TYPE_CHECKING:
    from tidelog.fetching.series_values import SeriesValues
    from tidelog.run import Run

WRITE_BYTES = 1024 * 1024  # of an extend that is many records, in one write
PLANS = 64  # how many sets of keys a namespace remembers for its dict appends

# Module globals: a name that is looked up once costs the append less than an attribute of a module.
_write = os.write
_now = time.time
_pack_point = records.pack_point
_pack_step_time = records.pack_step_time
_STEP_SCALE = STEP_SCALE
_STEP_MIN, _STEP_MAX = -STEP_LIMIT, STEP_LIMIT
_POINT_BYTES = records.POINT_BYTES


class RowPlan(NamedTuple):
    """What is the same for every dict append with the same keys: path numbers, and how to pack the values."""

    width: int
    numbers: bytes
    pack: Callable[..., bytes]


class Attribute(FileMethods):
    """One path of a run. Handles are cheap, and may be kept and shared between threads and with forked children."""

    __slots__ = ("_fd", "_kind", "_number", "_path", "_plans", "_run", "_stream", "_tag")

    def __init__(self, run: Run, path: str) -> None:
        self._run = run
        self._path = path
        self._stream = run._session.stream
        self._fd = run._session.stream.fd
        self._tag: int | None = None  # None until the first append, which struct refuses to pack
        self._number: int | None = None  # of the path, for a series of texts or the like
        self._kind: str | None = None
        self._plans: dict[tuple[object, ...], RowPlan] | None = None

    def append(
        self, value: Any, step: Any = None, timestamp: Any = None, *, name: str | None = None,
        description: str | None = None,
    ) -> None:  # fmt: skip
        """Add a point to the series at this path, or with a dict one point to each series below it.

        `value` is a number, also of numpy or torch, a text, a `Histogram`, a dict of numbers and texts, or an image, a
        figure, bytes or a `File`, which may have a `name` and a `description`; what the first point is, all points of
        the series are. `step` is an int, a float or a Decimal; six decimals are kept, and without one the series counts
        on from its greatest step. `timestamp` is seconds since 1970 or a datetime, by default now. Steps may come in
        any order; of two points with one step the later counts.

        The point is in the journal when the call returns. It never waits for the network, and never raises for the
        disk's or the server's sake; a wrong argument raises an `ArgumentError`.
        """
        if timestamp is None and type(value) is float and type(step) is int and _STEP_MIN <= step <= _STEP_MAX:
            # The way that nearly every point takes; what it spares is a tenth of the call.
            try:
                data = _pack_point(self._tag, step * _STEP_SCALE, _now(), value)
                written = _write(self._fd, data)
            except OSError:
                self._stream.rescue(data)
                return
            except struct.error:
                pass  # the series' first point: it has no tag yet
            else:
                if written != _POINT_BYTES:
                    self._stream.rescue(data, written)
                return
        if isinstance(value, str):
            self._append_text(value, step, timestamp)
        elif isinstance(value, Mapping):
            self._append_row(value, step, timestamp)
        elif isinstance(value, Histogram):
            self._append_histogram(value, step, timestamp)
        else:
            self._append_number_or_file(value, step, timestamp, name, description)

    log = append

    def extend(self, values: Any, steps: Any = None, timestamps: Any = None) -> None:
        """Add many points to the series at this path in one go; far cheaper than as many appends.

        `values`, `steps` and `timestamps` are lists or arrays of one length; an array of 64-bit floats is copied as it
        is. A list of texts makes a string series. Everything else is as for `append`.
        """
        if is_text_column(values):
            self._extend_texts(list(values), steps, timestamps)
            return
        numbers = float_column(values)
        count = len(numbers)
        micros = step_column(steps, count)
        seconds = time_column(timestamps, count, _now())
        if count:
            number = self._series_number()
            for start in range(0, count, records.COLUMN_POINTS):
                stop = start + records.COLUMN_POINTS
                values_packed = records.packed(numbers[start:stop])
                self._stream.write(records.column(number, micros[start:stop], seconds[start:stop], values_packed))

    def assign(self, value: Any) -> None:
        """Set the value at this path; a dict sets one value for each of its leaves. The same as `run[path] = value`."""
        self._run._assign(list(flatten(self._path, value)))

    def add(self, values: str | Iterable[str]) -> None:
        """Add one string or several to the string set at this path, such as `run["sys/tags"]`."""
        self._change_set(records.ADD, values)

    def remove(self, values: str | Iterable[str]) -> None:
        """Remove one string or several from the string set at this path; what it does not hold is passed over."""
        self._change_set(records.REMOVE, values)

    def clear(self) -> None:
        """Remove all strings from the string set at this path."""
        self._change_set(records.CLEAR, ())

    def fetch(self) -> Any:
        """Return the value at this path as the server has it: a series' last one, a namespace as a nested dict."""
        return self._run._session.reader.fetch(self._path)

    def fetch_last(self) -> Any:
        """Return the last value (the one at the greatest step) of the series at this path: a float, a str, a
        `Histogram`, or what is said of a file.
        """
        return self._run._session.reader.fetch_last(self._path)

    def fetch_values(self, include_timestamp: bool = True, *, abandoned_by: int = 0) -> SeriesValues | Any:
        """Return all points of the series at this path, ascending by step.

        A pandas DataFrame with step, value and timestamp (UTC) where pandas is installed, else `SeriesValues`. With
        `abandoned_by` what that attempt left behind of the curve when it logged earlier steps again; see
        `Run.attempts`. Of a fork the history that it inherits comes first.
        """
        return self._run._session.reader.fetch_values(self._path, include_timestamp, abandoned_by)

    def __getitem__(self, path: str) -> Attribute:
        return self._run[f"{self._path}/{normal_path(path)}"]

    def __setitem__(self, path: str, value: Any) -> None:
        self[path].assign(value)

    def __delitem__(self, path: str) -> None:
        del self._run[f"{self._path}/{normal_path(path)}"]

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process together with the run."""
        return getitem, (self._run, self._path)

    def __repr__(self) -> str:
        return f"<Attribute {self._path!r} of {self._run!r}>"

    # The path's number and kind

    def _refuse_other_kind(self, kind: str) -> None:
        known = self._kind
        if known is not None and not fits(known, kind):
            raise KindConflictError(
                f"{self._path!r} is {with_article(known)} in this run and cannot become {with_article(kind)}. Nothing "
                f"was recorded; use another path, or first del run[{self._path!r}]"
            )

    def _become(self, kind: str, number: int | None = None) -> None:
        self._kind = kind
        if number is not None:
            self._tag = records.point_tag(number)

    def _series_number(self) -> int:
        """Make this a series of numbers, if it is none yet, and return the path's number."""
        if self._tag is None:
            self._refuse_other_kind(FLOAT_SERIES)
            self._become(FLOAT_SERIES, self._stream.numbers([self._path])[0])
        assert self._tag is not None
        return self._tag & 0xFFFFFF

    def _object_series_number(self, kind: str) -> int:
        """Make this a series of texts or the like, if it is none yet, and return the path's number."""
        if self._kind != kind or self._number is None:
            self._refuse_other_kind(kind)
            self._number = self._stream.numbers([self._path])[0]
            self._kind = kind
        return self._number

    def _hear_deletion(self, deleted: str) -> None:
        """Forget what was known of this path if it was deleted: it may become anything now."""
        if self._path == deleted or self._path.startswith(f"{deleted}/"):
            self._kind = self._tag = self._number = None
        self._plans = None

    def _change_set(self, change: bytes, values: str | Iterable[str]) -> None:
        items = encode_strings(self._path, [values] if isinstance(values, str) else values)
        self._refuse_other_kind(STRING_SET)
        number = self._stream.numbers([self._path])[0]
        self._kind = STRING_SET
        self._stream.write(records.set_change(number, _now(), change, items))
        self._run._await_in_sync_mode()

    # The slower ways

    def _append_number_or_file(
        self, value: object, step: object, timestamp: object, name: str | None, description: str | None
    ) -> None:
        if is_bulky(value):
            self._append_file(value, as_step(step), timestamp, name, description)
            return
        try:
            number = as_float(value)
        except UnsupportedTypeError:
            self._append_file(value, as_step(step), timestamp, name, description)
        else:
            self._append_point(number, as_step(step), timestamp)

    def _append_point(self, value: float, micros: int, timestamp: object) -> None:
        seconds = _now() if timestamp is None else as_seconds(timestamp)
        tag = self._tag if self._tag is not None else records.point_tag(self._series_number())
        self._stream.write(_pack_point(tag, micros, seconds, value))

    def _append_text(self, text: str, step: object, timestamp: object) -> None:
        micros = as_step(step)
        seconds = _now() if timestamp is None else as_seconds(timestamp)
        payload = as_utf8(self._path, text)
        number = self._object_series_number(STRING_SERIES)
        self._stream.write(records.text_point(number, micros, seconds, payload))

    def _append_histogram(self, histogram: Histogram, step: object, timestamp: object) -> None:
        micros = as_step(step)
        seconds = _now() if timestamp is None else as_seconds(timestamp)
        number = self._object_series_number(HISTOGRAM_SERIES)
        self._stream.write(records.object_point(number, micros, seconds, histogram.encoded()))

    def _extend_texts(self, texts: list[str], steps: object, timestamps: object) -> None:
        micros = step_column(steps, len(texts))
        seconds = time_column(timestamps, len(texts), _now())
        payloads = [as_utf8(self._path, text) for text in texts]
        number = self._object_series_number(STRING_SERIES)
        for part in in_parts(map(records.text_point, repeat(number), micros, seconds, payloads), WRITE_BYTES):
            self._stream.write(part)

    def _append_row(self, values: Mapping[Any, Any], step: object, timestamp: object) -> None:
        micros = as_step(step)
        seconds = _now() if timestamp is None else as_seconds(timestamp)
        try:
            plan = self._plans[tuple(values)]  # type: ignore[index]  # None has no items: that is the first dict
            payload = b"".join((_pack_step_time(micros, seconds), plan.numbers, plan.pack(*values.values())))
        except (TypeError, KeyError, struct.error):
            return self._append_new_row(values, micros, seconds)
        self._stream.write(records.framed(records.ROW_KIND, plan.width, payload))

    def _append_new_row(self, values: Mapping[Any, Any], micros: int, seconds: float) -> None:
        """Append a dict with keys that were not seen before, nested dicts, or values other than plain numbers."""
        leaves = [(normal_path(path), value) for path, value in flatten(self._path, values)]
        self._refuse_repeated(leaves)
        texts = [(path, as_utf8(path, value)) for path, value in leaves if isinstance(value, str)]
        flat = [(path, as_float(value)) for path, value in leaves if not isinstance(value, str)]
        for path, _ in texts:
            self._run[path]._refuse_other_kind(STRING_SERIES)
        if flat:
            self._append_numbers(values, flat, micros, seconds, remember=not texts)
        for path, payload in texts:
            number = self._run[path]._object_series_number(STRING_SERIES)
            self._stream.write(records.text_point(number, micros, seconds, payload))

    def _append_numbers(
        self, values: Mapping[Any, Any], flat: list[tuple[str, float]], micros: int, seconds: float, remember: bool
    ) -> None:
        children = [self._run[path] for path, _ in flat]
        for child in children:
            child._refuse_other_kind(FLOAT_SERIES)
        numbers = self._stream.numbers([path for path, _ in flat])
        for child, number in zip(children, numbers, strict=True):
            child._become(FLOAT_SERIES, number)
        plain = remember and not any(isinstance(value, Mapping) for value in values.values())
        if plain and len(flat) <= records.ROW_VALUES:
            self._remember_plan(tuple(values), numbers)
        for start in range(0, len(flat), records.ROW_VALUES):
            part = flat[start : start + records.ROW_VALUES]
            packed_numbers = struct.pack(f"<{len(part)}I", *numbers[start : start + len(part)])
            packed_values = records.packed(array("d", [value for _, value in part]))
            payload = b"".join((_pack_step_time(micros, seconds), packed_numbers, packed_values))
            self._stream.write(records.framed(records.ROW_KIND, len(part), payload))

    def _refuse_repeated(self, flat: list[tuple[str, object]]) -> None:
        paths = [path for path, _ in flat]
        if len(set(paths)) != len(paths):
            twice = next(path for path in paths if paths.count(path) > 1)
            raise InvalidValueError(f"the dict names {twice!r} twice; a row holds one value for each path")

    def _remember_plan(self, keys: tuple[object, ...], numbers: list[int]) -> None:
        if self._plans is None or len(self._plans) >= PLANS:
            self._plans = {}
        count = len(numbers)
        self._plans[keys] = RowPlan(count, struct.pack(f"<{count}I", *numbers), struct.Struct(f"<{count}d").pack)


class AwaitedAttribute(Attribute):
    """An attribute of a run in mode sync: every call waits until the server has what it wrote."""

    __slots__ = ()

    def append(
        self, value: Any, step: Any = None, timestamp: Any = None, *, name: str | None = None,
        description: str | None = None,
    ) -> None:  # fmt: skip
        """Append, and wait for the server's acknowledgement."""
        super().append(value, step, timestamp, name=name, description=description)
        self._run._session.await_acknowledgement()

    log = append

    def extend(self, values: Any, steps: Any = None, timestamps: Any = None) -> None:
        """Extend, and wait for the server's acknowledgement."""
        super().extend(values, steps, timestamps)
        self._run._session.await_acknowledgement()
