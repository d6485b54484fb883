"""`tidelog verify`: compare a journal on this disk with what the server has of it, record by record.

Every point of the journal is looked for by path, step, value and time, every value by path. Of two points with one step
the later counts, as everywhere. What another writer of the run wrote over cannot be told from what is lost; it is
counted as overwritten.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tidelog.errors import TidelogError, WriterNotFoundError
from tidelog.exchange.comparison import (
    NumberedPoints,
    Objects,
    Points,
    PointsOutcome,
    UnnumberedPoints,
    integers,
    object_value,
    same_value,
)
from tidelog.exchange.verifying_files import EventKey, LoggedFiles, LoggedSets, event_key, missing_events
from tidelog.fetching.frames import read_frame
from tidelog.fetching.objects import stored_objects
from tidelog.fetching.run_attributes import attributes_of
from tidelog.fetching.run_columns import OF_THE_RUN
from tidelog.fetching.writers import writers_of
from tidelog.journal.reading import (
    Assign,
    Column,
    Define,
    Delete,
    Event,
    ObjectPoint,
    Point,
    Record,
    Row,
    SetChange,
    State,
    TextPoint,
    read_records,
    spans,
    unpacked,
)
from tidelog.journal.recovery import PIECE_BYTES
from tidelog.journal.segments import JournalFolder, Origin
from tidelog.paths import quoted

if TYPE_CHECKING:
    from tidelog.shipping.transport import Transport

POINTS_AT_ONCE = 2_000_000  # of a journal, held in memory: 48 MB
PATHS_AT_ONCE = 1_000
PAGE_POINTS = 250_000
DIFFERENCES = 20  # told in words; all are counted


class Verification(NamedTuple):
    """What the comparison of one journal came to. `received` of `records` are on the server as they were logged."""

    directory: str
    project: str | None
    run: str | None
    records: int
    received: int
    pending: int  # records behind what the server has: not sent yet
    overwritten: int  # of those received: a later record, or another writer, took their place
    dropped: int  # that the disk refused when they were logged
    differences: list[str]
    problem: str | None
    files: int = 0  # that the journal refers to
    received_files: int = 0
    pending_files: int = 0  # not arrived yet

    @property
    def complete(self) -> bool:
        """Whether the server has everything, unchanged."""
        whole = self.received == self.records and self.received_files == self.files
        return self.problem is None and whole


class _Tally:
    """Counts as the comparison goes on."""

    def __init__(self) -> None:
        self.received = 0
        self.overwritten = 0
        self.missing = 0
        self.differences: list[str] = []

    def miss(self, count: int, what: str) -> None:
        """Count records that are not as they were logged."""
        self.missing += count
        if len(self.differences) < DIFFERENCES:
            self.differences.append(what)


def verify_journal(folder: JournalFolder, connect: Callable[[Origin], Transport]) -> Verification:
    """Compare one journal with the copy of its server, which `connect` gives. Nothing is changed on either side."""
    found = Verification(folder.path, None, None, 0, 0, 0, 0, 0, [], None)
    try:
        origin = folder.origin()
        found = found._replace(project=origin.project, run=origin.with_id or origin.run_key)
        return _Comparison(folder, connect(origin), origin.writer).run(found)
    except FileNotFoundError:
        raise
    except WriterNotFoundError:
        records = _count(folder, 0, folder.end())
        return found._replace(records=records, pending=records, problem="the server has nothing of this journal yet")
    except (TidelogError, OSError) as error:
        return found._replace(problem=str(error))


class _Comparison:
    """One journal against its server."""

    def __init__(self, folder: JournalFolder, server: Transport, writer: str) -> None:
        self._folder = folder
        self._server = server
        self._writer = server.get(f"/writers/{writer}", {"paths": "true"})
        self._run = quoted(self._writer["run"])
        writers = writers_of(server, self._writer["run"])
        self._alone = len(writers) == 1
        self._is_fork = self._server.get(f"/runs/{self._run}")["fork_run"] is not None
        self._left_behind = any(writer["attempt"] > self._writer["attempt"] for writer in writers)
        segments = folder.segments()
        self._start = segments[0].start if segments else folder.end()
        self._end = min(folder.end(), self._writer["position"])
        self._names: dict[int, str] = dict(enumerate(self._writer["paths"]))
        self._files = LoggedFiles()
        self._sets = LoggedSets()
        self._events: Counter[EventKey] = Counter()
        self._tally = _Tally()

    def run(self, found: Verification) -> Verification:
        """Compare values first, then series, in groups that fit into memory."""
        counts, values = self._survey()
        self._compare_values(values)
        self._compare_objects()
        self._compare_sets()
        self._compare_events()
        for group in _groups(counts):
            self._compare_series(self._series(group))
        tally = self._tally
        files = self._files.compare(self._server, self._writer["run"], self._writer["number"])
        pending = _count(self._folder, self._end, self._folder.end())
        return found._replace(
            run=self._writer["run"],
            records=tally.received + tally.missing + pending,
            received=tally.received,
            pending=pending,
            overwritten=tally.overwritten,
            dropped=self._writer["dropped"],
            differences=[*tally.differences, *files.differences][:DIFFERENCES],
            files=files.files,
            received_files=files.received,
            pending_files=files.pending,
        )

    def _survey(self) -> tuple[Counter[int], dict[int, bytes]]:
        """Return the number of points by path number, and the value that each path was left with."""
        counts: Counter[int] = Counter()
        values: dict[int, bytes] = {}
        for record in self._records():
            self._files.note(record)
            if isinstance(record, Define):
                self._names[record.number] = record.path
            elif isinstance(record, Assign):
                if record.number in values:
                    self._count_overwritten(1)
                values[record.number] = record.value
            elif isinstance(record, Delete):
                self._tally.received += 1
                for number in [number for number in values if self._is_below(number, record.number)]:
                    del values[number]
                    self._count_overwritten(1)
                for number in [number for number in self._sets.entries if self._is_below(number, record.number)]:
                    self._count_overwritten(self._sets.forget(number))
            elif isinstance(record, SetChange) and record.of_files:
                self._sets.change(record)
            elif isinstance(record, SetChange):
                self._change_set(values, record)
            elif isinstance(record, Event):
                self._events[event_key(record)] += 1
            else:
                for number, steps, _, _ in _points(record):
                    counts[number] += len(steps)
        return counts, values

    def _change_set(self, values: dict[int, bytes], change: SetChange) -> None:
        """Apply a change of a set of strings where the set before it is known."""
        before = values.get(change.number)
        if before is None and not (self._alone and self._start == 0):
            self._tally.received += 1
            return
        items = set(json.loads(before[1:])) if before else set()
        if before:
            self._count_overwritten(1)
        added, removed = (change.items if change.change == sign else () for sign in "+-")
        items = set() if change.change == "0" else (items | set(added)) - set(removed)
        values[change.number] = b"S" + json.dumps(sorted(items)).encode()

    @property
    def _counts_from_zero(self) -> bool:
        """Whether points without a step got the steps that this journal alone counts."""
        return self._alone and not self._is_fork and self._start == 0

    def _compare_sets(self) -> None:
        """Compare sets of files. A change counts as received if its set is as this journal leaves it."""
        for number, changes in self._sets.changes.items():
            path = self._names[number]
            wrong = self._sets.compare(self._server, self._writer["run"], self._writer["number"], number, path)
            if wrong is None:
                self._tally.received += changes
            elif self._alone:
                self._tally.miss(changes, wrong)
            else:
                self._count_overwritten(changes)

    def _compare_events(self) -> None:
        missing = missing_events(self._server, self._writer["run"], self._events)
        self._tally.received += self._events.total() - missing.total()
        for (kind, _, _, _, title), count in missing.items():
            self._tally.miss(count, f"the {kind} {title!r} is not there")

    def _compare_objects(self) -> None:
        objects: dict[int, Objects] = {}
        for record in self._records():
            if isinstance(record, TextPoint):
                objects.setdefault(record.number, Objects()).add(record.step, record.seconds, record.text)
            elif isinstance(record, ObjectPoint):
                value = object_value(record.value)
                objects.setdefault(record.number, Objects()).add(record.step, record.seconds, value)
            elif isinstance(record, Delete):
                for number in [number for number in objects if self._is_below(number, record.number)]:
                    self._count_overwritten(objects.pop(number).clear())
        for number, points in objects.items():
            path = self._names[number]
            stored = stored_objects(self._server, self._writer["run"], path, own=True)
            self._conclude(path, points.outcome(stored, steps_known=self._counts_from_zero))

    def _series(self, numbers: set[int]) -> dict[int, Points]:
        """Return the points of these paths as the journal leaves them; deleted ones count as overwritten."""
        series: dict[int, Points] = {number: Points() for number in numbers}
        for record in self._records():
            if isinstance(record, Delete):
                for number in numbers:
                    if self._is_below(number, record.number):
                        self._count_overwritten(series[number].clear())
            else:
                for number, steps, times, values in _points(record):
                    if number in series:
                        series[number].add(steps, times, values)
        return series

    def _records(self) -> Iterator[Record]:
        """Yield the records that the server should have."""
        offset = self._start
        while offset < self._end:
            data = self._folder.read(offset, min(PIECE_BYTES, self._end - offset))
            whole = 0
            for span in spans(data):
                yield from read_records(data[span.start : span.end])
                whole = span.end
            if not whole:
                return
            offset += whole

    def _is_below(self, number: int, deleted: int) -> bool:
        path, gone = self._names[number], self._names[deleted]
        return bool(path == gone or path.startswith(f"{gone}/"))

    def _count_overwritten(self, count: int) -> None:
        self._tally.received += count
        self._tally.overwritten += count

    def _compare_values(self, values: Mapping[int, bytes]) -> None:
        if not values:
            return
        here = {item["path"]: item for item in attributes_of(self._server, self._run)}
        for number, value in values.items():
            path = self._names[number]
            item = here.get(path)
            if item is not None and (path in OF_THE_RUN or same_value(value, item)):
                self._tally.received += 1
            elif item is not None and (not self._alone or item["type"].endswith("_series")):
                self._count_overwritten(1)
            else:
                told = "is not there" if item is None else f"is {item['value']!r} there"
                self._tally.miss(1, f"{path}: the value {told}")

    def _compare_series(self, series: dict[int, Points]) -> None:
        expected = {}
        for number, points in series.items():
            if len(points):
                steps_known = not points.unnumbered or self._counts_from_zero
                expected[self._names[number]] = (NumberedPoints if steps_known else UnnumberedPoints)(points)
        for path, steps, times, values in self._stored(list(expected)):
            expected[path].see(steps, times, values)
        for path, comparison in expected.items():
            self._conclude(path, comparison.outcome())

    def _conclude(self, path: str, outcome: PointsOutcome) -> None:
        self._tally.received += outcome.same
        self._count_overwritten(outcome.overwritten)
        if outcome.different and not self._alone:
            self._count_overwritten(outcome.different)
        elif outcome.different:
            self._tally.miss(outcome.different, f"{path}: {outcome.example}")
        if outcome.missing and self._left_behind:
            self._count_overwritten(outcome.missing)
        elif outcome.missing:
            self._tally.miss(outcome.missing, f"{path}: {outcome.missing:,} points are missing")

    def _stored(self, paths: list[str]) -> Iterator[tuple[str, Sequence[int], Sequence[int], Sequence[float]]]:
        """Yield path, steps, times and values of what the server has, page by page."""
        wanted = {"runs": [self._writer["run"]], "paths": paths, "exact": True, "own": True, "limit": PAGE_POINTS}
        after: str | None = None
        while paths:
            frame = read_frame(self._server.post_for_bytes("/series/points", {**wanted, "after": after}))
            for item in frame.series:
                steps, times, values = (bytes(column) for column in item.columns.values())
                yield item.header["path"], integers(steps), integers(times), unpacked("d", values)
            after = frame.header["next"]
            if after is None:
                return


def _points(record: Record) -> Iterator[tuple[int, Sequence[int], Sequence[float], Sequence[float]]]:
    """Yield path number, steps, times and values of the points of a record; none where it has none."""
    if isinstance(record, Point):
        yield record.number, (record.step,), (record.seconds,), (record.value,)
    elif isinstance(record, Row):
        for number, value in zip(record.numbers, record.values, strict=True):
            yield number, (record.step,), (record.seconds,), (value,)
    elif isinstance(record, Column):
        yield record.number, record.steps, record.times, record.values


def _groups(counts: Counter[int]) -> Iterator[set[int]]:
    """Put paths together as long as their points fit into memory."""
    group: set[int] = set()
    points = 0
    for number, count in counts.items():
        if group and (points + count > POINTS_AT_ONCE or len(group) == PATHS_AT_ONCE):
            yield group
            group, points = set(), 0
        group.add(number)
        points += count
    if group:
        yield group


def _count(folder: JournalFolder, start: int, end: int) -> int:
    """Count the points and values in a stretch of a journal that begins at a record."""
    count = 0
    offset = max(start, folder.segments()[0].start) if folder.segments() else end
    while offset < end:
        data = folder.read(offset, min(PIECE_BYTES, end - offset))
        whole = 0
        for record in read_records(data):
            points = sum(len(steps) for _, steps, _, _ in _points(record))
            count += points or not isinstance(record, (Define, State, Row, Column))
        for span in spans(data):
            whole = span.end
        if not whole:
            break
        offset += whole
    return count
