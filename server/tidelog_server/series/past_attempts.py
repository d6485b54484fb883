"""Past attempts: what the database knows of the attempts of a series but the newest, which the head of its curve knows.

Rows are there for resumed runs only. The newest attempt has one if it logged steps before its first one; of such a row
only these count.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import sqlalchemy as sa

from tidelog_server import bulk
from tidelog_server.series.heads import within
from tidelog_server.series.history import NO_STEPS, Attempt
from tidelog_server.series.points import Int64s
from tidelog_server.tables import past_attempts

PATHS_PER_STATEMENT = 5_000
KEYS = ("run_id", "path_id", "attempt")

Past = Mapping[int, Attempt]  # of one series, by number


def load(connection: sa.Connection, run_id: int, path_ids: Int64s) -> dict[int, dict[int, Attempt]]:
    """What is noted of the series of a run at these paths, which ascend; by path."""
    found: dict[int, dict[int, Attempt]] = {}
    query = sa.select(past_attempts).where(past_attempts.c.run_id == run_id)
    for condition in within(past_attempts.c.path_id, path_ids):
        for row in connection.execute(query.where(condition)):
            attempt = Attempt(row.first_step, row.step_last, _unpacked(row.behind))
            found.setdefault(row.path_id, {})[row.attempt] = attempt
    return found


def with_newest(past: Past, number: int, first_step: int, step_last: int) -> dict[int, Attempt]:
    """All attempts of a series, of whose newest the head of the curve says this."""
    behind = past[number].behind if number in past else NO_STEPS
    return {**past, number: Attempt(first_step, step_last, behind)}


def changed(before: Past, after: Past) -> dict[int, Attempt]:
    """What is to be noted now that was not noted before."""
    newest = max(after)
    return {
        number: attempt
        for number, attempt in after.items()
        if (number < newest or len(attempt.behind)) and not _is_same(before.get(number), attempt)
    }


def note(connection: sa.Connection, run_id: int, noted: Sequence[tuple[int, int, Attempt]]) -> None:
    """Write these, each with its path and its number."""
    columns: dict[str, list[Any]] = {
        "run_id": [run_id] * len(noted),
        "path_id": [path_id for path_id, _, _ in noted],
        "attempt": [number for _, number, _ in noted],
        "first_step": [attempt.first_step for _, _, attempt in noted],
        "step_last": [attempt.step_last for _, _, attempt in noted],
        "behind": [_packed(attempt.behind) for _, _, attempt in noted],
    }
    bulk.upsert(connection, past_attempts, columns, KEYS)


def delete(connection: sa.Connection, run_id: int, path_ids: Iterable[int]) -> None:
    """Forget what was noted of the series at these paths."""
    rest = iter(path_ids)
    while part := list(islice(rest, PATHS_PER_STATEMENT)):
        mine = (past_attempts.c.run_id == run_id, past_attempts.c.path_id.in_(part))
        connection.execute(sa.delete(past_attempts).where(*mine))


def _is_same(one: Attempt | None, other: Attempt) -> bool:
    if one is None or (one.first_step, one.step_last) != (other.first_step, other.step_last):
        return False
    return np.array_equal(one.behind, other.behind)


def _packed(steps: Int64s) -> bytes | None:
    return zlib.compress(np.diff(steps, prepend=np.int64(0)).tobytes()) if len(steps) else None


def _unpacked(data: bytes | None) -> Int64s:
    return NO_STEPS if data is None else np.cumsum(np.frombuffer(zlib.decompress(data), np.int64))
