"""Addresses of pages, so that the API and the pages agree on them."""

from __future__ import annotations

from urllib.parse import quote

from tidelog_server.runs.runs import Run


def project_url(project: str) -> str:
    """The runs table of a project."""
    return f"/projects/{quote(project, safe='')}"


def run_url(run: Run) -> str:
    """The page of a run."""
    return f"{project_url(run.project)}/runs/{quote(run.label, safe='')}"


def dashboard_url(project: str, dashboard_id: int) -> str:
    """The page of a dashboard or report."""
    return f"{project_url(project)}/dashboards/{dashboard_id}"
