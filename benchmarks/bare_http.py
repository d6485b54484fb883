"""An HTTP server that does nothing: takes bytes and gives bytes. What tidelog's server is compared with."""

from __future__ import annotations

from functools import cache

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


async def answer_health(request: Request) -> Response:
    """Say that the server is up."""
    return JSONResponse({"status": "ok"})


async def take_bytes(request: Request) -> Response:
    """Read the body to its end and acknowledge its length."""
    return JSONResponse({"offset": len(await request.body())})


async def give_bytes(request: Request) -> Response:
    """Answer with as many bytes as the query asks for."""
    return Response(_bytes(int(request.query_params["n"])), media_type="application/octet-stream")


@cache
def _bytes(n: int) -> bytes:
    return bytes(n)


app = Starlette(
    routes=[
        Route("/health", answer_health),
        Route("/bytes", take_bytes, methods=["POST"]),
        Route("/bytes", give_bytes, methods=["GET"]),
    ]
)
