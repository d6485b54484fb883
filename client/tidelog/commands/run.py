"""`tidelog run MNIST-3`: one run, with what it holds."""

from __future__ import annotations

import argparse
from datetime import datetime, timezone
from typing import Any

from tidelog.commands.options import Commands, add_command, add_usual_options, server_of
from tidelog.commands.printing import print_json, print_table, shown_value
from tidelog.commands.statuses import DONE
from tidelog.fetching.run_attributes import attributes_of
from tidelog.paths import quoted


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = add_command(
        commands, "run", "show one run: its state and its attributes", show_run, example="tidelog run MNIST-3 params"
    )
    parser.add_argument("run", help="its label, such as MNIST-3")
    parser.add_argument("path", nargs="?", default="", help="only the attributes at this path and below it")
    add_usual_options(parser)


def show_run(options: argparse.Namespace) -> int:
    """Print the run and its attributes."""
    label = quoted(options.run)
    with server_of(options) as server:
        run = server.get(f"/runs/{label}")
        attributes = list(attributes_of(server, label, options.path))
    if options.json:
        print_json({**run, "attributes": attributes})
        return DONE
    created = datetime.fromtimestamp(run["created_ms"] / 1000, timezone.utc)
    print(f"{run['label']}  {shown_value(run['name'])}")
    print(f"{run['state']}, begun {shown_value(created)} UTC, {run['points']:,} points, project {run['project']}")
    if run["error"]:
        print(run["error"].rstrip())
    if attributes:
        print()
        print_table(("path", "type", "value", "points"), [_row(attribute) for attribute in attributes])
    return DONE


def _row(attribute: dict[str, Any]) -> tuple[Any, ...]:
    value = attribute["value"]
    return attribute["path"], attribute["type"], shown_value(value), attribute.get("points")
