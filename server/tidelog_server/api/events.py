"""Server-sent events: which of some runs changed, so that an open page asks for what is new and nothing else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from tidelog_server.database import Database
from tidelog_server.runs import writers

router = APIRouter(tags=["events"])

POLL_INTERVAL_S = 1.0  # of the database, so that it does not matter which process received the data
SILENCE_S = 15.0  # after which a comment line keeps proxies from closing the stream


@router.get("/events", response_class=StreamingResponse)
async def watch_runs(
    request: Request, run: Annotated[list[int], Query(min_length=1, max_length=200)]
) -> StreamingResponse:
    """A stream of `changed` events, `{"run": id, "bytes": received so far, "state": ..., "paths": defined so far}`,
    one for each change of each run.
    """
    stream = _changes(request, request.app.state.database, run)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


async def _changes(request: Request, database: Database, run_ids: Sequence[int]) -> AsyncIterator[str]:
    stopping: asyncio.Event = request.app.state.stopping
    known: dict[int, tuple[int, str, int]] = {}
    silent_s = 0.0
    yield "retry: 2000\n\n"
    while not stopping.is_set() and not await request.is_disconnected():
        current = await run_in_threadpool(_versions, database, run_ids)
        for run_id, version in current.items():
            if known.get(run_id, version) != version:
                received, state, defined = version
                change = {"run": run_id, "bytes": received, "state": state, "paths": defined}
                yield f"event: changed\ndata: {json.dumps(change)}\n\n"
                silent_s = 0.0
        known = current
        if silent_s >= SILENCE_S:
            yield ": still here\n\n"
            silent_s = 0.0
        silent_s += POLL_INTERVAL_S
        await _wait(stopping)


async def _wait(stopping: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), POLL_INTERVAL_S)
    except asyncio.TimeoutError:
        return


def _versions(database: Database, run_ids: Sequence[int]) -> dict[int, tuple[int, str, int]]:
    with database.read() as connection:
        return writers.versions(connection, run_ids)
