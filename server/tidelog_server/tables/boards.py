"""What people arrange: saved views, dashboards and reports."""

from __future__ import annotations

import sqlalchemy as sa

from tidelog_server.tables.schema import Id, Text, metadata

DASHBOARD_KINDS = ("dashboard", "report")

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
