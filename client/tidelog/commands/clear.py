"""`tidelog clear`: remove journals from this disk."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from tidelog.commands.options import Commands, add_command, add_directory_option, add_json_option
from tidelog.commands.printing import print_json, say
from tidelog.commands.statuses import DONE, NOT_ALL, WRONG
from tidelog.settings import resolve_directory

if TYPE_CHECKING:
    from tidelog.exchange.clearing import ClearableJournal


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "clear",
        "remove journals from this disk: those that are home, and others only when told twice",
        clear_journals,
        example="tidelog clear --directory /scratch/job-17/.tidelog",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="also those of ended runs that the server does not have in full. Their data is lost; asks before it does",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_directory_option(parser)
    add_json_option(parser)


def clear_journals(options: argparse.Namespace) -> int:
    """Remove what is home; of the rest say what it is, or remove it when that was confirmed."""
    from tidelog.exchange.clearing import clearable_journals, remove_journal

    root = resolve_directory(options.directory)
    found = list(clearable_journals(root))
    at_risk = [journal for journal in found if not journal.home and not journal.live]
    if options.all and at_risk and not options.yes:
        pending = sum(journal.pending_bytes for journal in at_risk)
        question = f"{len(at_risk)} journals hold {pending:,} bytes that no server has. Remove them for ever? [y/N] "
        if not sys.stdin.isatty():
            say("there is nobody to ask: --all removes data that no server has, and needs --yes here")
            return WRONG
        if input(question).strip().lower() not in ("y", "yes"):
            say("nothing was removed")
            return NOT_ALL
    removed: list[ClearableJournal] = []
    kept: list[ClearableJournal] = []
    for journal in found:
        wanted = journal.home or (options.all and not journal.live)
        (removed if wanted and remove_journal(journal) else kept).append(journal)
    if options.json:
        print_json({
            "directory": root,
            "removed": [journal._asdict() for journal in removed],
            "kept": [journal._asdict() for journal in kept],
        })  # fmt: skip
    else:
        for journal in kept:
            why = "its process is running" if journal.live else f"{journal.pending_bytes:,} bytes are not home"
            print(f"{journal.project}: {journal.run}: kept, {journal.problem or why}\n    {journal.directory}")
        print(f"{len(removed)} journals removed, {len(kept)} kept.")
    return NOT_ALL if kept else DONE
