"""`tidelog runs`: the runs table."""

from __future__ import annotations

import argparse

from tidelog.commands.options import Commands, add_command, add_usual_options, server_of
from tidelog.commands.printing import print_json, print_table, say
from tidelog.commands.statuses import DONE
from tidelog.fetching.tables import FIXED_COLUMNS, table_rows
from tidelog.settings import resolve_project

ROWS = 50


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "runs",
        "list the runs of a project that match a query",
        list_runs,
        example="tidelog runs 'last(`train/loss`) < 0.1' --project mnist --columns params/lr 'min(train/loss)'",
    )
    parser.add_argument("query", nargs="?", default="", help="in the language of the page's filter; default: all runs")
    parser.add_argument("--columns", nargs="+", default=[], metavar="PATH", help="paths, or such as min(train/loss)")
    parser.add_argument("--sort-by", default="sys/creation_time", metavar="PATH", help="default: sys/creation_time")
    parser.add_argument("--ascending", action="store_true", help="the smallest first")
    parser.add_argument("--limit", type=int, default=ROWS, help=f"how many runs at most (default {ROWS}; 0: all)")
    add_usual_options(parser, project=True)


def list_runs(options: argparse.Namespace) -> int:
    """Print the table."""
    columns = list(dict.fromkeys([*FIXED_COLUMNS, *options.columns]))
    project = resolve_project(options.project)
    limit = options.limit or None
    with server_of(options) as server:
        found = table_rows(server, project, options.query, columns, options.sort_by, options.ascending, limit)
        rows = list(found)
    if options.json:
        print_json({"project": project, "runs": rows})
    else:
        print_table(columns, [[row.get(column) for column in columns] for row in rows])
        if len(rows) == limit:
            say(f"these are the first {limit}; --limit 0 lists all")
    return DONE
