"""Projects, their runs, and the processes that write these."""

from __future__ import annotations

import sqlalchemy as sa

from tidelog_server.tables.schema import Id, metadata

RUN_STATES = ("running", "finished", "failed", "crashed")
RUN_KINDS = ("run", "project", "model", "model_version")
RUN_REQUESTS = ("stop", "abort")

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
    # Few of very many runs, which every page of a project counts.
    sa.Index(
        "ix_runs_running",
        "project_id",
        "kind",
        sqlite_where=sa.text("state = 'running' AND trashed_ms IS NULL"),
        postgresql_where=sa.text("state = 'running' AND trashed_ms IS NULL"),
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
    sa.Column("over_ms", sa.BigInteger, comment="when it ended, if it was over before its journal was sent"),
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
