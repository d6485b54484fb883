"""What a person asks of a running job: to stop, or to abort. It hears of it in the answer to its next batch."""

from __future__ import annotations

import sqlalchemy as sa

from tidelog_server.clock import now_ms
from tidelog_server.errors import ConflictError
from tidelog_server.runs.runs import Run
from tidelog_server.tables import runs


def ask(connection: sa.Connection, run: Run, request: str | None) -> None:
    """Ask all processes of a run to stop or to abort; None takes it back as long as they have not heard of it.

    Raises `ConflictError` if none of them runs.
    """
    asked = connection.execute(
        sa.update(runs)
        .where(runs.c.id == run.id, runs.c.running_since_ms.is_not(None))
        .values(requested=request, requested_ms=None if request is None else now_ms())
    )
    if not asked.rowcount:
        raise ConflictError(f"{run.label} does not run: its state is {run.state}. Nothing was asked of it.")
