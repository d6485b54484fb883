"""`tidelog status`: which journals are on this disk, and how much of them the server does not have."""

from __future__ import annotations

import argparse

from tidelog.commands.options import Commands, add_command, add_directory_option, add_json_option
from tidelog.commands.printing import print_json
from tidelog.commands.statuses import DONE
from tidelog.messages import size
from tidelog.settings import resolve_directory


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = add_command(
        commands, "status", "show what is still on this disk", show_status, example="tidelog status --json"
    )
    add_directory_option(parser)
    add_json_option(parser)


def show_status(options: argparse.Namespace) -> int:
    """Print the journals; nothing is changed, and no server is asked."""
    from tidelog.exchange.status import journal_statuses

    root = resolve_directory(options.directory)
    statuses = list(journal_statuses(root))
    if options.json:
        print_json({"directory": root, "journals": [status._asdict() for status in statuses]})
        return DONE
    if not statuses:
        print(f"There is no journal in {root}: everything is home.")
    for status in statuses:
        state = "running" if status.live else "ended"
        what = f"{status.pending_records:,} records ({status.pending_bytes:,} bytes)"
        if status.pending_files:
            files = "file" if status.pending_files == 1 else "files"
            what += f" and {status.pending_files:,} {files} ({size(status.pending_file_bytes)})"
        what = status.problem or f"{what} not on the server yet"
        print(f"{status.project}: {status.run} ({state}): {what}\n    {status.directory}")
    return DONE
