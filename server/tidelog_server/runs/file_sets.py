"""File sets: the entries of an attribute that holds many files, each with the number its writer gave the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tidelog_server.ingest.records import FileSetChange
from tidelog_server.runs.values import FileSetChanges
from tidelog_server.tables import file_set_entries

ROWS_PER_STATEMENT = 5_000


def change(
    connection: sa.Connection, run_id: int, changes: Mapping[int, FileSetChanges]
) -> list[tuple[int, str, dict[str, int]]]:
    """Apply the changes in order; returns path, type and value of each set's attribute: how many files and bytes."""
    for path_id, of_path in changes.items():
        for writer_id, step in of_path.changes:
            _apply(connection, run_id, path_id, writer_id, step)
    return [(path_id, "file_set", _totals(connection, run_id, path_id)) for path_id in changes]


def delete(connection: sa.Connection, run_id: int, path_ids: Sequence[int]) -> None:
    """Delete all entries of the sets at these paths."""
    if path_ids:
        entries = file_set_entries.c
        connection.execute(sa.delete(file_set_entries).where(entries.run_id == run_id, entries.path_id.in_(path_ids)))


def _apply(connection: sa.Connection, run_id: int, path_id: int, writer_id: int, step: FileSetChange) -> None:
    for start in range(0, len(step.entries), ROWS_PER_STATEMENT):
        part = step.entries[start : start + ROWS_PER_STATEMENT]
        if step.change == "+":
            _put(connection, [_row(run_id, path_id, writer_id, entry) for entry in part])
        else:
            entries = file_set_entries.c
            connection.execute(
                sa.delete(file_set_entries).where(
                    entries.run_id == run_id, entries.path_id == path_id, entries.name.in_(part)
                )
            )


def _put(connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    insert = dialect.insert(file_set_entries)
    statement = insert.on_conflict_do_update(
        index_elements=["run_id", "path_id", "name"],
        set_={name: insert.excluded[name] for name in ("writer_id", "number", "bytes", "modified_ms")},
    )
    connection.execute(statement, rows)


def _row(run_id: int, path_id: int, writer_id: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "path_id": path_id,
        "name": entry["name"],
        "writer_id": writer_id,
        "number": entry["file"],
        "bytes": entry["size"],
        "modified_ms": entry["modified_ms"],
    }


def _totals(connection: sa.Connection, run_id: int, path_id: int) -> dict[str, int]:
    entries = file_set_entries.c
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(entries.bytes), 0)).where(
        entries.run_id == run_id, entries.path_id == path_id
    )
    files, size = connection.execute(query).one()
    return {"files": int(files), "bytes": int(size)}
