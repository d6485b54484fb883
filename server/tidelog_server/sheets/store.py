"""The sheets that a process keeps, and how they stay right while runs are logged, also through other processes.

Whatever changes a run or its attributes sets `runs.modified_ms` in the same transaction. A sheet reads again each run
that changed since the newest change it knows. A transaction that began earlier may commit later, and the clocks of two
servers differ: so it looks `OVERLAP_MS` further back, and tells by fold epoch and moment which of those runs it has
already. A run that vanishes was in the trash before; the count of runs gives away what was missed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable

import numpy as np
import sqlalchemy as sa

from tidelog_server.clock import now_ms
from tidelog_server.query.syntax import Attribute, Subject, subject_attribute
from tidelog_server.query.value_types import VIRTUAL
from tidelog_server.runs.paths import path_ids
from tidelog_server.sheets import loading
from tidelog_server.sheets.column import Column, Values
from tidelog_server.sheets.sheet import EPOCH, ID, MODIFIED, ROW_NUMBERS, ROW_TEXTS, Sheet
from tidelog_server.tables import projects

OVERLAP_MS = 120_000
MEMORY_BYTES = 512 * 1024 * 1024  # of columns, in one process: 150 columns of 250,000 runs
MANY_CHANGED = 5_000  # beyond so many runs, a column is read anew


class Sheets:
    """The sheets of one process. Thread-safe."""

    def __init__(self, memory_bytes: int = MEMORY_BYTES) -> None:
        self._memory_bytes = memory_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, _KeptSheet] = OrderedDict()

    def sheet(self, connection: sa.Connection, project_id: int, subjects: Collection[Subject]) -> Sheet:
        """The runs of a project as this connection sees them, with the columns of these subjects."""
        with self._lock:
            kept = self._kept.setdefault(project_id, _KeptSheet(project_id))
            self._kept.move_to_end(project_id)
        sheet = kept.current(connection, subjects)
        self._make_room()
        return sheet

    def lacking(self, project_id: int, subjects: Iterable[Subject]) -> list[Subject]:
        """Those of these subjects whose columns would have to be read first. It waits for nobody, and reads nothing."""
        with self._lock:
            kept = self._kept.get(project_id)
        return [subject for subject in subjects if kept is None or not kept.has(subject)]

    def _make_room(self) -> None:
        """Forget what was not used for longest, whole projects at a time; the newest stays whatever it takes."""
        with self._lock:
            total = sum(kept.bytes for kept in self._kept.values())
            while total > self._memory_bytes and len(self._kept) > 1:
                _, dropped = self._kept.popitem(last=False)
                total -= dropped.bytes
            if total > self._memory_bytes:
                next(iter(self._kept.values())).forget_columns()


class _KeptSheet:
    """One project's sheet, brought up to date under a lock and then never changed."""

    def __init__(self, project_id: int) -> None:
        self._project_id = project_id
        self._lock = threading.Lock()
        self._sheet: Sheet | None = None
        self._newest_ms = 0
        self.bytes = 0

    def forget_columns(self) -> None:
        """Give memory back; readers of the sheet keep what they hold."""
        self._sheet = None
        self.bytes = 0

    def has(self, subject: Subject) -> bool:
        """Whether a column is in memory, or follows from what is."""
        sheet = self._sheet
        return sheet is not None and (subject in sheet.columns or _is_of_rows(subject))

    def current(self, connection: sa.Connection, subjects: Collection[Subject]) -> Sheet:
        with self._lock:
            sheet = self._sheet
            sheet = self._load(connection) if sheet is None else self._refreshed(connection, sheet)
            self._add_columns(connection, sheet, subjects)
            self._sheet = sheet
            self.bytes = sum(column.bytes for column in list(sheet.columns.values()))
            return sheet

    def _load(self, connection: sa.Connection) -> Sheet:
        rows = loading.run_rows(connection, self._project_id)
        self._newest_ms = max((row[MODIFIED] or 0 for row in rows), default=0)
        key = connection.scalar(sa.select(projects.c.key).where(projects.c.id == self._project_id)) or ""
        return Sheet(self._project_id, key, rows)

    def _refreshed(self, connection: sa.Connection, sheet: Sheet) -> Sheet:
        listed = loading.changed_runs(connection, self._project_id, self._newest_ms - OVERLAP_MS)
        known = {sheet.rows[place][ID]: sheet.rows[place] for place in sheet.places_of([row[0] for row in listed])}
        changed = [
            run_id
            for run_id, epoch, modified_ms in listed
            if run_id not in known or (known[run_id][EPOCH], known[run_id][MODIFIED]) != (epoch, modified_ms)
        ]
        new = sum(run_id not in known for run_id in changed)
        if loading.count_runs(connection, self._project_id) != len(sheet.rows) + new or len(changed) > MANY_CHANGED:
            return self._load(connection)
        if not changed:
            return sheet
        self._newest_ms = max(self._newest_ms, *(row[2] for row in listed))
        return self._with_changes(connection, sheet, changed)

    def _with_changes(self, connection: sa.Connection, old: Sheet, changed: list[int]) -> Sheet:
        rows = {row[ID]: row for row in old.rows} | {
            row[ID]: row for row in loading.run_rows(connection, self._project_id, changed)
        }
        sheet = Sheet(self._project_id, old.key, [rows[run_id] for run_id in sorted(rows)])
        new = np.array(sorted(set(rows) - set(old.ids.tolist())), np.int64)
        before = np.searchsorted(old.ids, new)
        stored = {subject: column for subject, column in old.columns.items() if not _is_virtual(subject)}
        places = sheet.places_of(changed)
        numbers = path_ids(connection, self._project_id, {subject_attribute(subject).path for subject in stored})
        for subject, column in stored.items():
            values = self._values(connection, sheet, subject, numbers, changed)
            sheet.columns[subject] = column.widened(before).patched(places, values)
        return sheet

    def _add_columns(self, connection: sa.Connection, sheet: Sheet, subjects: Collection[Subject]) -> None:
        absent = {subject for subject in subjects if subject not in sheet.columns}
        for subject in filter(_is_worked_out, absent):
            loaded = loading.run_column(connection, self._project_id, subject_attribute(subject).path, now_ms())
            sheet.columns[subject] = Column.of(len(sheet.rows), [_placed(sheet, loaded)])
        missing = {subject for subject in absent if not _is_virtual(subject)}
        if not missing:
            return
        numbers = path_ids(connection, self._project_id, {subject_attribute(subject).path for subject in missing})
        for subject in missing:
            if subject_attribute(subject).path in numbers:
                values = self._values(connection, sheet, subject, numbers, None)
                sheet.columns[subject] = Column.of(len(sheet.rows), values)

    def _values(
        self,
        connection: sa.Connection,
        sheet: Sheet,
        subject: Subject,
        numbers: dict[str, int],
        run_ids: list[int] | None,
    ) -> list[Values]:
        path_id = numbers.get(subject_attribute(subject).path)
        if path_id is None:
            return []
        loaded = loading.values_of(connection, self._project_id, path_id, subject, run_ids)
        return [_placed(sheet, part) for part in loaded if len(part.run_ids)]


def _placed(sheet: Sheet, loaded: loading.Loaded) -> Values:
    """The values of those runs that are in the sheet: models log to a project, too, and are not."""
    places = sheet.places_or_none(loaded.run_ids)
    here = places >= 0
    if here.all():
        return Values(places, loaded.types, loaded.numbers, loaded.texts)
    numbers = None if loaded.numbers is None else loaded.numbers[here]
    texts = [text for text, is_here in zip(loaded.texts, here.tolist(), strict=False) if is_here]
    return Values(places[here], loaded.types[here], numbers, texts)


def _is_worked_out(subject: Subject) -> bool:
    """Whether it is a column of the runs that their rows in the sheet do not hold as it is."""
    return isinstance(subject, Attribute) and subject.path in VIRTUAL and not _is_of_rows(subject)


def _is_of_rows(subject: Subject) -> bool:
    """Whether the rows of the runs hold it."""
    return isinstance(subject, Attribute) and (subject.path in ROW_NUMBERS or subject.path in ROW_TEXTS)


def _is_virtual(subject: Subject) -> bool:
    return subject_attribute(subject).path in VIRTUAL
