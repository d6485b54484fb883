"""The runs that an address names by label, in its order."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from tidelog_server.errors import RunNotFoundError
from tidelog_server.runs.projects import Project
from tidelog_server.runs.runs import Run, as_run, select_runs
from tidelog_server.tables import runs

MAX_RUNS = 200  # on one page
LABEL_DIGITS = 9


def runs_by_label(connection: sa.Connection, project: Project, labels: Sequence[str]) -> list[Run]:
    """The runs of this project with these labels, in one statement. `RunNotFoundError` if one is missing."""
    numbers = {number for label in labels if (number := number_in(label, project.key)) is not None}
    rows = connection.execute(
        select_runs().where(
            runs.c.project_id == project.id,
            runs.c.kind == "run",
            runs.c.trashed_ms.is_(None),
            runs.c.number.in_(numbers),
        )
    )
    found = {run.label: run for run in map(as_run, rows)}
    for label in labels:
        if label not in found:
            raise RunNotFoundError(
                f"There is no run {label[:80]!r} in {project.name!r}. "
                "Choose runs in the table of the project, then compare them."
            )
    return [found[label] for label in dict.fromkeys(labels)]


def run_ids_by_label(connection: sa.Connection, project: Project, labels: Sequence[str]) -> list[int]:
    """The numbers in the database of those of these runs that there are, in the order of the labels."""
    rows = connection.execute(
        sa.select(runs.c.label, runs.c.id).where(runs.c.project_id == project.id, runs.c.label.in_(labels))
    )
    found = {row.label: row.id for row in rows}
    return [found[label] for label in labels if label in found]


def number_in(label: str, key: str) -> int | None:
    """The 3 in MNIST-3, where MNIST is the key of the project."""
    prefix, _, digits = label.rpartition("-")
    if prefix != key or not (digits.isascii() and digits.isdigit()) or len(digits) > LABEL_DIGITS:
        return None
    return int(digits)
