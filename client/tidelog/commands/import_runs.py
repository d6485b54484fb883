"""`tidelog import`: an export, or TensorBoard's event files, into a server."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tidelog.commands.options import Commands, add_command, add_usual_options, server_of
from tidelog.commands.printing import print_json, say
from tidelog.commands.progress import Progress
from tidelog.commands.statuses import DONE, NOT_ALL
from tidelog.errors import InvalidValueError
from tidelog.exchange.importing import Imported
from tidelog.exchange.importing_exports import import_export
from tidelog.settings import resolve_project

if TYPE_CHECKING:
    from tidelog.shipping.transport import Transport


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "import",
        "bring an export, or the event files of TensorBoard, into a server; done again, it repeats nothing",
        import_runs,
        example="tidelog import tensorboard logs --project mnist",
    )
    parser.add_argument("source", nargs="+", metavar="FOLDER", help="an export; or: tensorboard FOLDER")
    parser.add_argument("--project", help="default: of an export its own, else TIDELOG_PROJECT")
    add_usual_options(parser)


def import_runs(options: argparse.Namespace) -> int:
    """Import, one run after the other; status 1 if something could not come along."""
    imported: list[Imported] = []
    with server_of(options) as server, Progress("importing", unit="runs") as progress:
        for run in _imports(server, options):
            imported.append(run)
            progress.advance(note=run.run)
    if options.json:
        print_json({"runs": [run._asdict() for run in imported]})
    else:
        for run in imported:
            print(f"{run.exported_as} -> {run.run}: {_became(run)}")
    if not imported:
        say("there is no run to import")
    return NOT_ALL if any(run.problem or run.skipped for run in imported) else DONE


def _imports(server: Transport, options: argparse.Namespace) -> Iterator[Imported]:
    match options.source:
        case ["tensorboard", folder]:
            from tidelog.exchange.importing_events import import_event_files

            return import_event_files(server, folder, resolve_project(options.project))
        case [folder]:
            return import_export(server, folder, options.project)
        case _:
            raise InvalidValueError(f"{' '.join(options.source)!r} is not a folder")


def _became(run: Imported) -> str:
    if run.problem and not run.sent_bytes:
        return f"not imported: {run.problem}"
    left_out = f"; {run.skipped} attributes of types that cannot be imported were left out" if run.skipped else ""
    return (
        (f"{run.sent_bytes:,} bytes sent" if run.sent_bytes else "is there already")
        + left_out
        + (f"; {run.problem}" if run.problem else "")
    )
