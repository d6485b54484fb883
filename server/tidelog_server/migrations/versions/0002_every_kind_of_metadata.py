"""every kind of metadata"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
EXACT_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
RUN_STATES = ("running", "finished", "failed", "crashed")
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


def upgrade() -> None:
    _create_files()
    _create_file_parts()
    _create_file_sets()
    _create_artifacts()
    _create_artifact_files()
    _create_events()
    _create_object_chunks()
    _create_saved_views()
    _create_dashboards()
    _create_inherited_series()
    _create_past_attempts()
    _create_purged_writers()
    _widen_attributes()
    _widen_runs()
    _widen_series()
    _widen_writers()


def downgrade() -> None:
    raise NotImplementedError("what the newer schema holds has no place in the older one; restore a backup instead")


def _create_files() -> None:
    op.create_table(
        "blobs",
        sa.Column("id", ID, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False, comment="where it lies in the store; never used twice"),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blobs")),
        sa.UniqueConstraint("key", name=op.f("uq_blobs_key")),
        sa.UniqueConstraint("sha256", name=op.f("uq_blobs_sha256")),
    )
    op.create_table(
        "files",
        sa.Column("id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("writer_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="by which the writer's journal refers to it"),
        sa.Column(
            "blob_id",
            ID,
            comment="NULL until it has arrived in full",
        ),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("problem", sa.Text(), comment="why it is lost, or what happened to it on the way"),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), comment="as the client says"),
        sa.Column(
            "artifact",
            sa.Text(),
            comment="what the client says of the artifact that this manifest describes, as JSON",
        ),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state IN ('expected', 'received', 'lost', 'dropped')", name=op.f("ck_files_state")),
        sa.ForeignKeyConstraint(["blob_id"], ["blobs.id"], name=op.f("fk_files_blob_id_blobs")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_files_run_id_runs")),
        sa.ForeignKeyConstraint(["writer_id"], ["writers.id"], name=op.f("fk_files_writer_id_writers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_files")),
        sa.UniqueConstraint("writer_id", "number", name=op.f("uq_files_writer_id_number")),
    )
    with op.batch_alter_table("files", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_files_blob_id"), ["blob_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_files_run_id"), ["run_id"], unique=False)


def _create_file_parts() -> None:
    op.create_table(
        "file_parts",
        sa.Column("file_id", ID, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name=op.f("fk_file_parts_file_id_files")),
        sa.PrimaryKeyConstraint("file_id", "position", name=op.f("pk_file_parts")),
    )


def _create_file_sets() -> None:
    op.create_table(
        "file_set_entries",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("path_id", ID, nullable=False),
        sa.Column(
            "name",
            EXACT_TEXT,
            nullable=False,
            comment="relative, with slashes",
        ),
        sa.Column("writer_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="files.number of that writer"),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("modified_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["path_id"], ["paths.id"], name=op.f("fk_file_set_entries_path_id_paths")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_file_set_entries_run_id_runs")),
        sa.ForeignKeyConstraint(["writer_id"], ["writers.id"], name=op.f("fk_file_set_entries_writer_id_writers")),
        sa.PrimaryKeyConstraint("run_id", "path_id", "name", name=op.f("pk_file_set_entries")),
    )


def _create_artifacts() -> None:
    op.create_table(
        "artifacts",
        sa.Column("id", ID, nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_version", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_artifacts_project_id_projects")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifacts")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_artifacts_project_id_name")),
    )
    op.create_table(
        "artifact_versions",
        sa.Column("id", ID, nullable=False),
        sa.Column("artifact_id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "hash", sa.String(length=64), nullable=False, comment="SHA-256 over the sorted names, hashes and sizes"
        ),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("metadata", sa.Text(), comment="a JSON object"),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["artifact_id"], ["artifacts.id"], name=op.f("fk_artifact_versions_artifact_id_artifacts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifact_versions")),
        sa.UniqueConstraint("artifact_id", "hash", name=op.f("uq_artifact_versions_artifact_id_hash")),
        sa.UniqueConstraint("artifact_id", "version", name=op.f("uq_artifact_versions_artifact_id_version")),
    )
    op.create_table(
        "artifact_aliases",
        sa.Column("artifact_id", ID, nullable=False),
        sa.Column("alias", EXACT_TEXT, nullable=False),
        sa.Column("version_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["artifact_id"], ["artifacts.id"], name=op.f("fk_artifact_aliases_artifact_id_artifacts")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["artifact_versions.id"], name=op.f("fk_artifact_aliases_version_id_artifact_versions")
        ),
        sa.PrimaryKeyConstraint("artifact_id", "alias", name=op.f("pk_artifact_aliases")),
    )


def _create_artifact_files() -> None:
    op.create_table(
        "artifact_files",
        sa.Column("version_id", ID, nullable=False),
        sa.Column(
            "name",
            EXACT_TEXT,
            nullable=False,
            comment="relative, with slashes",
        ),
        sa.Column("hash", sa.Text(), nullable=False, comment="SHA-256, or an object store's ETag, as `hash_kind` says"),
        sa.Column("hash_kind", sa.String(length=16), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("modified_ms", sa.BigInteger()),
        sa.Column("location", sa.Text(), comment="where a tracked file lies: file:///... or s3://..."),
        sa.Column("blob_id", ID, comment="of an uploaded one"),
        sa.ForeignKeyConstraint(["blob_id"], ["blobs.id"], name=op.f("fk_artifact_files_blob_id_blobs")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["artifact_versions.id"], name=op.f("fk_artifact_files_version_id_artifact_versions")
        ),
        sa.PrimaryKeyConstraint("version_id", "name", name=op.f("pk_artifact_files")),
    )
    with op.batch_alter_table("artifact_files", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_artifact_files_blob_id"), ["blob_id"], unique=False)
    op.create_table(
        "artifact_links",
        sa.Column("version_id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False, comment="made, or used"),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("role IN ('made', 'used')", name=op.f("ck_artifact_links_role")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_artifact_links_run_id_runs")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["artifact_versions.id"], name=op.f("fk_artifact_links_version_id_artifact_versions")
        ),
        sa.PrimaryKeyConstraint("version_id", "run_id", "role", name=op.f("pk_artifact_links")),
    )
    with op.batch_alter_table("artifact_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_artifact_links_run_id"), ["run_id"], unique=False)


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("level", sa.String(length=16), server_default="info", nullable=False),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.BigInteger()),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("author", sa.Text(), comment="of a comment"),
        sa.CheckConstraint("kind IN ('alert', 'event', 'comment', 'notice')", name=op.f("ck_events_kind")),
        sa.CheckConstraint("level IN ('info', 'warning', 'error')", name=op.f("ck_events_level")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_events_run_id_runs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index("ix_events_run_id_time_ms", ["run_id", "time_ms", "id"], unique=False)


def _create_object_chunks() -> None:
    op.create_table(
        "object_chunks",
        sa.Column("series_id", ID, nullable=False),
        sa.Column("step_min", sa.BigInteger(), nullable=False),
        sa.Column(
            "run_id",
            ID,
            nullable=False,
            comment="in the key so that the table can be partitioned by run",
        ),
        sa.Column("step_max", sa.BigInteger(), nullable=False),
        sa.Column("time_min", sa.BigInteger(), nullable=False),
        sa.Column("time_max", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False, comment="of the values, before compression"),
        sa.Column(
            "data", sa.LargeBinary(), nullable=False, comment="steps, times and values that are bytes, compressed"
        ),
        sa.Column("words", sa.LargeBinary(), comment="of texts: a filter of their words; see search/filters.py"),
        sa.PrimaryKeyConstraint("series_id", "step_min", "run_id", name=op.f("pk_object_chunks")),
    )


def _create_saved_views() -> None:
    op.create_table(
        "saved_views",
        sa.Column("id", ID, nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("name", EXACT_TEXT, nullable=False),
        sa.Column("address", sa.Text(), nullable=False, comment="the query of a page's address: what it shows"),
        sa.Column("author", sa.Text()),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("modified_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_saved_views_project_id_projects")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_saved_views_project_id_name")),
    )


def _create_past_attempts() -> None:
    op.create_table(
        "past_attempts",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("path_id", ID, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False, comment="that logged to this series before the newest one"),
        sa.Column("first_step", sa.BigInteger(), nullable=False, comment="as attempt_step of series"),
        sa.Column("step_last", sa.BigInteger(), nullable=False, comment="the greatest step that it logged"),
        sa.Column(
            "behind", sa.LargeBinary(), comment="steps before the first that it logged later; see past_attempts.py"
        ),
        sa.ForeignKeyConstraint(["path_id"], ["paths.id"], name=op.f("fk_past_attempts_path_id_paths")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_past_attempts_run_id_runs")),
        sa.PrimaryKeyConstraint("run_id", "path_id", "attempt", name=op.f("pk_past_attempts")),
    )


def _create_inherited_series() -> None:
    op.create_table(
        "inherited_series",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False, comment="what a fork inherits; see series/inheritance.py"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_inherited_series_run_id_runs")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_inherited_series")),
    )


def _create_purged_writers() -> None:
    op.create_table(
        "purged_writers",
        sa.Column(
            "name",
            sa.String(length=64),
            nullable=False,
            comment="of a writer of a purged run, which gets told so",
        ),
        sa.Column("label", sa.String(length=100), nullable=False, comment="of the run, as no other run ever has it"),
        sa.Column("purged_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_purged_writers")),
    )
    op.create_index(op.f("ix_purged_writers_label"), "purged_writers", ["label"], unique=False)


def _create_dashboards() -> None:
    op.create_table(
        "dashboards",
        sa.Column("id", ID, nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("run_id", ID, comment="the run that it is about; NULL: the project"),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False, comment="JSON; see dashboards/content.py"),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False, comment="raised by every change"),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        _one_of("dashboards", "kind", ("dashboard", "report")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_dashboards_project_id_projects")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_dashboards_run_id_runs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dashboards")),
    )
    op.create_index(op.f("ix_dashboards_project_id"), "dashboards", ["project_id"])
    op.create_index(op.f("ix_dashboards_run_id"), "dashboards", ["run_id"])
    op.create_table(
        "frozen_widgets",
        sa.Column("dashboard_id", ID, nullable=False),
        sa.Column("widget", sa.Integer(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False, comment="as this server drew it"),
        sa.Column("frozen_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dashboard_id"], ["dashboards.id"], name=op.f("fk_frozen_widgets_dashboard_id_dashboards")
        ),
        sa.PrimaryKeyConstraint("dashboard_id", "widget", name=op.f("pk_frozen_widgets")),
    )


def _widen_attributes() -> None:
    """More types, and longer names for them."""
    check = _one_of("attributes", "type", ATTRIBUTE_TYPES)
    if _on_sqlite():
        _copy_attributes(check)
        return
    op.drop_constraint(op.f("ck_attributes_type"), "attributes", type_="check")
    op.alter_column(
        "attributes", "type", existing_type=sa.String(length=16), type_=sa.String(length=20), existing_nullable=False
    )
    op.alter_column(
        "attributes",
        "text",
        existing_type=sa.Text(),
        comment="string; int exactly, in decimal; string sets and what refers to files as JSON",
        existing_comment="string; int exactly, in decimal; string set as a JSON array",
    )
    op.create_check_constraint(str(check.name), "attributes", check.sqltext)


def _copy_attributes(check: sa.CheckConstraint) -> None:
    """SQLite alters a table by a copy of it, which is spelled out: whether the constraint before is found there, and
    kept beside the new one, differs between versions of SQLAlchemy.
    """
    op.drop_index("ix_attributes_number", "attributes")
    op.drop_index("ix_attributes_text", "attributes")
    table = sa.Table(
        "attributes",
        sa.MetaData(),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("path_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("number", sa.Double()),
        sa.Column("text", sa.Text()),
        check,
        sa.ForeignKeyConstraint(["path_id"], ["paths.id"], name=op.f("fk_attributes_path_id_paths")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_attributes_project_id_projects")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_attributes_run_id_runs")),
        sa.PrimaryKeyConstraint("run_id", "path_id", name=op.f("pk_attributes")),
    )
    with op.batch_alter_table("attributes", copy_from=table, recreate="always"):
        pass
    numbers = ["project_id", "path_id", "number", "run_id", "type"]
    texts: list[Any] = ["project_id", "path_id", sa.text("substr(text, 1, 200)"), "run_id", "type"]
    op.create_index("ix_attributes_number", "attributes", numbers, sqlite_where=sa.text("number IS NOT NULL"))
    op.create_index("ix_attributes_text", "attributes", texts, sqlite_where=sa.text("number IS NULL"))


def _widen_runs() -> None:
    added = (
        *_columns_of_kinds(),
        *_columns_of_forks(),
        *_columns_of_requests(),
        *_columns_of_storage(),
        *_columns_of_life(),
    )
    with op.batch_alter_table("runs", table_args=(_one_of("runs", "state", RUN_STATES),)) as batch_op:
        for column in added:
            batch_op.add_column(column)
    _label_runs()
    _time_runs()
    _date_runs()
    _constrain_runs()
    _index_runs()


def _columns_of_kinds() -> Iterator[sa.Column[Any]]:
    yield sa.Column(
        "kind",
        sa.String(length=16),
        server_default="run",
        nullable=False,
        comment="what logs: models are logged to too",
    )
    yield sa.Column("label", sa.String(length=100), comment="MNIST-3; model MNIST-NET, version MNIST-NET-3")
    yield sa.Column("parent_id", ID, comment="the model of a model version")
    yield _number("last_number", "a model's: of its newest version", kind=sa.Integer())


def _columns_of_forks() -> Iterator[sa.Column[Any]]:
    yield sa.Column("fork_run_id", ID, comment="the run that this one was forked from")
    yield sa.Column("fork_step", sa.BigInteger(), comment="the greatest step that is inherited from there")
    yield _number("inherits_epoch", "raised when what it inherits may have changed")
    yield _number("inherited_epoch", "inherits_epoch when its series were last worked out")


def _columns_of_requests() -> Iterator[sa.Column[Any]]:
    yield sa.Column(
        "modified_ms", sa.BigInteger(), comment="when the last batch was folded or a person changed something"
    )
    yield sa.Column("trashed_ms", sa.BigInteger(), comment="when it was put in the trash; NULL: it is not there")
    yield sa.Column(
        "purge_ms", sa.BigInteger(), comment="when it was to be purged: gone for everybody, its rows go bit by bit"
    )
    yield sa.Column("requested", sa.String(length=16), comment="what a person asks of the job")
    yield sa.Column("requested_ms", sa.BigInteger())


def _columns_of_storage() -> Iterator[sa.Column[Any]]:
    yield _number("series_bytes", "storage, as last counted")
    yield _number("attribute_bytes")
    yield _number("file_bytes")
    yield _number("counted_epoch", "fold_epoch when counted", default="-1")
    yield _number("counted_ms")


def _columns_of_life() -> Iterator[sa.Column[Any]]:
    yield _number("attempt", "number of the newest attempt", kind=sa.Integer())
    yield _number("ran_ms", "how long its writers lived so far")
    yield sa.Column(
        "running_since_ms", sa.BigInteger(), comment="begin of the life that is not in ran_ms; NULL: nobody runs"
    )


def _constrain_runs() -> None:
    checks = (
        _one_of("runs", "state", RUN_STATES),
        _one_of("runs", "kind", ("run", "project", "model", "model_version")),
        _one_of("runs", "requested", ("stop", "abort")),
    )
    with op.batch_alter_table("runs", table_args=checks) as batch_op:
        batch_op.alter_column("label", existing_type=sa.String(length=100), nullable=False)
        batch_op.alter_column(
            "number", existing_type=sa.Integer(), comment="a run's, by project; a model version's, by model; else 0"
        )
        batch_op.drop_constraint(batch_op.f("uq_runs_project_id_number"), type_="unique")
        batch_op.create_index(batch_op.f("ix_runs_fork_run_id"), ["fork_run_id"], unique=False)
        batch_op.drop_constraint(batch_op.f("uq_runs_project_id_key"), type_="unique")
        batch_op.create_unique_constraint(batch_op.f("uq_runs_project_id_kind_key"), ["project_id", "kind", "key"])
        batch_op.create_index("ix_runs_parent_id", ["parent_id"], unique=False)
        batch_op.create_index("ix_runs_trashed_ms", ["trashed_ms"], unique=False)
        batch_op.create_index("ix_runs_project_id_modified_ms", ["project_id", "modified_ms"], unique=False)
        batch_op.create_unique_constraint(batch_op.f("uq_runs_label"), ["label"])
        batch_op.create_foreign_key(batch_op.f("fk_runs_fork_run_id_runs"), "runs", ["fork_run_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_runs_parent_id_runs"), "runs", ["parent_id"], ["id"])
    _add_checks("runs", *checks[1:])


def _index_runs() -> None:
    for name, columns, condition in (
        ("ix_runs_project_id_kind_number", ["project_id", "kind", "number"], "trashed_ms IS NULL"),
        ("ix_runs_running", ["project_id", "kind"], "state = 'running' AND trashed_ms IS NULL"),
        ("ix_runs_purge_ms", ["purge_ms"], "purge_ms IS NOT NULL"),
        ("ix_runs_uncompacted", ["id"], "compacted_epoch != fold_epoch"),
        ("ix_runs_uncounted", ["counted_ms"], "counted_epoch != fold_epoch"),
        ("ix_runs_unsettled", ["id"], "inherited_epoch != inherits_epoch"),
    ):
        where = sa.text(condition)
        op.create_index(name, "runs", columns, unique=False, sqlite_where=where, postgresql_where=where)


def _widen_series() -> None:
    check = _one_of("series", "type", SERIES_TYPES)
    with op.batch_alter_table("series", table_args=(check,)) as batch_op:
        batch_op.add_column(sa.Column("type", sa.String(length=20), server_default="float_series", nullable=False))
        batch_op.add_column(
            _number(
                "abandoned_by",
                "0: the curve; -1: a fork's own part of it; else the attempt that left this stretch behind",
                kind=sa.Integer(),
            )
        )
        batch_op.add_column(_number("attempt", "the newest attempt that logged to the curve", kind=sa.Integer()))
        batch_op.add_column(
            _number("attempt_step", "the first step that it logged; -2^63: it logged without steps only")
        )
        batch_op.drop_constraint(batch_op.f("uq_series_run_id_path_id"), type_="unique")
        batch_op.create_unique_constraint(
            batch_op.f("uq_series_run_id_path_id_abandoned_by"), ["run_id", "path_id", "abandoned_by"]
        )
    _add_checks("series", check)
    first = "SELECT min(step_min) FROM chunks WHERE chunks.series_id = series.id"
    op.execute(f"UPDATE series SET attempt_step = coalesce(({first}), 0)")


def _widen_writers() -> None:
    with op.batch_alter_table("writers", table_args=(_one_of("writers", "state", RUN_STATES),)) as batch_op:
        batch_op.add_column(_number("attempt", "of its run, that it belongs to", kind=sa.Integer()))
        batch_op.add_column(
            sa.Column("over_ms", sa.BigInteger(), comment="when it ended, if it was over before its journal was sent")
        )
        batch_op.add_column(_number("records", "points and values received"))
        batch_op.add_column(
            sa.Column(
                "origin",
                sa.String(length=16),
                comment="imported: its name where it was exported; empty: a later import replaced it",
            )
        )
        batch_op.create_index("ix_writers_state_seen_ms", ["state", "seen_ms"], unique=False)


def _number(
    name: str, comment: str | None = None, *, kind: sa.types.TypeEngine[Any] | None = None, default: str = "0"
) -> sa.Column[Any]:
    """A column of numbers that each row has."""
    return sa.Column(name, kind or sa.BigInteger(), server_default=default, nullable=False, comment=comment)


def _date_runs() -> None:
    runs = sa.table("runs", sa.column("modified_ms"), sa.column("created_ms"), sa.column("ended_ms"))
    op.execute(sa.update(runs).values(modified_ms=sa.func.coalesce(runs.c.ended_ms, runs.c.created_ms)))


def _label_runs() -> None:
    runs, projects = (
        sa.table("runs", sa.column("project_id"), sa.column("number"), sa.column("label")),
        sa.table("projects", sa.column("id"), sa.column("key")),
    )
    key = sa.select(projects.c.key).where(projects.c.id == runs.c.project_id).scalar_subquery()
    op.execute(sa.update(runs).values(label=key + "-" + sa.cast(runs.c.number, sa.String)))


def _time_runs() -> None:
    """Say how long the runs ran that ended before there was a column for it."""
    runs = sa.table(
        "runs", *(sa.column(name) for name in ("state", "created_ms", "ended_ms", "ran_ms", "running_since_ms"))
    )
    op.execute(
        sa.update(runs).where(runs.c.ended_ms > runs.c.created_ms).values(ran_ms=runs.c.ended_ms - runs.c.created_ms)
    )
    op.execute(sa.update(runs).where(runs.c.state == "running").values(running_since_ms=runs.c.created_ms))


def _on_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _one_of(table: str, column: str, values: tuple[str, ...]) -> sa.CheckConstraint:
    return sa.CheckConstraint(sa.column(column).in_(values), name=op.f(f"ck_{table}_{column}"))


def _add_checks(table: str, *checks: sa.CheckConstraint) -> None:
    """Add constraints where a table is altered in place; on SQLite they came with its copy."""
    if not _on_sqlite():
        for check in checks:
            op.create_check_constraint(str(check.name), table, check.sqltext)
