"""`tidelog verify`: whether the server has what was logged."""

from __future__ import annotations

import argparse
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tidelog.commands.options import Commands, add_command, add_usual_options, server_of
from tidelog.commands.printing import print_json
from tidelog.commands.progress import Progress
from tidelog.commands.statuses import DONE, NOT_ALL
from tidelog.commands.sync import Connector
from tidelog.fetching.writers import writers_of
from tidelog.paths import quoted
from tidelog.settings import resolve_directory

if TYPE_CHECKING:
    from tidelog.exchange.verifying import Verification
    from tidelog.shipping.transport import Transport


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "verify",
        "compare journals on this disk with the server, record by record; with labels, check runs on the server",
        verify,
        example="tidelog sync --keep; tidelog verify; tidelog clear",
    )
    parser.add_argument("runs", nargs="*", help="labels of runs to check on the server, without a journal")
    add_usual_options(parser, directory=True)


def verify(options: argparse.Namespace) -> int:
    """Compare the journals, or check the runs that are named; status 1 if anything is not as it should be."""
    return _check_runs(options) if options.runs else _compare_journals(options)


def _compare_journals(options: argparse.Namespace) -> int:
    from tidelog.exchange.verifying import verify_journal
    from tidelog.journal.segments import find_journals

    root = resolve_directory(options.directory)
    folders = find_journals(root)
    found: list[Verification] = []
    with closing(Connector(options.url, options.api_token)) as connect, Progress("verifying", len(folders)) as progress:
        for folder in folders:
            try:
                found.append(verify_journal(folder, connect))
            except FileNotFoundError:
                continue  # it went home meanwhile
            progress.advance(note=str(found[-1].run))
    if options.json:
        journals = [{**journal._asdict(), "complete": journal.complete} for journal in found]
        print_json({"directory": root, "journals": journals})
    else:
        for journal in found:
            _print_journal(journal)
        if not found:
            print(f"There is no journal in {root}. `tidelog verify MNIST-3` checks a run on the server.")
    return DONE if all(journal.complete for journal in found) else NOT_ALL


def _print_journal(journal: Verification) -> None:
    name = f"{journal.project}: {journal.run}"
    print(f"{name}: received {journal.received:,} of {journal.records:,} records")
    if journal.files:
        print(f"    received {journal.received_files:,} of {journal.files:,} files")
    if journal.pending_files:
        print(f"    {journal.pending_files:,} files have not arrived yet; tidelog sync sends them")
    if journal.problem:
        print(f"    {journal.problem}")
    if journal.pending:
        print(f"    {journal.pending:,} are not sent yet; tidelog sync sends them")
    if journal.overwritten:
        print(f"    {journal.overwritten:,} of those received were overwritten or deleted by later ones")
    if journal.dropped:
        print(f"    {journal.dropped:,} more were never written, because the disk was full")
    for difference in journal.differences:
        print(f"    {difference}")


def _check_runs(options: argparse.Namespace) -> int:
    checked: list[dict[str, Any]] = []
    with server_of(options) as server, Progress("checking", len(options.runs)) as progress:
        for label in options.runs:
            checked.append(_check_run(server, label))
            progress.advance(note=label)
    if options.json:
        print_json({"runs": checked})
    else:
        for run in checked:
            _print_run(run)
    return NOT_ALL if any(run["problems"] or run["dropped"] for run in checked) else DONE


def _check_run(server: Transport, label: str) -> dict[str, Any]:
    writers = writers_of(server, label)
    found = server.get(f"/runs/{quoted(label)}/check")
    return {
        "run": label,
        "records": sum(writer["records"] for writer in writers),
        "dropped": sum(writer["dropped"] for writer in writers),
        "writers": writers,
        **found,
    }


def _print_run(run: dict[str, Any]) -> None:
    unsure = [writer for writer in run["writers"] if writer["state"] in ("running", "crashed")]
    total = "so far" if unsure else f"of {run['records'] + run['dropped']:,}"
    print(f"{run['run']}: received {run['records']:,} records {total} from {len(run['writers'])} processes")
    for writer in unsure:
        print(f"    {writer['host']} pid {writer['pid']} is {writer['state']}: its disk may hold more; tidelog sync")
    print(f"    {run['series']:,} series with {run['points']:,} points read through, {len(run['problems'])} problems")
    if run["files"]:
        print(f"    received {run['received_files']:,} of {run['files']:,} files, each read through")
    for problem in run["problems"]:
        print(f"    {problem}")
