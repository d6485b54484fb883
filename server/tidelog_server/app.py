"""The application: the API and the pages over one set of services."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from tidelog_server import api, pages
from tidelog_server.access import AccessControl
from tidelog_server.api import problems
from tidelog_server.bodies import BodyLimit
from tidelog_server.errors import TidelogServerError, UnavailableError
from tidelog_server.pages.problems import show_problem
from tidelog_server.services import Services
from tidelog_server.settings import Settings
from tidelog_server.version import VERSION

DESCRIPTION = "Self-hosted experiment tracking. Binary formats are described in docs/reference."


def create_app(settings: Settings) -> FastAPI:
    """The ASGI application. Its services work while its lifespan lasts."""
    services = Services(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        services.start()
        try:
            yield
        finally:
            app.state.stopping.set()
            await asyncio.to_thread(services.stop)

    app = FastAPI(
        title="tidelog",
        version=VERSION,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.state.settings = settings
    app.state.services = services
    app.state.database = services.database
    app.state.folder = services.folder
    app.state.stopping = asyncio.Event()
    app.add_middleware(BodyLimit)
    app.add_middleware(AccessControl, settings=settings)
    for kind in (TidelogServerError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, _answer)
    app.include_router(api.router)
    app.include_router(pages.router)
    pages.install(app)
    return app


async def _answer(request: Request, error: Exception) -> Response:
    """JSON for programs, a page for people. What the server did wrong is told to its log, and to people in one line."""
    if request.url.path.startswith("/api/"):
        return problems.answer(error)
    problem = problems.problem_of(error)
    if problem.status < 500:
        return show_problem(request, problem)
    return show_problem(
        request, UnavailableError("This page cannot be shown now. The server's log says why; no data is lost.")
    )
