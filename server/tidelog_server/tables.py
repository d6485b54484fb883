"""The schema: every table of tidelog, as SQLAlchemy Core objects.

Times are integers of milliseconds since 1970 UTC (`*_ms`), steps integers of millionths (`step_*`). Alembic's
migrations make the same schema; a test compares the two.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# SQLite gives automatic numbers only to a column declared INTEGER; elsewhere ids are 64 bits.
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# Compared byte by byte on every engine, so that order and equality can use an index.
Text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

RUN_STATES = ("running", "finished", "failed", "crashed")
ATTRIBUTE_TYPES = ("float", "int", "bool", "string", "datetime", "string_set", "float_series")

projects = sa.Table(
    "projects",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("name", sa.String(255), nullable=False, unique=True),
    sa.Column("key", sa.String(32), nullable=False, unique=True, comment="prefix of run labels: MNIST in MNIST-3"),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("last_number", sa.Integer, nullable=False, server_default="0", comment="number of the newest run"),
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("project_id", Id, sa.ForeignKey("projects.id"), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("key", sa.String(255), nullable=False, comment="custom_run_id, or random"),
    sa.Column("name", sa.Text, nullable=False, comment="copy of sys/name, for lists"),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("error", sa.Text, comment="traceback of a failed run"),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("ended_ms", sa.BigInteger),
    sa.Column("fold_epoch", sa.BigInteger, nullable=False, server_default="0", comment="raised by every fold"),
    sa.Column(
        "compacted_epoch", sa.BigInteger, nullable=False, server_default="0", comment="fold_epoch when last compacted"
    ),
    sa.Column(
        "points",
        sa.BigInteger,
        nullable=False,
        server_default="0",
        comment="points received, counting overwritten ones",
    ),
    sa.UniqueConstraint("project_id", "key"),
    sa.UniqueConstraint("project_id", "number"),
    sa.CheckConstraint(sa.column("state").in_(RUN_STATES), name="state"),
    sa.Index("ix_runs_state", "state"),
    sa.Index("ix_runs_project_id_created_ms", "project_id", "created_ms", "id"),
)

writers = sa.Table(
    "writers",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("run_id", Id, sa.ForeignKey("runs.id"), nullable=False, index=True),
    sa.Column("name", sa.String(64), nullable=False, unique=True, comment="random id chosen by the client"),
    sa.Column("host", sa.Text),
    sa.Column("pid", sa.BigInteger),
    sa.Column("position", sa.BigInteger, nullable=False, server_default="0", comment="bytes of the stream committed"),
    sa.Column("defined_paths", sa.Integer, nullable=False, server_default="0"),
    sa.Column("state", sa.String(16), nullable=False, server_default="running"),
    sa.Column("dropped", sa.BigInteger, nullable=False, server_default="0", comment="records a full disk refused"),
    sa.Column("created_ms", sa.BigInteger, nullable=False, comment="by the client's clock"),
    sa.Column("ended_ms", sa.BigInteger, comment="by the client's clock; a vanished writer: when last heard of"),
    sa.Column("seen_ms", sa.BigInteger, nullable=False, comment="last batch or heartbeat"),
    sa.CheckConstraint(sa.column("state").in_(RUN_STATES), name="state"),
)

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

series = sa.Table(
    "series",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("run_id", Id, sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("path_id", Id, sa.ForeignKey("paths.id"), nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False, comment="points now in the series, one per step"),
    sa.Column("step_last", sa.BigInteger, nullable=False, comment="greatest step"),
    sa.Column("open_step", sa.BigInteger, comment="step_min of the last chunk"),
    sa.Column("open_points", sa.Integer, nullable=False, comment="points in the last chunk"),
    sa.Column("last", sa.Double, comment="value at the greatest step; aggregates below are over finite values"),
    sa.Column("min", sa.Double),
    sa.Column("max", sa.Double),
    sa.Column("mean", sa.Double),
    sa.Column("m2", sa.Double, comment="sum of squared deviations from the mean"),
    sa.Column("finite", sa.BigInteger, nullable=False, comment="points that are neither NaN nor infinite"),
    sa.UniqueConstraint("run_id", "path_id"),
)

chunks = sa.Table(
    "chunks",
    metadata,
    sa.Column("series_id", Id, primary_key=True),
    sa.Column("step_min", sa.BigInteger, primary_key=True),
    sa.Column("run_id", Id, primary_key=True, comment="in the key so that the table can be partitioned by run"),
    sa.Column("step_max", sa.BigInteger, nullable=False),
    sa.Column("time_min", sa.BigInteger, nullable=False),
    sa.Column("time_max", sa.BigInteger, nullable=False),
    sa.Column("points", sa.Integer, nullable=False),
    sa.Column("finite", sa.Integer, nullable=False),
    sa.Column("min", sa.Double),
    sa.Column("max", sa.Double),
    sa.Column("mean", sa.Double),
    sa.Column("m2", sa.Double),
    sa.Column("coarse", sa.LargeBinary, comment="summaries of 1,024 points; see series/pyramid.py"),
    sa.Column("fine", sa.LargeBinary, comment="summaries of 128 points"),
    sa.Column("data", sa.LargeBinary, nullable=False, comment="steps, times, values; see series/codec.py"),
)

attributes = sa.Table(
    "attributes",
    metadata,
    sa.Column("run_id", Id, sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("path_id", Id, sa.ForeignKey("paths.id"), primary_key=True),
    sa.Column("project_id", Id, sa.ForeignKey("projects.id"), nullable=False),
    sa.Column("type", sa.String(16), nullable=False),
    sa.Column("number", sa.Double, comment="float, int, bool as 0/1, datetime as ms; a float series' last value"),
    sa.Column("text", Text, comment="string; int exactly, in decimal; string set as a JSON array"),
    sa.CheckConstraint(sa.column("type").in_(ATTRIBUTE_TYPES), name="type"),
    # The type stands last in both, so that a filter need not look at the row.
    sa.Index(
        "ix_attributes_number",
        "project_id",
        "path_id",
        "number",
        "run_id",
        "type",
        sqlite_where=sa.text("number IS NOT NULL"),
        postgresql_where=sa.text("number IS NOT NULL"),
    ),
    sa.Index(
        "ix_attributes_text",
        "project_id",
        "path_id",
        sa.text("substr(text, 1, 200)"),
        "run_id",
        "type",
        sqlite_where=sa.text("number IS NULL"),
        postgresql_where=sa.text("number IS NULL"),
    ),
)
