"""HTTP in and out as JSON and binary: `/api`. Handlers find, validate, make one call and respond."""

from __future__ import annotations

from fastapi import APIRouter

from tidelog_server.api import bulk, charts, events, files, health, journal, projects, runs, series, table

router = APIRouter(prefix="/api")
for module in (
    health,
    journal,
    projects,
    table,
    runs,
    series,
    bulk,
    charts,
    events,
    files,
):  # table first: /runs/query is no label
    router.include_router(module.router)
