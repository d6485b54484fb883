"""The runs table of a sheet: what a query matches, in an order of several keys, a page or a group at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from tidelog_server.errors import InvalidRequestError
from tidelog_server.query.parser import parse
from tidelog_server.query.scope import scope_of
from tidelog_server.query.syntax import Query, Subject, Words
from tidelog_server.sheets.column import Positions
from tidelog_server.sheets.masks import mask_of, subjects_in
from tidelog_server.sheets.order import MAX_KEYS, SortKey, behind, cursor_at, ordered
from tidelog_server.sheets.sheet import Sheet
from tidelog_server.sheets.store import Sheets


@dataclass(frozen=True)
class Selection:
    """The runs that a query matches, in order."""

    sheet: Sheet
    keys: tuple[SortKey, ...]
    places: Positions

    @property
    def total(self) -> int:
        """How many they are."""
        return len(self.places)

    def page(self, limit: int, after: str | None = None) -> Page:
        """The next runs in the order, at most `limit`, behind a cursor."""
        places = self.places
        start = 0
        if after is not None:
            is_behind = behind(self.sheet, self.keys, after)[places]
            places = places[is_behind]
            start = len(self.places) - len(places)
        shown = places[:limit]
        following = cursor_at(self.sheet, self.keys, int(shown[-1])) if len(places) > limit else None
        return Page(self.sheet.ids[shown].tolist(), start, following)


@dataclass(frozen=True)
class Page:
    """The numbers of some runs in order; how many of the selection come before them; the cursor for those after."""

    run_ids: list[int]
    start: int
    next: str | None


def select(
    connection: sa.Connection,
    sheets: Sheets,
    project_id: int,
    *,
    query: str = "",
    keys: Sequence[SortKey] = (),
    more: Sequence[Subject] = (),
    trashed: bool = False,
) -> Selection:
    """The runs that `query` matches; `more` are columns that the caller will look at. Raises `QueryError`."""
    if len(keys) > MAX_KEYS:
        raise InvalidRequestError(f"A table is sorted by up to {MAX_KEYS} columns, not {len(keys)}.", field="sort")
    tree = parse(query)
    subjects = {*subjects_in(tree), *(key.subject for key in keys), *more}
    sheet = sheets.sheet(connection, project_id, subjects)
    order = ordered(sheet, keys)
    kept = sheet.trashed if trashed else ~sheet.trashed
    if not _is_all(tree):
        kept = kept & mask_of(connection, sheet, tree, scope_of(connection, project_id, tree, trashed=trashed))
    return Selection(sheet, tuple(keys), order[kept[order]] if not np.all(kept) else order)


def _is_all(query: Query) -> bool:
    return query == Words(())
