"""`tidelog sync`: bring home the data of runs that is still on this disk."""

from __future__ import annotations

import argparse
import os
from contextlib import closing
from typing import TYPE_CHECKING

from tidelog.commands.options import Commands, add_command, add_directory_option, add_json_option
from tidelog.commands.printing import print_json, say
from tidelog.commands.statuses import DONE, NOT_ALL
from tidelog.settings import DEFAULT_URL, resolve_directory, resolve_token, resolve_url

if TYPE_CHECKING:
    from tidelog.journal.segments import Origin
    from tidelog.shipping.sync import Outcome
    from tidelog.shipping.transport import Transport


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "sync",
        "bring home the data of runs that is still on this disk",
        bring_home,
        example="tidelog sync --directory /scratch/job-17/.tidelog",
    )
    parser.add_argument("--url", help=f"the server (default: TIDELOG_URL, else the run's own, else {DEFAULT_URL})")
    parser.add_argument("--api-token", metavar="TOKEN", help="default: TIDELOG_API_TOKEN")
    parser.add_argument(
        "--keep", action="store_true", help="leave the journals on disk, for tidelog verify; tidelog clear removes them"
    )
    add_directory_option(parser)
    add_json_option(parser)


def bring_home(options: argparse.Namespace) -> int:
    """Ship every journal; a server that is away for one of them leaves its journal as it is."""
    from tidelog.shipping.sync import sync_journals

    root = resolve_directory(options.directory)
    outcomes = []
    with closing(Connector(options.url, options.api_token)) as connect:
        for outcome in sync_journals(root, connect, keep=options.keep):
            outcomes.append(outcome)
            if not options.json:
                _print_outcome(outcome)
    if options.json:
        print_json({"directory": root, "journals": [outcome._asdict() for outcome in outcomes]})
    elif not outcomes:
        print(f"Nothing to do: there is no journal in {root}.")
    away = sum(not outcome.home and not outcome.live for outcome in outcomes)
    away += sum(outcome.live and outcome.problem is not None for outcome in outcomes)
    if away:
        say(f"{away} of {len(outcomes)} journals are not home; they are kept in {root}")
    return NOT_ALL if away else DONE


class Connector:
    """Gives one transport for each server that journals go to."""

    def __init__(self, url: str | None, api_token: str | None) -> None:
        self._url = url
        self._api_token = resolve_token(api_token)
        self._transports: dict[str, Transport] = {}

    def __call__(self, origin: Origin) -> Transport:
        """Return the transport for a journal."""
        from tidelog.shipping.transport import Transport

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
        files = (
            f", {outcome.sent_files:,} {'file' if outcome.sent_files == 1 else 'files'}" if outcome.sent_files else ""
        )
        print(f"{name}: home ({outcome.sent_bytes:,} bytes sent{files})")
