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
RUN_KINDS = ("run", "project", "model", "model_version")
RUN_REQUESTS = ("stop", "abort")
SERIES_TYPES = ("float_series", "string_series", "histogram_series", "file_series")
ATTRIBUTE_TYPES = (
    "float",
    "int",
    "bool",
    "string",
    "datetime",
    "string_set",
    *SERIES_TYPES,
    "file",
    "file_set",
    "artifact",
    "git_ref",
)
FILE_STATES = ("expected", "received", "lost", "dropped")
EVENT_KINDS = ("alert", "event", "comment", "notice")
EVENT_LEVELS = ("info", "warning", "error")
DASHBOARD_KINDS = ("dashboard", "report")

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
    sa.Column(
        "kind", sa.String(16), nullable=False, server_default="run", comment="what logs: models are logged to too"
    ),
    sa.Column("number", sa.Integer, nullable=False, comment="a run's, by project; a model version's, by model; else 0"),
    sa.Column(
        "label", sa.String(100), nullable=False, unique=True, comment="MNIST-3; model MNIST-NET, version MNIST-NET-3"
    ),
    sa.Column("parent_id", Id, sa.ForeignKey("runs.id"), comment="the model of a model version"),
    sa.Column("fork_run_id", Id, sa.ForeignKey("runs.id"), index=True, comment="the run that this one was forked from"),
    sa.Column("fork_step", sa.BigInteger, comment="the greatest step that is inherited from there"),
    sa.Column(
        "inherits_epoch",
        sa.BigInteger,
        nullable=False,
        server_default="0",
        comment="raised when what it inherits may have changed",
    ),
    sa.Column(
        "inherited_epoch",
        sa.BigInteger,
        nullable=False,
        server_default="0",
        comment="inherits_epoch when its series were last worked out",
    ),
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
    sa.Column("modified_ms", sa.BigInteger, comment="when the last batch was folded or a person changed something"),
    sa.Column("trashed_ms", sa.BigInteger, comment="when it was put in the trash; NULL: it is not there"),
    sa.Column("requested", sa.String(16), comment="what a person asks of the job"),
    sa.Column("requested_ms", sa.BigInteger),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0", comment="number of the newest attempt"),
    sa.Column("series_bytes", sa.BigInteger, nullable=False, server_default="0", comment="storage, as last counted"),
    sa.Column("attribute_bytes", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("file_bytes", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("counted_epoch", sa.BigInteger, nullable=False, server_default="-1", comment="fold_epoch when counted"),
    sa.Column("counted_ms", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column(
        "last_number", sa.Integer, nullable=False, server_default="0", comment="a model's: of its newest version"
    ),
    sa.Column("ran_ms", sa.BigInteger, nullable=False, server_default="0", comment="how long its writers lived so far"),
    sa.Column("running_since_ms", sa.BigInteger, comment="begin of the life that is not in ran_ms; NULL: nobody runs"),
    sa.Column(
        "purge_ms", sa.BigInteger, comment="when it was to be purged: gone for everybody, its rows go bit by bit"
    ),
    sa.UniqueConstraint("project_id", "kind", "key"),
    # Runs in the trash are in no list, so that lists are read and counted without looking at rows.
    sa.Index(
        "ix_runs_project_id_kind_number",
        "project_id",
        "kind",
        "number",
        sqlite_where=sa.text("trashed_ms IS NULL"),
        postgresql_where=sa.text("trashed_ms IS NULL"),
    ),
    # What maintenance has to do, so that it need not look at every run to find out.
    sa.Index(
        "ix_runs_uncompacted",
        "id",
        sqlite_where=sa.text("compacted_epoch != fold_epoch"),
        postgresql_where=sa.text("compacted_epoch != fold_epoch"),
    ),
    sa.Index(
        "ix_runs_uncounted",
        "counted_ms",
        sqlite_where=sa.text("counted_epoch != fold_epoch"),
        postgresql_where=sa.text("counted_epoch != fold_epoch"),
    ),
    sa.Index(
        "ix_runs_unsettled",
        "id",
        sqlite_where=sa.text("inherited_epoch != inherits_epoch"),
        postgresql_where=sa.text("inherited_epoch != inherits_epoch"),
    ),
    sa.Index(
        "ix_runs_purge_ms",
        "purge_ms",
        sqlite_where=sa.text("purge_ms IS NOT NULL"),
        postgresql_where=sa.text("purge_ms IS NOT NULL"),
    ),
    sa.Index("ix_runs_parent_id", "parent_id"),
    sa.CheckConstraint(sa.column("state").in_(RUN_STATES), name="state"),
    sa.CheckConstraint(sa.column("kind").in_(RUN_KINDS), name="kind"),
    sa.CheckConstraint(sa.column("requested").in_(RUN_REQUESTS), name="requested"),
    sa.Index("ix_runs_trashed_ms", "trashed_ms"),
    sa.Index("ix_runs_state", "state"),
    sa.Index("ix_runs_project_id_modified_ms", "project_id", "modified_ms"),
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
    sa.Column("records", sa.BigInteger, nullable=False, server_default="0", comment="points and values received"),
    sa.Column("state", sa.String(16), nullable=False, server_default="running"),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0", comment="of its run, that it belongs to"),
    sa.Column("dropped", sa.BigInteger, nullable=False, server_default="0", comment="records a full disk refused"),
    sa.Column("created_ms", sa.BigInteger, nullable=False, comment="by the client's clock"),
    sa.Column("ended_ms", sa.BigInteger, comment="by the client's clock; a vanished writer: when last heard of"),
    sa.Column("seen_ms", sa.BigInteger, nullable=False, comment="last batch or heartbeat"),
    sa.Column(
        "origin", sa.String(16), comment="imported: its name where it was exported; empty: a later import replaced it"
    ),
    sa.CheckConstraint(sa.column("state").in_(RUN_STATES), name="state"),
    sa.Index("ix_writers_state_seen_ms", "state", "seen_ms"),
)

purged_writers = sa.Table(
    "purged_writers",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True, comment="of a writer of a purged run, which gets told so"),
    sa.Column("label", sa.String(100), nullable=False, index=True, comment="of the run, as no other run ever has it"),
    sa.Column("purged_ms", sa.BigInteger, nullable=False),
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
    sa.Column("type", sa.String(20), nullable=False, server_default="float_series"),
    sa.Column(
        "abandoned_by",
        sa.Integer,
        nullable=False,
        server_default="0",
        comment="0: the curve; -1: a fork's own part of it; else the attempt that left this stretch behind",
    ),
    sa.Column(
        "attempt", sa.Integer, nullable=False, server_default="0", comment="the newest attempt that logged to the curve"
    ),
    sa.Column(
        "attempt_step", sa.BigInteger, nullable=False, server_default="0", comment="the first step that it logged"
    ),
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
    sa.UniqueConstraint("run_id", "path_id", "abandoned_by"),
    sa.CheckConstraint(sa.column("type").in_(SERIES_TYPES), name="type"),
)

inherited_series = sa.Table(
    "inherited_series",
    metadata,
    sa.Column("run_id", Id, sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False, comment="what a fork inherits; see series/inheritance.py"),
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

object_chunks = sa.Table(
    "object_chunks",
    metadata,
    sa.Column("series_id", Id, primary_key=True),
    sa.Column("step_min", sa.BigInteger, primary_key=True),
    sa.Column("run_id", Id, primary_key=True, comment="in the key so that the table can be partitioned by run"),
    sa.Column("step_max", sa.BigInteger, nullable=False),
    sa.Column("time_min", sa.BigInteger, nullable=False),
    sa.Column("time_max", sa.BigInteger, nullable=False),
    sa.Column("points", sa.Integer, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False, comment="of the values, before compression"),
    sa.Column("data", sa.LargeBinary, nullable=False, comment="steps, times and values that are bytes, compressed"),
    sa.Column("words", sa.LargeBinary, comment="of texts: a filter of their words; see search/filters.py"),
)

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

events = sa.Table(
    "events",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("run_id", Id, sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("level", sa.String(16), nullable=False, server_default="info"),
    sa.Column("time_ms", sa.BigInteger, nullable=False),
    sa.Column("step", sa.BigInteger),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False, server_default=""),
    sa.Column("author", sa.Text, comment="of a comment"),
    sa.CheckConstraint(sa.column("kind").in_(EVENT_KINDS), name="kind"),
    sa.CheckConstraint(sa.column("level").in_(EVENT_LEVELS), name="level"),
    sa.Index("ix_events_run_id_time_ms", "run_id", "time_ms", "id"),
)

saved_views = sa.Table(
    "saved_views",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("project_id", Id, sa.ForeignKey("projects.id"), nullable=False),
    sa.Column("name", Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False, comment="the query of a page's address: what it shows"),
    sa.Column("author", sa.Text),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("modified_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("project_id", "name"),
)

attributes = sa.Table(
    "attributes",
    metadata,
    sa.Column("run_id", Id, sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("path_id", Id, sa.ForeignKey("paths.id"), primary_key=True),
    sa.Column("project_id", Id, sa.ForeignKey("projects.id"), nullable=False),
    sa.Column("type", sa.String(20), nullable=False),
    sa.Column("number", sa.Double, comment="float, int, bool as 0/1, datetime as ms; a float series' last value"),
    sa.Column("text", Text, comment="string; int exactly, in decimal; string sets and what refers to files as JSON"),
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

dashboards = sa.Table(
    "dashboards",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("project_id", Id, sa.ForeignKey("projects.id"), nullable=False, index=True),
    sa.Column(
        "run_id", Id, sa.ForeignKey("runs.id"), index=True, comment="the run that it is about; NULL: the project"
    ),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False, comment="JSON; see dashboards/content.py"),
    sa.Column("version", sa.Integer, nullable=False, server_default="1", comment="raised by every change"),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("changed_ms", sa.BigInteger, nullable=False),
    sa.CheckConstraint(sa.column("kind").in_(DASHBOARD_KINDS), name="kind"),
)

frozen_widgets = sa.Table(
    "frozen_widgets",
    metadata,
    sa.Column("dashboard_id", Id, sa.ForeignKey("dashboards.id"), primary_key=True),
    sa.Column("widget", sa.Integer, primary_key=True),
    sa.Column("html", sa.Text, nullable=False, comment="as this server drew it"),
    sa.Column("frozen_ms", sa.BigInteger, nullable=False),
)
