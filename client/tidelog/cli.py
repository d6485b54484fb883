"""The command `tidelog`: hands over to one module of `commands`, and turns errors into messages and exit statuses."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from tidelog import __version__
from tidelog.commands import (
    artifacts,
    clear,
    export,
    files,
    import_runs,
    metrics,
    models,
    run,
    runs,
    server,
    status,
    sync,
    trash,
    verify,
)
from tidelog.commands.options import EXIT_STATUSES
from tidelog.commands.printing import say
from tidelog.commands.statuses import DONE, INTERRUPTED, status_of
from tidelog.errors import TidelogError

COMMANDS = (runs, run, metrics, files, models, artifacts, export, import_runs, sync, status, verify, clear, trash)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    if arguments[:1] == ["server"]:
        return server.serve(arguments[1:])
    options = parser().parse_args(arguments)
    try:
        perform: int = options.perform(options)
        sys.stdout.flush()
        return perform
    except TidelogError as error:
        say(str(error))
        return status_of(error)
    except BrokenPipeError:  # whoever read the output has enough of it, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        say("interrupted")
        return INTERRUPTED


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    whole = argparse.ArgumentParser(
        prog="tidelog",
        description="Self-hosted experiment tracking.",
        epilog=EXIT_STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=f"tidelog {__version__}")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    commands.add_parser("server", help="run the server; tidelog server --help says how", add_help=False)
    return whole
