"""HTTP in and out as JSON and binary: `/api`. Handlers find, validate, make one call and respond."""

from __future__ import annotations

from fastapi import APIRouter

from tidelog_server.api import charts, events, health, journal, projects, runs, series

router = APIRouter(prefix="/api")
for module in (health, journal, projects, runs, series, charts, events):
    router.include_router(module.router)
