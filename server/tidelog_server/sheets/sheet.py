"""A sheet: the runs of one project at one moment, and the columns of them that were asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidelog_server.clock import now_ms
from tidelog_server.query.expressions import INDEXED_CHARACTERS
from tidelog_server.query.syntax import Attribute, Subject
from tidelog_server.sheets.column import TYPE_CODES, Column, Mask, Positions, Values
from tidelog_server.sheets.loading import RunRow

ID, NUMBER, EPOCH, MODIFIED, TRASHED, CREATED, ENDED, STATE, NAME, KEY, RAN, SINCE, SIZE = range(13)
ROW_NUMBERS: dict[str, tuple[str, Callable[[RunRow], float | None]]] = {
    "sys/id": ("int", lambda row: row[NUMBER]),
    "sys/creation_time": ("datetime", lambda row: row[CREATED]),
    "sys/ended_time": ("datetime", lambda row: row[ENDED]),
    "sys/modification_time": ("datetime", lambda row: row[MODIFIED] or row[CREATED]),
    "sys/running_time": ("float", lambda row: _running_s(row)),
    "sys/size": ("float", lambda row: row[SIZE]),
    "sys/failed": ("bool", lambda row: row[STATE] == "failed"),
    "sys/trashed": ("bool", lambda row: row[TRASHED] is not None),
}
ROW_TEXTS = {"sys/name": NAME, "sys/custom_run_id": KEY, "sys/state": STATE}


@dataclass(frozen=True)
class Sheet:
    """Runs by ascending id, and their columns. Nothing in it changes but what it remembers of its own working out."""

    project_id: int
    key: str
    rows: Sequence[RunRow]
    columns: dict[Subject, Column] = field(default_factory=dict)
    remembered: dict[Any, Any] = field(default_factory=dict)

    @cached_property
    def ids(self) -> NDArray[np.int64]:
        """The number of each run in the database."""
        return np.fromiter((row[ID] for row in self.rows), np.int64, len(self.rows))

    @cached_property
    def trashed(self) -> Mask:
        """Which runs are in the trash."""
        return np.fromiter((row[TRASHED] is not None for row in self.rows), np.bool_, len(self.rows))

    @cached_property
    def search_texts(self) -> list[str]:
        """Name, key and label of each run, as a search for words looks at them."""
        return [f"{row[NAME]}\x1f{row[KEY]}\x1f{self.key}-{row[NUMBER]}" for row in self.rows]

    def column(self, subject: Subject) -> Column:
        """A column that the sheet was asked for with, or one of the runs themselves."""
        found = self.columns.get(subject)
        if found is None and isinstance(subject, Attribute):
            found = self._virtual(subject.path)
        if found is None:
            return Column.of(len(self.rows))
        self.columns[subject] = found
        return found

    def places_of(self, run_ids: Sequence[int] | NDArray[np.int64]) -> Positions:
        """Where these runs stand; those that are not here are left out."""
        places = self.places_or_none(run_ids)
        return places[places >= 0]

    def places_or_none(self, run_ids: Sequence[int] | NDArray[np.int64]) -> Positions:
        """Where each of these runs stands, -1 for one that is not here."""
        wanted = np.asarray(run_ids, np.int64)
        if not len(self.rows):
            return np.full(len(wanted), -1, np.intp)
        places = np.minimum(np.searchsorted(self.ids, wanted), len(self.rows) - 1)
        return np.where(self.ids[places] == wanted, places, -1)

    def mask_of(self, run_ids: Sequence[int]) -> Mask:
        """Which runs are among these."""
        mask = np.zeros(len(self.rows), np.bool_)
        mask[self.places_of(run_ids)] = True
        return mask

    def _virtual(self, path: str) -> Column | None:
        if path in ROW_NUMBERS:
            kind, value_of = ROW_NUMBERS[path]
            found = [value_of(row) for row in self.rows]
            places = np.array([place for place, value in enumerate(found) if value is not None], np.intp)
            numbers = np.array([value for value in found if value is not None], np.float64)
            values = Values(places, np.full(len(places), TYPE_CODES[kind], np.uint8), numbers)
        elif path in ROW_TEXTS:
            texts = [str(row[ROW_TEXTS[path]])[:INDEXED_CHARACTERS] for row in self.rows]
            types = np.full(len(texts), TYPE_CODES["string"], np.uint8)
            values = Values(np.arange(len(texts), dtype=np.intp), types, texts=texts)
        else:
            return None
        return Column.of(len(self.rows), [values])


def _running_s(row: RunRow) -> float:
    going_on = 0 if row[SINCE] is None else max(0, now_ms() - row[SINCE])
    return float(row[RAN] + going_on) / 1000
