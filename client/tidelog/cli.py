"""The command `tidelog`: sync, status, server."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from tidelog import __version__
from tidelog.errors import TidelogError
from tidelog.settings import DEFAULT_DIRECTORY, DEFAULT_URL, resolve_directory, resolve_token, resolve_url

if TYPE_CHECKING:
    from tidelog.segments import Origin
    from tidelog.sync import Outcome
    from tidelog.transport import Transport

NOT_ALL_HOME = 1
USAGE = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    if arguments[:1] == ["server"]:
        return _serve(arguments[1:])
    options = _parser().parse_args(arguments)
    try:
        return _sync(options) if options.command == "sync" else _show_status(options)
    except TidelogError as error:
        print(f"tidelog: {error}", file=sys.stderr)
        return USAGE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tidelog", description="Self-hosted experiment tracking.")
    parser.add_argument("--version", action="version", version=f"tidelog {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    sync = commands.add_parser("sync", help="bring home the data of runs that is still on this disk")
    sync.add_argument("--url", help=f"the server (default: TIDELOG_URL, else the run's own, else {DEFAULT_URL})")
    sync.add_argument("--api-token", help="default: TIDELOG_API_TOKEN")
    status = commands.add_parser("status", help="show what is still on this disk")
    for command in (sync, status):
        command.add_argument(
            "--directory", help=f"where the journals are (default: TIDELOG_DIR, else {DEFAULT_DIRECTORY})"
        )
        command.add_argument("--json", action="store_true", help="print one JSON document")
    commands.add_parser("server", help="run the server; tidelog server --help says how", add_help=False)
    return parser


def _serve(argv: list[str]) -> int:
    try:
        from tidelog_server import server_command
    except ModuleNotFoundError as error:
        print(
            f"tidelog: the server is not installed ({error.name} is missing): pip install 'tidelog[server]'",
            file=sys.stderr,
        )
        return USAGE
    return int(server_command.main(argv) or 0)


def _sync(options: argparse.Namespace) -> int:
    from tidelog.sync import sync_journals

    root = resolve_directory(options.directory)
    outcomes = []
    with closing(_Connector(options.url, options.api_token)) as connect:
        for outcome in sync_journals(root, connect):
            outcomes.append(outcome)
            if not options.json:
                _print_outcome(outcome)
    if options.json:
        print(json.dumps({"directory": root, "journals": [outcome._asdict() for outcome in outcomes]}, indent=2))
    elif not outcomes:
        print(f"Nothing to do: there is no journal in {root}.")
    away = sum(not outcome.home and not outcome.live for outcome in outcomes)
    away += sum(outcome.live and outcome.problem is not None for outcome in outcomes)
    if away:
        print(f"tidelog: {away} of {len(outcomes)} journals are not home; they are kept in {root}", file=sys.stderr)
    return NOT_ALL_HOME if away else 0


class _Connector:
    """Gives one transport for each server that journals go to."""

    def __init__(self, url: str | None, api_token: str | None) -> None:
        self._url = url
        self._api_token = resolve_token(api_token)
        self._transports: dict[str, Transport] = {}

    def __call__(self, origin: Origin) -> Transport:
        from tidelog.transport import Transport

        url = resolve_url(self._url or os.environ.get("TIDELOG_URL") or origin.url)
        if url not in self._transports:
            self._transports[url] = Transport(url, self._api_token)
        return self._transports[url]

    def close(self) -> None:
        """Close the connections."""
        for transport in self._transports.values():
            transport.close()


def _print_outcome(outcome: Outcome) -> None:
    name = f"{outcome.project}: {outcome.run}" if outcome.project else outcome.directory
    if outcome.torn_bytes:
        print(
            f"{name}: its process died in the middle of a record. The {outcome.torn_bytes} bytes of it were cut off "
            f"and are kept in {outcome.directory}"
        )
    if outcome.problem:
        print(f"{name}: {outcome.problem}. The data is kept in {outcome.directory}")
    elif outcome.live:
        print(f"{name}: {outcome.sent_bytes:,} bytes sent; its process is still running and sends the rest itself")
    else:
        print(f"{name}: home ({outcome.sent_bytes:,} bytes sent)")


def _show_status(options: argparse.Namespace) -> int:
    from tidelog.status import journal_statuses

    root = resolve_directory(options.directory)
    statuses = list(journal_statuses(root))
    if options.json:
        print(json.dumps({"directory": root, "journals": [status._asdict() for status in statuses]}, indent=2))
        return 0
    if not statuses:
        print(f"There is no journal in {root}: everything is home.")
    for status in statuses:
        state = "running" if status.live else "ended"
        what = (
            status.problem
            or f"{status.pending_records:,} records ({status.pending_bytes:,} bytes) not on the server yet"
        )
        print(f"{status.project}: {status.run} ({state}): {what}\n    {status.directory}")
    return 0
