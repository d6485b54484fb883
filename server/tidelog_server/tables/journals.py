"""What came from writers and is not folded yet, and the paths that they name."""

from __future__ import annotations

import sqlalchemy as sa

from tidelog_server.tables.schema import Id, metadata

ingest_log = sa.Table(
    "ingest_log",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("run_id", Id, sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("writer_id", Id, sa.ForeignKey("writers.id"), nullable=False),
    sa.Column("first_path", sa.Integer, nullable=False, comment="paths that the writer had defined before this batch"),
    sa.Column("points", sa.Integer, nullable=False),
    sa.Column("received_ms", sa.BigInteger, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False, comment="zlib-compressed journal bytes, whole records"),
    sa.Index("ix_ingest_log_run_id_id", "run_id", "id"),
    sqlite_autoincrement=True,  # an id is never used twice: decoded batches are cached by it
)

paths = sa.Table(
    "paths",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("project_id", Id, sa.ForeignKey("projects.id"), nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.UniqueConstraint("project_id", "path"),
)

writer_paths = sa.Table(
    "writer_paths",
    metadata,
    sa.Column("writer_id", Id, sa.ForeignKey("writers.id"), primary_key=True),
    sa.Column("first", sa.Integer, primary_key=True, comment="path number in the journal of path_ids[0]"),
    sa.Column("path_ids", sa.LargeBinary, nullable=False, comment="int64 array: paths.id by path number"),
)
