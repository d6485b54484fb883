"""Events and comments of runs, as charts mark them on their x axis."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from tidelog_server.errors import NotFoundError
from tidelog_server.runs.marks import add_comment, delete_comment, marks_of
from tidelog_server.runs.runs import runs_by_id
from tidelog_server.services import Services

router = APIRouter(tags=["marks"])

RUNS = 200
RunId = Annotated[int, Field(ge=1, le=2**62)]


class Comment(BaseModel):
    """What somebody writes about a run, at a step or about all of it."""

    run: RunId
    text: str = Field(min_length=1, max_length=2_000, pattern=r"\S")
    step: float | None = Field(None, ge=-4e12, le=4e12, allow_inf_nan=False)


@router.get("/marks")
def read_marks(request: Request, run: Annotated[list[RunId], Query(min_length=1, max_length=RUNS)]) -> dict[str, Any]:
    """The newest 2,000 events and comments of these runs, in the order of time."""
    services: Services = request.app.state.services
    with services.database.read() as connection:
        return {"marks": [asdict(mark) for mark in marks_of(connection, run)]}


@router.post("/marks", status_code=201)
def write_comment(request: Request, comment: Comment) -> dict[str, int]:
    """Keep a comment on a run."""
    services: Services = request.app.state.services
    with services.database.write() as connection:
        runs_by_id(connection, [comment.run])
        return {"id": add_comment(connection, comment.run, comment.text, step=comment.step, author=None)}


@router.delete("/marks/{mark_id}", status_code=204)
def remove_comment(request: Request, mark_id: RunId) -> None:
    """Delete a comment. What a job has logged cannot be deleted here."""
    services: Services = request.app.state.services
    with services.database.write() as connection:
        if not delete_comment(connection, mark_id):
            raise NotFoundError(f"There is no comment {mark_id}.")
