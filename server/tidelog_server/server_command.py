"""`tidelog server`: start the server."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path
from types import FrameType

import uvicorn
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from tidelog_server.access import is_loopback, load_or_make_token
from tidelog_server.app import create_app
from tidelog_server.blobs.objects import InvalidStoreError
from tidelog_server.migrations import NewerSchemaError
from tidelog_server.settings import DEFAULT_DATA, DEFAULT_HOST, DEFAULT_PORT, Settings
from tidelog_server.version import VERSION

BACKLOG = 1024
SHUTDOWN_S = 5  # for requests under way; open event streams end by themselves


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    options = argparse.ArgumentParser(prog="tidelog server", description="Keep runs, and show them in the browser.")
    options.add_argument(
        "--data", type=Path, default=Path(DEFAULT_DATA), help=f"folder of the data (default: {DEFAULT_DATA})"
    )
    options.add_argument("--host", default=DEFAULT_HOST, help=f"address to listen on (default: {DEFAULT_HOST})")
    options.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help=f"port to listen on, 0 for any (default: {DEFAULT_PORT})"
    )
    options.add_argument("--database-url", help="postgresql+psycopg://... in place of SQLite in the data folder")
    options.add_argument("--artifacts", metavar="URL", help="s3://bucket/prefix for files in place of the data folder")
    options.add_argument(
        "--heartbeat-lost-after",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="silence after which a run counts as crashed (default: 60)",
    )
    options.add_argument(
        "--trash-days",
        type=float,
        default=30.0,
        metavar="DAYS",
        help="how long a run lies in the trash before it is deleted for good, 0 for ever (default: 30)",
    )
    return options


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM. The exit status: 0 after that, 1 if the server cannot start."""
    options = parser().parse_args(arguments)
    try:
        listening = listen(options.host, options.port)
    except OSError as error:
        where = f"{options.host}:{options.port}"
        return _fail(
            f"cannot listen on {where}: {error.strerror or error}. Is a server running there? Try another --port."
        )
    settings = _settings(options)
    try:
        app = create_app(settings)
    except OSError as error:
        return _fail(f"the data folder {options.data} cannot be used: {error.strerror or error}.")
    except (InvalidStoreError, NewerSchemaError) as error:
        return _fail(f"{error}.")
    except SQLAlchemyError as error:
        return _fail(f"the database cannot be used: {getattr(error, 'orig', None) or error}. Nothing was changed.")
    port = listening.getsockname()[1]
    host = f"[{options.host}]" if ":" in options.host else options.host
    print(
        f"tidelog {VERSION} serves http://{host}:{port}, data in {options.data.resolve()}. Stop it with Ctrl-C.",
        flush=True,
    )
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=SHUTDOWN_S,
        server_header=False,
        lifespan="on",
    )
    Server(config, app).run(sockets=[listening])
    return 0


class Server(uvicorn.Server):
    """Uvicorn that tells open event streams to end before it waits for requests to be done."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End after SIGINT or SIGTERM."""
        self._app.state.stopping.set()
        super().handle_exit(sig, frame)


def _fail(message: str) -> int:
    print(f"tidelog: {message}", file=sys.stderr)
    return 1


def _settings(options: argparse.Namespace) -> Settings:
    """The settings that the options mean. Off the loopback address a token is needed, and told once."""
    hashed = None
    if not is_loopback(options.host) or os.environ.get("TIDELOG_SERVER_TOKEN"):
        hashed, token = load_or_make_token(options.data, os.environ.get("TIDELOG_SERVER_TOKEN"))
        if token is not None:
            print(f"tidelog: this token opens the server and is shown only now: {token}", flush=True)
    return Settings(
        data=options.data,
        database_url=options.database_url,
        artifacts=options.artifacts,
        token_hash=hashed,
        heartbeat_lost_after_ms=round(options.heartbeat_lost_after * 1000),
        trash_days=max(0.0, options.trash_days),
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to this address, port 0 for a free one. Raises `OSError` if that cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named so that asyncio knows TCP and sends answers at once; without, each waits for 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)  # from here on connections wait for the application to start, and none is refused
    except OSError:
        listening.close()
        raise
    return listening
