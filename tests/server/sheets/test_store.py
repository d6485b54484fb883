"""A sheet stays right while runs are logged, changed, trashed and deleted, also by other processes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from tests.contract.test_table import Project
from tidelog_server.clock import now_ms
from tidelog_server.database import Database
from tidelog_server.query.parser import parse_subject
from tidelog_server.runs.attributes import write_attributes
from tidelog_server.runs.paths import intern_paths
from tidelog_server.sheets import store
from tidelog_server.sheets.store import Sheets
from tidelog_server.tables import attributes, runs

SUBJECTS = [parse_subject(text) for text in ("lr", "name", "loss", "min(loss)")]
FIRST = {"lr": ("float", 0.1), "name": ("string", "adam"), "loss": ("float_series", 2.0)}


@pytest.fixture
def project(database: Database) -> Project:
    """A project with three runs."""
    made = Project(database)
    for key in ("a", "b", "c"):
        made.add(key, FIRST)
    return made


def change(project: Project, run_id: int, path: str, kind: str, value: Any) -> None:
    """What a fold does in one transaction, in whatever process."""
    with project.database.write() as connection:
        [path_id] = intern_paths(connection, project.id, [path])
        write_attributes(connection, project.id, run_id, [(path_id, kind, value)])
        changed = {"modified_ms": now_ms(), "fold_epoch": runs.c.fold_epoch + 1}
        connection.execute(sa.update(runs).where(runs.c.id == run_id).values(changed))


def shown(project: Project, sheets: Sheets) -> dict[str, tuple[Any, ...]]:
    """The values of every run, as the sheet has them now."""
    with project.database.read() as connection:
        sheet = sheets.sheet(connection, project.id, SUBJECTS)
    found = {}
    for place, row in enumerate(sheet.rows):
        values = []
        for subject in SUBJECTS:
            column = sheet.column(subject)
            code = int(column.codes[place])
            number = float(column.numbers[place])
            values.append(column.words[code] if code >= 0 else None if np.isnan(number) else number)
        found[row.key] = tuple(values)
    return found


def test_a_change_is_seen(project: Project) -> None:
    """Of a number, of a text to one never seen before, of a path that was not there."""
    sheets = Sheets()
    assert shown(project, sheets) == dict.fromkeys("abc", (0.1, "adam", 2.0, 0.25))
    change(project, 2, "lr", "float", 0.5)
    change(project, 1, "name", "string", "Lion")
    change(project, 3, "name", "int", 7)
    assert shown(project, sheets) == shown(project, Sheets())
    assert shown(project, sheets)["b"][0] == 0.5
    assert [values[1] for values in shown(project, sheets).values()] == ["Lion", "adam", 7.0]


def test_a_new_run_is_seen(project: Project) -> None:
    """With its values in the columns that were there before it."""
    sheets = Sheets()
    shown(project, sheets)
    project.add("d", {"lr": ("float", 9.0), "name": ("string", "zebra")})
    assert shown(project, sheets)["d"] == (9.0, "zebra", None, None)


def test_a_value_that_was_deleted_is_gone(project: Project) -> None:
    """A column forgets what a run no longer has."""
    sheets = Sheets()
    shown(project, sheets)
    with project.database.write() as connection:
        connection.execute(sa.delete(attributes).where(attributes.c.run_id == 2, attributes.c.type == "string"))
        connection.execute(sa.update(runs).where(runs.c.id == 2).values(modified_ms=now_ms() + 1))
    assert shown(project, sheets)["b"] == (0.1, None, 2.0, 0.25)


def test_a_run_that_was_purged_is_gone(project: Project) -> None:
    """No change tells of it, but the number of runs does."""
    project.add("d")
    sheets = Sheets()
    shown(project, sheets)
    with project.database.write() as connection:
        connection.execute(sa.delete(runs).where(runs.c.key == "d"))
    assert set(shown(project, sheets)) == {"a", "b", "c"}


def test_a_transaction_that_commits_late_is_seen(project: Project) -> None:
    """Its moment lies before that of a change which was seen already."""
    sheets = Sheets()
    change(project, 1, "lr", "float", 1.0)
    shown(project, sheets)
    with project.database.write() as connection:
        connection.execute(
            sa.update(attributes).where(attributes.c.run_id == 2, attributes.c.type == "float").values(number=5.0)
        )
        late = {"modified_ms": now_ms() - store.OVERLAP_MS // 2, "fold_epoch": 1}
        connection.execute(sa.update(runs).where(runs.c.id == 2).values(late))
    assert shown(project, sheets)["b"][0] == 5.0


def test_nothing_is_read_again_while_nothing_changes(project: Project) -> None:
    """The very same columns serve the next request."""
    sheets = Sheets()
    with project.database.read() as connection:
        first = sheets.sheet(connection, project.id, SUBJECTS)
        assert sheets.sheet(connection, project.id, SUBJECTS[:1]) is first


def test_memory_is_bounded(project: Project) -> None:
    """Columns beyond the limit are given up, and read again when they are asked for."""
    sheets = Sheets(memory_bytes=1)
    assert shown(project, sheets) == shown(project, sheets) == dict.fromkeys("abc", (0.1, "adam", 2.0, 0.25))


def test_only_columns_that_are_not_in_memory_are_lacking(project: Project) -> None:
    """What would be read ahead: all at first, then what was never asked for; names come with the runs."""
    sheets = Sheets()
    lr, name = parse_subject("lr"), parse_subject("sys/name")
    assert sheets.lacking(project.id, [lr, name]) == [lr, name]
    with project.database.read() as connection:
        sheets.sheet(connection, project.id, [lr])
    assert sheets.lacking(project.id, [lr, name, parse_subject("loss")]) == [parse_subject("loss")]
