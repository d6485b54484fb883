"""Errors as JSON: the one table from what went wrong to what the client is told."""

from __future__ import annotations

import json
import logging
from typing import Any, NamedTuple

from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from tidelog_server.errors import TidelogServerError

logger = logging.getLogger("tidelog.server")

RETRY_AFTER_S = 2
UNSTORABLE = "The request holds a text or a number that no database can keep. Nothing was stored."
HTTP_ERRORS = {
    400: ("invalid_request", "The request cannot be read. Nothing was stored."),
    404: ("not_found", "There is nothing at this address. /api/openapi.json lists what there is."),
    405: ("method_not_allowed", "This address does not take this method. /api/openapi.json lists what it takes."),
}


class Problem(NamedTuple):
    """What a request is answered with that did not work out."""

    status: int
    code: str
    message: str
    details: dict[str, object]


def answer(error: Exception) -> Response:
    """What a request is answered with that ended in this error: `{"error": {"code", "message", ...}}`."""
    status, code, message, details = problem_of(error)
    headers = {"Retry-After": str(RETRY_AFTER_S)} if status in (429, 503, 507) else {}
    body = {"error": {"code": code, "message": message, **details}}
    return Response(json.dumps(body), status_code=status, media_type="application/json", headers=headers)


def problem_of(error: Exception) -> Problem:
    """What this error is to the one who asked. What is the server's own fault goes to its log."""
    if isinstance(error, TidelogServerError):
        return Problem(error.status, error.code, error.message, error.details)
    if isinstance(error, RequestValidationError):
        return Problem(422, "invalid_request", _sentence(error), {"problems": _problems(error)})
    if isinstance(error, HTTPException):
        code, message = HTTP_ERRORS.get(error.status_code, ("http_error", str(error.detail)))
        return Problem(error.status_code, code, message, {})
    if isinstance(error, DataError):
        return Problem(400, "invalid_request", UNSTORABLE, {})
    if isinstance(error, OperationalError):
        logger.error("The database cannot be used: %s", error.orig)
        message = "The database cannot be used now. Nothing was stored; try again later."
        return Problem(503, "unavailable", message, {})
    logger.error("A request failed for a reason that nobody foresaw.", exc_info=error)
    return Problem(
        500, "internal_error", "The server failed at this request. Nothing of it was stored; its log says why.", {}
    )


def _problems(error: RequestValidationError) -> list[dict[str, Any]]:
    return [{"where": ".".join(map(str, item["loc"])), "what": item["msg"]} for item in error.errors()]


def _sentence(error: RequestValidationError) -> str:
    first = _problems(error)[0]
    return f"The request cannot be understood: {first['where']}: {first['what']}. Nothing was stored."
