"""Groups of runs, and what they amount to."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contract.test_table import Project
from tidelog_server.database import Database
from tidelog_server.query.parser import parse_subject
from tidelog_server.sheets import groups
from tidelog_server.sheets.groups import Group, groups_of, spread_of
from tidelog_server.sheets.store import Sheets
from tidelog_server.sheets.table import select


@pytest.fixture
def project(database: Database) -> Project:
    """Runs of two optimizers, one that names none, one whose is a number."""
    made = Project(database)
    for key, optimizer, lr in (("a", "adam", 0.1), ("b", "sgd", 0.2), ("c", "adam", 0.3), ("d", "adam", None)):
        values = {"optimizer": ("string", optimizer)} | ({} if lr is None else {"lr": ("float", lr)})
        made.add(key, values)
    made.add("e", {"lr": ("float", 0.5)})
    made.add("f", {"optimizer": ("float", 3.0)})
    return made


def grouped(project: Project, by: str) -> tuple[list[Group], int]:
    """The groups of all runs, with the spread of their lr."""
    subject, lr = parse_subject(by), parse_subject("lr")
    with project.database.read() as connection:
        selection = select(connection, Sheets(), project.id, more=[subject, lr])
    return groups_of(selection.sheet, selection.places, subject, [lr])


def test_runs_of_one_value_are_one_group(project: Project) -> None:
    """Texts, numbers and nothing are values of their own; the greatest group comes first."""
    found, hidden = grouped(project, "optimizer")
    assert [(group.value, len(group.places)) for group in found[:1]] == [("adam", 3)]
    assert {(group.value, len(group.places)) for group in found} == {("adam", 3), ("sgd", 1), (None, 1), (3.0, 1)}
    assert hidden == 0


def test_aggregates_leave_out_runs_without_a_number(project: Project) -> None:
    """And say of how many runs they are."""
    spread = grouped(project, "optimizer")[0][0].spreads[0]
    assert spread is not None
    assert (spread.count, spread.min, spread.max) == (2, 0.1, 0.3)
    assert spread.mean == pytest.approx(0.2)
    assert spread.deviation == pytest.approx(0.2 / 2**0.5)
    assert spread_of(np.array([np.nan])) is None


def test_groups_beyond_the_limit_are_counted(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left out without being said."""
    monkeypatch.setattr(groups, "MAX_GROUPS", 2)
    found, hidden = grouped(project, "lr")
    assert (len(found), hidden) == (2, 3)
