"""HTML: the pages of tidelog, rendered on the server. JSON and binary answers are the API's."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from tidelog_server.pages import (
    artifacts,
    compare,
    dashboard_forms,
    dashboards,
    deletion,
    login,
    models,
    objects,
    projects,
    run,
    run_forms,
    runs_table,
    search,
    sketch,
    trash,
)
from tidelog_server.pages.assets import Assets
from tidelog_server.pages.problems import PageRoute, missing_page
from tidelog_server.pages.security import SecurityHeaders
from tidelog_server.pages.table import download, views
from tidelog_server.pages.templating import environment

router = APIRouter(include_in_schema=False)
# The runs table comes last: the name of a project may hold slashes.
for module in (
    projects,
    login,
    artifacts,
    objects,
    run,
    run_forms,
    deletion,
    trash,
    models,
    compare,
    dashboards,
    dashboard_forms,
    sketch,
    search,
    views,
    download,
    runs_table,
):
    router.include_router(module.router)

_rest = APIRouter(route_class=PageRoute)


@_rest.get("/{path:path}")
def show_missing_page(request: Request, path: str) -> Response:
    """Every address that nothing else answers. Below /api that is the API's to say."""
    if path == "api" or path.startswith("api/"):
        raise HTTPException(404)
    raise missing_page(f"/{path}")


def install(app: FastAPI) -> None:
    """Make `app` serve what pages need: templates, static files, security headers, and a page for what does not exist.

    Call it after all routers are included, since its last route answers every address that is left.
    """
    assets = Assets()
    assets.warn_if_not_built()
    app.state.assets = assets
    app.state.templates = environment(assets)
    app.mount("/static", assets, name="static")
    app.include_router(_rest, include_in_schema=False)
    app.add_middleware(SecurityHeaders)
