"""What runs hold: series with their chunks, attributes, and events."""

from __future__ import annotations

import sqlalchemy as sa

from tidelog_server.tables.schema import Id, Text, metadata

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
EVENT_KINDS = ("alert", "event", "comment", "notice")
EVENT_LEVELS = ("info", "warning", "error")

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
        "attempt_step",
        sa.BigInteger,
        nullable=False,
        server_default="0",
        comment="the first step that it logged; -2^63: it logged without steps only",
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

past_attempts = sa.Table(
    "past_attempts",
    metadata,
    sa.Column("run_id", Id, sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("path_id", Id, sa.ForeignKey("paths.id"), primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True, comment="that logged to this series before the newest one"),
    sa.Column("first_step", sa.BigInteger, nullable=False, comment="as attempt_step of series"),
    sa.Column("step_last", sa.BigInteger, nullable=False, comment="the greatest step that it logged"),
    sa.Column("behind", sa.LargeBinary, comment="steps before the first that it logged later; see past_attempts.py"),
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
