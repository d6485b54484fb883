"""Options that several commands have, each with one name and one meaning."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from tidelog.settings import DEFAULT_DIRECTORY, DEFAULT_PROJECT, DEFAULT_URL
from tidelog.shipping.connecting import connected

if TYPE_CHECKING:
    from tidelog.shipping.transport import Transport

Commands = argparse._SubParsersAction  # what add_subparsers returns has no public name

EXIT_STATUSES = """exit status: 0 done; 1 done in part: something is not home, differs, or could not be had;
2 wrong arguments, or refused by the server; 3 no such project, run or attribute;
4 the server does not answer, or is busy; 5 access denied; 130 interrupted"""


def add_command(
    commands: Commands[argparse.ArgumentParser],
    name: str,
    summary: str,
    perform: Callable[[argparse.Namespace], int],
    *,
    example: str = "",
) -> argparse.ArgumentParser:
    """Add a command with its help, the exit statuses and an example below it."""
    shown = f"example:\n  {example}\n\n" if example else ""
    parser = commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=shown + EXIT_STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(perform=perform)
    return parser


def add_server_options(parser: argparse.ArgumentParser) -> None:
    """Add --url and --api-token."""
    parser.add_argument("--url", help=f"the server (default: TIDELOG_URL, else {DEFAULT_URL})")
    parser.add_argument("--api-token", metavar="TOKEN", help="default: TIDELOG_API_TOKEN")


def add_project_option(parser: argparse.ArgumentParser) -> None:
    """Add --project."""
    parser.add_argument("--project", help=f"default: TIDELOG_PROJECT, else {DEFAULT_PROJECT}")


def add_directory_option(parser: argparse.ArgumentParser) -> None:
    """Add --directory."""
    parser.add_argument("--directory", help=f"where the journals are (default: TIDELOG_DIR, else {DEFAULT_DIRECTORY})")


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """Add --json."""
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def add_usual_options(parser: argparse.ArgumentParser, *, project: bool = False, directory: bool = False) -> None:
    """Add what most commands that speak to a server have: where it is, --json, and --project or --directory."""
    if project:
        add_project_option(parser)
    add_server_options(parser)
    if directory:
        add_directory_option(parser)
    add_json_option(parser)


def server_of(options: argparse.Namespace) -> Transport:
    """Return a connection to the server that the options name."""
    return connected(options.url, options.api_token)
