"""Whether the server works."""

from __future__ import annotations

from typing import Literal

import sqlalchemy as sa
from fastapi import APIRouter, Request
from pydantic import BaseModel

from tidelog_server.version import VERSION

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The server works, and is of this version."""

    status: Literal["ok"] = "ok"
    version: str


@router.get("/health")
def read_health(request: Request) -> Health:
    """Answer once the database can be read."""
    with request.app.state.database.read() as connection:
        connection.execute(sa.select(1))
    return Health(version=VERSION)
