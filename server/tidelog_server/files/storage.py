"""What files take: by run, for accounts of storage."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from tidelog_server.tables import artifact_links, artifact_versions, files


def file_bytes(connection: sa.Connection, run_ids: Iterable[int]) -> dict[int, int]:
    """For each of these runs that has any, the bytes of its files that have arrived. Equal contents count in each."""
    query = (
        sa.select(files.c.run_id, sa.func.sum(files.c.bytes))
        .where(files.c.run_id.in_(list(run_ids)), files.c.state == "received")
        .group_by(files.c.run_id)
    )
    return {run_id: int(size) for run_id, size in connection.execute(query)}


def artifact_bytes(connection: sa.Connection, run_ids: Iterable[int]) -> dict[int, int]:
    """For each of these runs that made any, the bytes of the artifact versions that it made, tracked ones too."""
    query = (
        sa.select(artifact_links.c.run_id, sa.func.sum(artifact_versions.c.bytes))
        .join(artifact_versions, artifact_versions.c.id == artifact_links.c.version_id)
        .where(artifact_links.c.run_id.in_(list(run_ids)), artifact_links.c.role == "made")
        .group_by(artifact_links.c.run_id)
    )
    return {run_id: int(size) for run_id, size in connection.execute(query)}
