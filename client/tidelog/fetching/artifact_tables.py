"""Artifacts of a project, from a program: `tidelog.fetch_artifacts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tidelog.fetching.shapes import Column, Values, resolve_output, shaped
from tidelog.settings import resolve_project
from tidelog.shipping.connecting import connected

if TYPE_CHECKING:
    from tidelog.shipping.transport import Transport

COLUMNS = ("name", "version", "aliases", "files", "bytes", "hash", "created", "made_by", "used_by", "description")


def fetch_artifacts(
    project: str | None = None, *, name: str | None = None, output: str | None = None, url: str | None = None,
    api_token: str | None = None,
) -> Any:  # fmt: skip
    """Return the versions of a project's artifacts, or of one by its name, one row each: the newest first.

    Columns are name, version, aliases, files (how many), bytes, hash, created, made_by and used_by (labels of runs)
    and description. `run.use_artifact("name:v3")` gets one to download. `output` as in `fetch_runs_table`.
    """
    chosen_output = resolve_output(output)
    with connected(url, api_token) as server:
        rows = artifact_rows(server, resolve_project(project), name)
    shape: dict[str, Column] = {column: Values([row[column] for row in rows]) for column in COLUMNS}
    return shaped(shape, chosen_output)


def artifact_rows(server: Transport, project: str, name: str | None = None) -> list[dict[str, Any]]:
    """Return the versions of all artifacts, or of one, the newest first."""
    from datetime import datetime, timezone

    rows: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = server.get("/artifacts/catalogue", {"project": project, "after": after})
        rows += [version for version in page["versions"] if name is None or version["name"] == name]
        after = page["next"]
    for row in rows:
        row["created"] = datetime.fromtimestamp(row["created_ms"] / 1000, timezone.utc)
        for column, role in (("made_by", "made"), ("used_by", "used")):
            row[column] = [link["run"] for link in row["links"] if link["role"] == role]
    return rows[::-1]
