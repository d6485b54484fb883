"""Histograms: how many values lie between which edges, one for each step of a series."""

from __future__ import annotations

import math
import struct
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from tidelog.errors import InvalidValueError, UnsupportedTypeError
from tidelog.journal import records
from tidelog.loaded import loaded
from tidelog.values.encoding import SCALAR_FAILURES, as_float, shown

BINS = 64
MOST_BINS = 10_000
NO_NUMBERS = frozenset("cmMSU")  # kinds of numpy's arrays: complex numbers, times and texts


class Histogram:
    """How many of some values lie between which edges: `run["grads/w"].append(tidelog.Histogram(w.grad), step=step)`.

    `values` is a list or an array of numpy or torch, of any shape. `bins` is how many bins of one width there are
    between the least and the greatest value, or the edges themselves. NaN and infinities, and values beyond given
    edges, are in no bin. A histogram that is there already is given by its `edges` and `counts`, one edge more than
    counts.
    """

    __slots__ = ("counts", "edges")

    def __init__(
        self, values: Any = None, bins: int | Iterable[float] = BINS, *, edges: Any = None, counts: Any = None
    ) -> None:
        if (values is None) == (counts is None) or (counts is None) != (edges is None):
            raise InvalidValueError("a Histogram is made of values, or of edges and counts; give one of these")
        if values is None:
            self.edges = _edges(edges)
            self.counts = _counts(counts, len(self.edges) - 1)
        else:
            self.edges, self.counts = _counted(values, bins)

    def __repr__(self) -> str:
        return f"<Histogram of {sum(self.counts):,.0f} values in {len(self.counts):,} bins>"

    def encoded(self) -> bytes:
        """Return type byte and bytes as a journal has them."""
        head = records.HISTOGRAM + struct.pack("<I", len(self.counts))
        return head + records.packed(self.edges) + records.packed(self.counts)


def _counted(values: Any, bins: int | Iterable[float]) -> tuple[array[float], array[float]]:
    numpy = loaded("numpy")
    given = None if isinstance(bins, int) else _edges(bins)
    if isinstance(bins, int) and not 0 < bins <= MOST_BINS:
        raise InvalidValueError(f"a histogram has 1 to {MOST_BINS:,} bins, not {bins!r}")
    if numpy is None:
        return _counted_in_python([number for number in _numbers(values) if math.isfinite(number)], bins, given)
    return _counted_by_numpy(numpy, _as_array(numpy, values), bins, given)


def _as_array(numpy: Any, values: Any) -> Any:
    detach = getattr(values, "detach", None)
    if callable(detach):  # a tensor of torch: maybe on a device, maybe of a type that numpy does not know
        values = detach().float().cpu().numpy()
    try:
        array = numpy.asarray(values)
        if array.dtype.kind in NO_NUMBERS:
            raise TypeError(f"an array of {array.dtype}")
        return array.astype(numpy.float64, copy=False).ravel()
    except SCALAR_FAILURES as error:
        raise UnsupportedTypeError(f"{shown(values)} cannot be the values of a histogram; these are numbers") from error


def _counted_by_numpy(
    numpy: Any, numbers: Any, bins: int | Iterable[float], given: array[float] | None
) -> tuple[array[float], array[float]]:
    numbers = numbers[numpy.isfinite(numbers)]
    edges = _even_edges(numbers, bins) if given is None and isinstance(bins, int) else given
    assert edges is not None
    counts, _ = numpy.histogram(numbers, numpy.asarray(edges))
    return edges, array("d", counts.tolist())


def _counted_in_python(
    numbers: Sequence[float], bins: int | Iterable[float], given: array[float] | None
) -> tuple[array[float], array[float]]:
    edges = _even_edges(numbers, bins) if given is None and isinstance(bins, int) else given
    assert edges is not None
    counts = array("d", bytes(8 * (len(edges) - 1)))
    for number in numbers:
        if edges[0] <= number <= edges[-1]:
            counts[min(bisect_right(edges, number), len(counts)) - 1] += 1.0
    return edges, counts


def _even_edges(numbers: Any, bins: int) -> array[float]:
    """Return edges from the least to the greatest number; around it if there is but one, 0 to 1 if there is none."""
    least, greatest = 0.0, 1.0
    if len(numbers):
        is_array = hasattr(numbers, "min")  # whose own way is a hundred times faster
        least, greatest = (numbers.min(), numbers.max()) if is_array else (min(numbers), max(numbers))
        least, greatest = float(least), float(greatest)
    if least == greatest:
        margin = max(0.5, abs(least) * 1e-6)
        least, greatest = least - margin, greatest + margin
    width = greatest / bins - least / bins
    edges = array("d", [least + index * width for index in range(bins)] + [greatest])
    if all(one < other for one, other in pairwise(edges)):
        return edges
    return array("d", [least, greatest])  # so close together that there is no room for more edges between them


def _edges(edges: Any) -> array[float]:
    found = array("d", _numbers(edges))
    ascend = all(one < other for one, other in pairwise(found))
    if not 2 <= len(found) <= MOST_BINS + 1 or not ascend or not all(map(math.isfinite, found)):
        raise InvalidValueError(
            f"the edges of a histogram are 2 to {MOST_BINS + 1:,} finite numbers, each greater than the one before; "
            f"{shown(edges)} are not"
        )
    return found


def _counts(counts: Any, bins: int) -> array[float]:
    found = array("d", _numbers(counts))
    if len(found) != bins:
        raise InvalidValueError(f"a histogram has one edge more than counts, not {bins + 1:,} and {len(found):,}")
    if not all(math.isfinite(count) and count >= 0 for count in found):
        raise InvalidValueError(f"the counts of a histogram are finite and not negative; {shown(counts)} are not")
    return found


def _numbers(values: Any) -> Iterator[float]:
    """Yield the numbers in a list or an array, of any shape."""
    tolist = getattr(values, "tolist", None)
    items = tolist() if callable(tolist) else values
    if isinstance(items, (str, bytes)) or not isinstance(items, Iterable):
        raise UnsupportedTypeError(
            f"{shown(values)} cannot be the numbers of a histogram; these are in a list or array"
        )
    for item in items:
        if isinstance(item, (list, tuple)):
            yield from _numbers(item)
        else:
            yield as_float(item)
