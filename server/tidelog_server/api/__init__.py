"""HTTP in and out as JSON and binary: `/api`. Handlers find, validate, make one call and respond."""

from __future__ import annotations

from fastapi import APIRouter

from tidelog_server.api import (
    artifacts,
    attempts,
    bulk,
    charts,
    dashboards,
    events,
    files,
    health,
    journal,
    marks,
    objects,
    projects,
    run_files,
    runs,
    search,
    series,
    table,
    tags,
    trash,
    verification,
    views,
)

# The table comes before runs: /runs/query is no label.
MODULES = (
    health,
    journal,
    marks,
    projects,
    table,
    trash,
    tags,
    runs,
    attempts,
    series,
    objects,
    bulk,
    charts,
    dashboards,
    views,
    events,
    files,
    search,
    verification,
    run_files,
    artifacts,
)

router = APIRouter(prefix="/api")
for module in MODULES:
    router.include_router(module.router)
