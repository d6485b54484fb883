"""Comparing what a journal says with what a server has: points of a series, and assigned values."""

from __future__ import annotations

import json
import math
import struct
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

from tidelog.journal.reading import unpacked
from tidelog.journal.records import HISTOGRAM
from tidelog.values.encoding import STEP_SCALE, UNNUMBERED_STEP


class Points:
    """The points of one path, in the order of the journal."""

    def __init__(self) -> None:
        self.steps = array("q")
        self.times = array("d")
        self.values = array("d")

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def unnumbered(self) -> bool:
        """Whether the server had to give any of them its step."""
        return UNNUMBERED_STEP in self.steps

    def add(self, steps: Sequence[int], times: Sequence[float], values: Sequence[float]) -> None:
        """Add points."""
        self.steps.extend(steps)
        self.times.extend(times)
        self.values.extend(values)

    def clear(self) -> int:
        """Forget all of them, because they were deleted; return how many they were."""
        count = len(self)
        del self.steps[:], self.times[:], self.values[:]
        return count


class PointsOutcome(NamedTuple):
    """How many points are there as they were logged, gave way to later ones of the journal, differ, or are missing."""

    same: int
    overwritten: int
    different: int
    missing: int
    example: str  # of one that differs


class NumberedPoints:
    """Points whose steps are known: given, or counted from nothing by this journal alone."""

    def __init__(self, points: Points) -> None:
        self._points = points
        self._last = {step: index for index, step in enumerate(_numbered(points.steps))}
        self._overwritten = len(points) - len(self._last)
        self._same = self._different = 0
        self._example = ""

    def see(self, steps: Sequence[int], times: Sequence[int], values: Sequence[float]) -> None:
        """Compare with points of the server."""
        for step, time_ms, value in zip(steps, times, values, strict=True):
            index = self._last.pop(step, None)
            if index is None:
                continue  # another writer's
            logged = self._points.values[index]
            if _bits(logged) == _bits(value) and round(self._points.times[index] * 1000) == time_ms:
                self._same += 1
                continue
            self._different += 1
            self._example = (
                self._example or f"step {step / STEP_SCALE:g} is {value!r} there, and was logged as {logged!r}"
            )

    def outcome(self) -> PointsOutcome:
        """Return what it came to, once all of the server's points were seen."""
        return PointsOutcome(self._same, self._overwritten, self._different, len(self._last), self._example)


class UnnumberedPoints:
    """Points whose steps the server chose, knowing what other writers had logged: found by time and value."""

    def __init__(self, points: Points) -> None:
        moments = (round(time * 1000) for time in points.times)
        self._wanted = Counter(zip(moments, map(_bits, points.values), strict=True))
        self._count = len(points)

    def see(self, steps: Sequence[int], times: Sequence[int], values: Sequence[float]) -> None:
        """Compare with points of the server."""
        self._wanted.subtract(zip(times, map(_bits, values), strict=True))

    def outcome(self) -> PointsOutcome:
        """Return what it came to, once all of the server's points were seen."""
        missing = sum(count for count in self._wanted.values() if count > 0)
        return PointsOutcome(self._count - missing, 0, 0, missing, "")


class Objects:
    """Texts or objects of one path, of which a digest is kept each, so that memory need not hold them.

    Where the server chose steps, knowing what other writers had logged, points are found by time and value.
    """

    def __init__(self) -> None:
        self.count = 0
        self.unnumbered = False
        self._logged: list[tuple[int, int, bytes]] = []

    def add(self, step: int, seconds: float, value: object) -> None:
        """Add a point, in the order of the journal; the value as JSON would say it."""
        self._logged.append((step, round(seconds * 1000), _digest(value)))
        self.unnumbered |= step == UNNUMBERED_STEP

    def clear(self) -> int:
        """Forget all of them, because they were deleted; return how many they were."""
        count = len(self._logged)
        self._logged.clear()
        return count

    def outcome(self, stored: Iterable[tuple[int, int, object]], *, steps_known: bool) -> PointsOutcome:
        """Compare with the server's points: step in millionths, time in ms, value."""
        there = ((step, time_ms, _digest(reference_value(value))) for step, time_ms, value in stored)
        if self.unnumbered and not steps_known:
            left = Counter((time_ms, digest) for _, time_ms, digest in self._logged)
            left.subtract((time_ms, digest) for _, time_ms, digest in there)
            missing = sum(count for count in left.values() if count > 0)
            return PointsOutcome(len(self._logged) - missing, 0, 0, missing, "")
        steps = _numbered([step for step, _, _ in self._logged])
        last = {step: (time_ms, digest) for step, (_, time_ms, digest) in zip(steps, self._logged, strict=True)}
        overwritten = len(self._logged) - len(last)
        found = [last.pop(step) == (time_ms, digest) for step, time_ms, digest in there if step in last]
        different = found.count(False)
        example = f"{different:,} points are not as they were logged"
        return PointsOutcome(found.count(True), overwritten, different, len(last), example)


def object_value(value: bytes) -> object:
    """Return an object of a journal as the server's JSON says it."""
    kind, payload = value[:1], value[1:]
    if kind == HISTOGRAM:
        bins = struct.unpack_from("<I", payload)[0]
        edges = struct.unpack_from(f"<{bins + 1}d", payload, 4)
        return {"edges": list(edges), "counts": list(struct.unpack_from(f"<{bins}d", payload, 12 + 8 * bins))}
    return reference_value(json.loads(payload))


def reference_value(reference: object) -> object:
    """Return what of a reference to a file stays as it was logged, wherever it is said; other values as they are."""
    if isinstance(reference, dict) and "name" in reference:
        return {name: reference.get(name) for name in ("name", "size", "description")}
    return reference


def same_value(value: bytes, item: Mapping[str, Any]) -> bool:
    """Say whether an assigned value of a journal is what the server's attribute holds."""
    kind, payload = value[:1], value[1:]
    there = item["value"]
    if kind == b"f":
        return _same_number(struct.unpack("<d", payload)[0], there)
    if kind == b"i":
        return bool(there == struct.unpack("<q", payload)[0])
    if kind == b"b":
        return there is (payload == b"\x01")
    if kind == b"s":
        return bool(there == payload.decode().replace("\x00", "\N{REPLACEMENT CHARACTER}"))
    if kind == b"d":
        moment = datetime.fromtimestamp(struct.unpack("<q", payload)[0] / 1000, timezone.utc)
        return datetime.fromisoformat(str(there).replace("Z", "+00:00")) == moment
    if kind == b"S":
        return sorted(there) == sorted(json.loads(payload))
    return True  # a reference to a file, an artifact or a commit: it is there, and its bytes have a hash of their own


def integers(data: bytes) -> Sequence[int]:
    """Return the int64 that little-endian bytes hold."""
    return [int(number) for number in unpacked("q", data)]


def _numbered(steps: Sequence[int]) -> list[int]:
    """Return the steps with those that the server counts: each the one after the greatest before it."""
    greatest: int | None = None
    numbered = []
    for step in steps:
        if step == UNNUMBERED_STEP:
            step = 0 if greatest is None else greatest + STEP_SCALE
        greatest = step if greatest is None else max(greatest, step)
        numbered.append(step)
    return numbered


def _same_number(logged: float, there: Any) -> bool:
    number = math.nan if there is None else float(there)
    return number == logged or (math.isnan(number) and math.isnan(logged))


def _digest(value: object) -> bytes:
    from hashlib import blake2b

    return blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=16).digest()


def _bits(value: float) -> bytes:
    return struct.pack("<d", value)
