"""The schema: every table of tidelog, as SQLAlchemy Core objects.

Times are integers of milliseconds since 1970 UTC (`*_ms`), steps integers of millionths (`step_*`). Alembic's
migrations make the same schema; a test compares the two.
"""

from __future__ import annotations

from tidelog_server.tables.artifacts import (
    artifact_aliases,
    artifact_files,
    artifact_links,
    artifact_versions,
    artifacts,
)
from tidelog_server.tables.boards import (
    DASHBOARD_KINDS,
    dashboards,
    frozen_widgets,
    saved_views,
)
from tidelog_server.tables.files import (
    FILE_STATES,
    blobs,
    file_parts,
    file_set_entries,
    files,
)
from tidelog_server.tables.journals import (
    ingest_log,
    paths,
    writer_paths,
)
from tidelog_server.tables.runs import (
    RUN_KINDS,
    RUN_REQUESTS,
    RUN_STATES,
    projects,
    purged_writers,
    runs,
    writers,
)
from tidelog_server.tables.schema import metadata
from tidelog_server.tables.series import (
    ATTRIBUTE_TYPES,
    EVENT_KINDS,
    EVENT_LEVELS,
    SERIES_TYPES,
    attributes,
    chunks,
    events,
    inherited_series,
    object_chunks,
    past_attempts,
    series,
)

__all__ = [
    "ATTRIBUTE_TYPES",
    "DASHBOARD_KINDS",
    "EVENT_KINDS",
    "EVENT_LEVELS",
    "FILE_STATES",
    "RUN_KINDS",
    "RUN_REQUESTS",
    "RUN_STATES",
    "SERIES_TYPES",
    "artifact_aliases",
    "artifact_files",
    "artifact_links",
    "artifact_versions",
    "artifacts",
    "attributes",
    "blobs",
    "chunks",
    "dashboards",
    "events",
    "file_parts",
    "file_set_entries",
    "files",
    "frozen_widgets",
    "ingest_log",
    "inherited_series",
    "metadata",
    "object_chunks",
    "past_attempts",
    "paths",
    "projects",
    "purged_writers",
    "runs",
    "saved_views",
    "series",
    "writer_paths",
    "writers",
]
