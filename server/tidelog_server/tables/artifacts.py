"""Artifacts: their versions, what is in these, their aliases, and which runs made and used them."""

from __future__ import annotations

import sqlalchemy as sa

from tidelog_server.tables.schema import Id, Text, metadata

artifacts = sa.Table(
    "artifacts",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("project_id", Id, sa.ForeignKey("projects.id"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("last_version", sa.Integer, nullable=False, server_default="0"),
    sa.UniqueConstraint("project_id", "name"),
)

artifact_versions = sa.Table(
    "artifact_versions",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("artifact_id", Id, sa.ForeignKey("artifacts.id"), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False, comment="SHA-256 over the sorted names, hashes and sizes"),
    sa.Column("files", sa.Integer, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("metadata", sa.Text, comment="a JSON object"),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("artifact_id", "version"),
    sa.UniqueConstraint("artifact_id", "hash"),
)

artifact_files = sa.Table(
    "artifact_files",
    metadata,
    sa.Column("version_id", Id, sa.ForeignKey("artifact_versions.id"), primary_key=True),
    sa.Column("name", Text, primary_key=True, comment="relative, with slashes"),
    sa.Column("hash", sa.Text, nullable=False, comment="SHA-256, or an object store's ETag, as `hash_kind` says"),
    sa.Column("hash_kind", sa.String(16), nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("modified_ms", sa.BigInteger),
    sa.Column("location", sa.Text, comment="where a tracked file lies: file:///... or s3://..."),
    sa.Column("blob_id", Id, sa.ForeignKey("blobs.id"), index=True, comment="of an uploaded one"),
)

artifact_aliases = sa.Table(
    "artifact_aliases",
    metadata,
    sa.Column("artifact_id", Id, sa.ForeignKey("artifacts.id"), primary_key=True),
    sa.Column("alias", Text, primary_key=True),
    sa.Column("version_id", Id, sa.ForeignKey("artifact_versions.id"), nullable=False),
)

artifact_links = sa.Table(
    "artifact_links",
    metadata,
    sa.Column("version_id", Id, sa.ForeignKey("artifact_versions.id"), primary_key=True),
    sa.Column("run_id", Id, sa.ForeignKey("runs.id"), primary_key=True, index=True),
    sa.Column("role", sa.String(8), primary_key=True, comment="made, or used"),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.CheckConstraint(sa.column("role").in_(("made", "used")), name="role"),
)
