"""`tidelog files`: download files of runs."""

from __future__ import annotations

import argparse

from tidelog.commands.options import Commands, add_command, add_usual_options
from tidelog.commands.printing import print_json, print_table, say
from tidelog.commands.statuses import DONE, NOT_ALL
from tidelog.fetching.series_tables import download_files


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "files",
        "download the files of runs",
        download,
        example="tidelog files MNIST-3 --paths '^model' --destination models",
    )
    parser.add_argument("runs", nargs="*", help="labels, such as MNIST-3; without any, the runs of --project")
    parser.add_argument("--query", default="", help="which runs of the project, in the language of the page's filter")
    parser.add_argument("--paths", default="", metavar="REGEX", help="the files in whose path this occurs")
    parser.add_argument("--destination", default=".", metavar="FOLDER", help="default: the working folder")
    add_usual_options(parser, project=True)


def download(options: argparse.Namespace) -> int:
    """Download to <destination>/<run>/<path>/; status 1 if one of them has not arrived on the server."""
    table = download_files(
        options.project, runs=options.runs or None, paths=options.paths, query=options.query,
        destination=options.destination, output="python", url=options.url, api_token=options.api_token,
    )  # fmt: skip
    rows = list(zip(*table.values(), strict=True))
    missing = sum(file is None for *_, file in rows)
    if options.json:
        print_json({"files": [dict(zip(table, row, strict=True)) for row in rows]})
    else:
        print_table(tuple(table), rows)
    if missing:
        say(f"{missing} of {len(rows)} have not arrived on the server")
    return NOT_ALL if missing else DONE
