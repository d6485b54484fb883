"""`tidelog export`: runs as Parquet files."""

from __future__ import annotations

import argparse
import os

from tidelog.commands.options import Commands, add_command, add_usual_options, server_of
from tidelog.commands.printing import print_json, say
from tidelog.commands.progress import Progress
from tidelog.commands.statuses import DONE
from tidelog.exchange.exporting import export_runs
from tidelog.settings import resolve_project


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "export",
        "write runs to Parquet files; done again, it writes what is new",
        export,
        example="tidelog export exports/mnist --project mnist --query 'sys/state = \"finished\"'",
    )
    parser.add_argument("folder", help="where the export goes; an export of the same project is added to")
    parser.add_argument("--runs", nargs="+", metavar="LABEL", help="only these runs")
    parser.add_argument("--query", default="", help="which runs, in the language of the page's filter; default: all")
    add_usual_options(parser, project=True)


def export(options: argparse.Namespace) -> int:
    """Export, one run after the other."""
    project = resolve_project(options.project)
    folder = os.path.abspath(options.folder)
    exported = []
    with server_of(options) as server, Progress("exporting", unit="runs") as progress:
        for run in export_runs(server, project, folder, query=options.query, runs=options.runs):
            exported.append(run)
            progress.advance(note=run.run)
    if options.json:
        print_json({"folder": folder, "project": project, "runs": [run._asdict() for run in exported]})
    else:
        unchanged = sum(run.unchanged for run in exported)
        points = sum(run.points for run in exported)
        print(f"{len(exported)} runs with {points:,} points are in {folder}; {unchanged} of them were there already.")
    if not exported:
        say("no run of the project matches")
    return DONE
