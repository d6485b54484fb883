"""What a server says of a run itself, whatever a journal assigns at these paths."""

from __future__ import annotations

OF_THE_RUN = frozenset(
    f"sys/{name}"
    for name in (
        "id", "name", "custom_run_id", "state", "creation_time", "ended_time", "modification_time", "running_time",
        "size", "failed", "trashed",
    )
)  # fmt: skip
