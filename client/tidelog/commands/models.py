"""`tidelog models`: models, and the versions of one."""

from __future__ import annotations

import argparse

from tidelog.commands.options import Commands, add_command, add_usual_options, server_of
from tidelog.commands.printing import print_json, print_table
from tidelog.commands.statuses import DONE
from tidelog.fetching.tables import table_rows, versions_query
from tidelog.settings import resolve_project

MODEL_COLUMNS = ("sys/id", "sys/name", "sys/creation_time")
VERSION_COLUMNS = ("sys/id", "sys/name", "sys/stage", "sys/creation_time")


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "models",
        "list the models of a project, or the versions of one",
        list_models,
        example="tidelog models MNIST-NET --project mnist --query 'sys/stage = \"production\"'",
    )
    parser.add_argument("model", nargs="?", help="label of a model, such as MNIST-NET: list its versions")
    parser.add_argument("--query", default="", help="in the language of the page's filter; default: all")
    parser.add_argument("--columns", nargs="+", default=[], metavar="PATH", help="further columns")
    add_usual_options(parser, project=True)


def list_models(options: argparse.Namespace) -> int:
    """Print the table, the newest first."""
    kind, fixed = ("model", MODEL_COLUMNS) if options.model is None else ("model_version", VERSION_COLUMNS)
    columns = list(dict.fromkeys([*fixed, *options.columns]))
    project = resolve_project(options.project)
    query = versions_query(options.model, options.query)
    with server_of(options) as server:
        rows = list(table_rows(server, project, query, columns, kind=kind))
    if options.json:
        print_json({"project": project, f"{kind}s": rows})
    else:
        print_table(columns, [[row.get(column) for column in columns] for row in rows])
    return DONE
