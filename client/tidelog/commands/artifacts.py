"""`tidelog artifacts`: list artifacts and their versions, and download one."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from tidelog.commands.options import Commands, add_command, add_usual_options, server_of
from tidelog.commands.printing import print_json, print_table
from tidelog.commands.statuses import DONE
from tidelog.errors import NotFoundError
from tidelog.fetching.artifact_tables import COLUMNS, artifact_rows
from tidelog.settings import resolve_project

if TYPE_CHECKING:
    from tidelog.shipping.transport import Transport

SHOWN = ("name", "version", "aliases", "files", "bytes", "created", "made_by", "used_by")


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "artifacts",
        "list the versions of artifacts, or download one",
        artifacts,
        example="tidelog artifacts digits:v3 --project mnist --download data",
    )
    parser.add_argument("name", nargs="?", help="an artifact, or with --download a version: digits:v3, digits:raw")
    parser.add_argument(
        "--download", metavar="FOLDER", help="bring the files of a version (latest, where none is named) there, checked"
    )
    add_usual_options(parser, project=True)


def artifacts(options: argparse.Namespace) -> int:
    """List, or download."""
    project = resolve_project(options.project)
    with server_of(options) as server:
        if options.download is not None:
            return _download(server, project, options)
        rows = artifact_rows(server, project, options.name)
    if options.name is not None and not rows:
        raise NotFoundError(f"the project {project!r} has no artifact {options.name!r}; tidelog artifacts lists all")
    if options.json:
        print_json({"project": project, "versions": [{name: row[name] for name in COLUMNS} for row in rows]})
    else:
        print_table(SHOWN, [[row[name] for name in SHOWN] for row in rows])
    return DONE


def _download(server: Transport, project: str, options: argparse.Namespace) -> int:
    from tidelog.fetching.artifacts import download_artifact

    name, _, wanted = (options.name or "").partition(":")
    version = _find(artifact_rows(server, project, name), wanted or "latest")
    if version is None:
        raise NotFoundError(
            f"the project {project!r} has no artifact {options.name or ''!r}; name one that it has, such as digits:v3"
        )
    folder = download_artifact(server, version, options.download)
    if options.json:
        print_json({"folder": folder, "name": name, "version": version["version"], "files": version["files"]})
    else:
        print(f"{version['files']:,} files of {name}:v{version['version']} are in {folder}")
    return DONE


def _find(rows: list[dict[str, Any]], wanted: str) -> dict[str, Any] | None:
    for row in rows:
        if wanted in (f"v{row['version']}", str(row["version"]), row["hash"], *row["aliases"]):
            return row
    return None
