"""Errors on the way to a page become a page: what happened and where to go from there, never a trace."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Path
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from tidelog_server.api.problems import Problem
from tidelog_server.errors import InvalidRequestError, NotFoundError, TidelogServerError
from tidelog_server.pages.templating import render
from tidelog_server.runs.projects import project_above

# The number of something stored, as a part of an address; beyond it nothing is looked up.
StoredId = Annotated[int, Path(ge=1, le=2**62)]
TITLES = {400: "This address is not right", 401: "Log in first", 403: "Not from here", 404: "Not here"}


@dataclass(frozen=True)
class ProblemPage:
    """The context of pages/problem.html."""

    title: str
    status: int
    message: str
    project: str | None  # that the address is below


class PageRoute(APIRoute):
    """A route whose errors are shown as HTML; those of the API stay JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with its errors turned into pages."""
        handle = super().get_route_handler()

        async def handle_or_explain(request: Request) -> Response:
            try:
                return await handle(request)
            except TidelogServerError as error:
                return await _explain(request, error)
            except RequestValidationError as error:
                wrong = ", ".join(str(part["loc"][-1]) for part in error.errors())
                message = f"The address lacks a part, or has one that cannot be understood: {wrong}."
                return await _explain(request, InvalidRequestError(message))

        return handle_or_explain


async def _explain(request: Request, error: TidelogServerError) -> Response:
    return await run_in_threadpool(lambda: show_problem(request, error, _project_above(request)))


def _project_above(request: Request) -> str | None:
    """The project from which a wrong address of a part of it can be put right."""
    path = request.url.path
    if not path.startswith("/projects/"):
        return None
    with request.app.state.database.read() as connection:
        return project_above(connection, path.removeprefix("/projects/"))


def show_problem(request: Request, error: TidelogServerError | Problem, project: str | None = None) -> Response:
    """The page that explains this error."""
    page = ProblemPage(
        title=TITLES.get(error.status, "That did not work"),
        status=error.status,
        message=error.message,
        project=project,
    )
    return render(request, "pages/problem.html", page, status=error.status)


def missing_page(path: str) -> NotFoundError:
    """The error of an address that no page has."""
    return NotFoundError(f"There is no page at {path[:200]}. The list of projects leads to everything that there is.")
