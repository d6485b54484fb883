"""Contents, the files of runs that refer to them, and sets of files."""

from __future__ import annotations

import sqlalchemy as sa

from tidelog_server.tables.schema import Id, Text, metadata

FILE_STATES = ("expected", "received", "lost", "dropped")

blobs = sa.Table(
    "blobs",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("sha256", sa.String(64), nullable=False, unique=True),
    sa.Column(
        "key", sa.String(80), nullable=False, unique=True, comment="where it lies in the store; never used twice"
    ),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
)

files = sa.Table(
    "files",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("run_id", Id, sa.ForeignKey("runs.id"), nullable=False, index=True),
    sa.Column("writer_id", Id, sa.ForeignKey("writers.id"), nullable=False),
    sa.Column("number", sa.Integer, nullable=False, comment="by which the writer's journal refers to it"),
    sa.Column("blob_id", Id, sa.ForeignKey("blobs.id"), index=True, comment="NULL until it has arrived in full"),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("problem", sa.Text, comment="why it is lost, or what happened to it on the way"),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.String(64), comment="as the client says"),
    sa.Column(
        "artifact", sa.Text, comment="what the client says of the artifact that this manifest describes, as JSON"
    ),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("writer_id", "number"),
    sa.CheckConstraint(sa.column("state").in_(FILE_STATES), name="state"),
)

file_parts = sa.Table(
    "file_parts",
    metadata,
    sa.Column("file_id", Id, sa.ForeignKey("files.id"), primary_key=True),
    sa.Column("position", sa.BigInteger, primary_key=True),
    sa.Column("bytes", sa.BigInteger, nullable=False),
)

file_set_entries = sa.Table(
    "file_set_entries",
    metadata,
    sa.Column("run_id", Id, sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("path_id", Id, sa.ForeignKey("paths.id"), primary_key=True),
    sa.Column("name", Text, primary_key=True, comment="relative, with slashes"),
    sa.Column("writer_id", Id, sa.ForeignKey("writers.id"), nullable=False),
    sa.Column("number", sa.Integer, nullable=False, comment="files.number of that writer"),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("modified_ms", sa.BigInteger, nullable=False),
)
