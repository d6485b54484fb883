"""What the attributes of a run are called, kept in memory for runs that are looked at: there may be 100,000."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import sqlalchemy as sa

from tidelog_server.query.value_types import VIRTUAL
from tidelog_server.runs.runs import Run
from tidelog_server.runs.system import with_system
from tidelog_server.tables import attributes, paths, runs

NAMES_KEPT = 1_000_000  # about 100 MB


@dataclass(frozen=True)
class RunNames:
    """The paths of a run by type, each sorted; its columns that look like attributes are among them."""

    by_type: Mapping[str, tuple[str, ...]]

    @cached_property
    def all(self) -> tuple[str, ...]:
        """Every path, sorted."""
        return tuple(sorted(chain.from_iterable(self.by_type.values())))

    def of_type(self, *types: str) -> tuple[str, ...]:
        """The paths of these types, sorted."""
        if len(types) == 1:
            return self.by_type.get(types[0], ())
        return tuple(sorted(chain.from_iterable(self.by_type.get(kind, ()) for kind in types)))

    def below(self, namespace: str, *types: str) -> tuple[str, ...]:
        """The paths at or below this one, of these types, of all if none is named; sorted."""
        return at_or_below(self.of_type(*types) if types else self.all, namespace)


def at_or_below(paths: tuple[str, ...], namespace: str) -> tuple[str, ...]:
    """Those of these sorted paths that are at or below a path."""
    at = bisect_left(paths, namespace)
    here = paths[at : at + 1] if paths[at : at + 1] == (namespace,) else ()
    start, end = _range_below(paths, namespace)
    return here + paths[start:end]


def outside(paths: tuple[str, ...], namespace: str) -> tuple[str, ...]:
    """Those of these sorted paths that are not at or below a path."""
    start, end = _range_below(paths, namespace)
    kept = paths if start == end else paths[:start] + paths[end:]
    at = bisect_left(kept, namespace)
    return kept[:at] + kept[at + 1 :] if kept[at : at + 1] == (namespace,) else kept


def _range_below(paths: tuple[str, ...], namespace: str) -> tuple[int, int]:
    """What is below sorts behind a slash and before the character after it."""
    return bisect_left(paths, f"{namespace}/"), bisect_left(paths, f"{namespace}0")


class NamesCache:
    """The names of the runs that were looked at last. Whatever changes a run's attributes changes its epoch or the
    moment of its last change, by which what is kept is told to be right. Thread-safe.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[int, tuple[object, RunNames]] = OrderedDict()
        self._lock = threading.Lock()

    def names(self, connection: sa.Connection, run: Run) -> RunNames:
        """The names of a run, as `connection` sees it."""
        version = connection.execute(
            sa.select(runs.c.fold_epoch, runs.c.modified_ms, runs.c.ended_ms).where(runs.c.id == run.id)
        ).one()
        with self._lock:
            known, names = self._kept.get(run.id, (None, None))
        if names is None or known != tuple(version):
            names = _read(connection, run)
        with self._lock:
            self._kept[run.id] = (tuple(version), names)
            self._kept.move_to_end(run.id)
            while len(self._kept) > 1 and sum(len(kept.all) for _, kept in self._kept.values()) > NAMES_KEPT:
                self._kept.popitem(last=False)
        return names


def _read(connection: sa.Connection, run: Run) -> RunNames:
    query = (
        sa.select(attributes.c.type, paths.c.path)
        .join(paths, paths.c.id == attributes.c.path_id)
        .where(attributes.c.run_id == run.id)
    )
    found: dict[str, list[str]] = {}
    for column in with_system(run, []):
        found.setdefault(column.type, []).append(column.path)
    for kind, path in connection.execute(query):
        if path not in VIRTUAL:
            found.setdefault(kind, []).append(path)
    return RunNames({kind: tuple(sorted(here)) for kind, here in found.items()})
