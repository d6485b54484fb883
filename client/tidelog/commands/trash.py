"""`tidelog trash`, `restore` and `delete`: runs out of sight, back again, and gone for good; attributes too."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from tidelog.commands.options import Commands, add_command, add_usual_options, server_of
from tidelog.commands.printing import print_json, print_table, say
from tidelog.commands.progress import Progress
from tidelog.commands.statuses import DONE, NOT_ALL, WRONG
from tidelog.errors import InvalidValueError
from tidelog.paths import quoted
from tidelog.settings import resolve_project

AT_ONCE = 10_000  # the most runs that the server changes by one request


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the three commands."""
    trash = add_command(
        commands,
        "trash",
        "put runs in the trash, or list what is in it",
        trash_runs,
        example="tidelog trash --project mnist --query 'sys/state = \"failed\"'",
    )
    restore = add_command(
        commands, "restore", "take runs out of the trash", restore_runs, example="tidelog restore MNIST-3"
    )
    delete = add_command(
        commands,
        "delete",
        "delete runs that are in the trash, or attributes of a run, for good",
        delete_runs,
        example="tidelog trash MNIST-3 && tidelog delete MNIST-3",
    )
    delete.add_argument(
        "--attribute",
        metavar="PATH",
        action="append",
        help="of one run, in the trash or not: the attribute, and everything below its path; may be repeated",
    )
    delete.add_argument("--yes", action="store_true", help="do not ask")
    for parser, otherwise in ((trash, "; without any: list the trash"), (restore, ""), (delete, "")):
        parser.add_argument("runs", nargs="*", help=f"labels such as MNIST-3{otherwise}")
        parser.add_argument("--query", help="all runs of --project that match; an empty one matches all")
        add_usual_options(parser, project=True)


def trash_runs(options: argparse.Namespace) -> int:
    """Put runs in the trash; without any, list what is there."""
    if not options.runs and options.query is None:
        return _list(options)
    changed = _change(options, "trash")["runs"]
    _tell(options, changed, f"{changed} runs put in the trash; tidelog restore takes them out")
    return DONE


def restore_runs(options: argparse.Namespace) -> int:
    """Take runs out of the trash."""
    changed = _change(options, "restore")["runs"]
    _tell(options, changed, f"{changed} runs taken out of the trash")
    return DONE


def delete_runs(options: argparse.Namespace) -> int:
    """Delete what is in the trash; status 1 if a run had to stay because others are forks of it."""
    if options.attribute:
        return _delete_attributes(options)
    selection = _selection(options)
    if (refused := _refused(options, "Delete these runs of the trash for ever?")) is not None:
        return refused
    answer = _repeat(options, "purge", selection)
    if options.json:
        print_json(answer)
    else:
        print(f"{answer['runs']} runs deleted for good")
    for label in answer["kept"]:
        say(f"{label} stays in the trash: other runs are forks of it and need its history")
    return NOT_ALL if answer["kept"] else DONE


def _delete_attributes(options: argparse.Namespace) -> int:
    if len(options.runs) != 1 or options.query is not None:
        raise InvalidValueError("--attribute deletes from one run: give its label, such as MNIST-3, and no --query")
    [run] = options.runs
    if (refused := _refused(options, f"Delete {', '.join(options.attribute)} of {run} for ever?")) is not None:
        return refused
    with server_of(options) as server:
        deleted = sum(
            server.delete(f"/runs/{quoted(run)}/attributes", {"path": path})["attributes"] for path in options.attribute
        )
    if options.json:
        print_json({"attributes": deleted})
    else:
        print(f"{deleted} attributes of {run} deleted for good")
    return DONE


def _refused(options: argparse.Namespace, question: str) -> int | None:
    """Ask whether to delete; the exit status if not."""
    if options.yes:
        return None
    if not sys.stdin.isatty():
        say("there is nobody to ask: deleting for good needs --yes here")
        return WRONG
    if input(f"{question} [y/N] ").strip().lower() in ("y", "yes"):
        return None
    say("nothing was deleted")
    return NOT_ALL


def _list(options: argparse.Namespace) -> int:
    project = resolve_project(options.project)
    with server_of(options) as server:
        found = server.get(f"/projects/{quoted(project)}/trash")
    if options.json:
        print_json(found)
        return DONE
    rows = [(run["label"], run["name"], run["state"]) for run in found["runs"]]
    print_table(("sys/id", "sys/name", "sys/state"), rows)
    return DONE


def _change(options: argparse.Namespace, action: str) -> dict[str, Any]:
    return _repeat(options, action, _selection(options))


def _repeat(options: argparse.Namespace, action: str, selection: dict[str, Any]) -> dict[str, Any]:
    """Ask until it changes nothing more: a request by query changes a limited number of runs."""
    total: dict[str, Any] = {"runs": 0}
    with server_of(options) as server, Progress(action, unit="runs") as progress:
        while True:
            answer = server.post(f"/runs/{action}", selection)
            total = {**answer, "runs": total["runs"] + answer["runs"]}
            progress.advance(answer["runs"])
            if "labels" in selection or answer["runs"] < AT_ONCE:
                return total


def _selection(options: argparse.Namespace) -> dict[str, Any]:
    if options.runs and options.query is not None:
        raise InvalidValueError("labels and --query both say which runs; give one of them")
    if options.runs:
        return {"labels": options.runs}
    if options.query is None:
        raise InvalidValueError("no runs: give labels such as MNIST-3, or --query")
    return {"project": resolve_project(options.project), "query": options.query}


def _tell(options: argparse.Namespace, changed: int, sentence: str) -> None:
    if options.json:
        print_json({"runs": changed})
    else:
        print(sentence)
