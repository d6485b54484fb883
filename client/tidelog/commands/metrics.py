"""`tidelog metrics`: points of series, as CSV or JSON."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from tidelog.commands.options import Commands, add_command, add_usual_options
from tidelog.commands.printing import harmless, print_json
from tidelog.commands.statuses import DONE
from tidelog.fetching.metrics import fetch_metrics, stream_metrics


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "metrics",
        "print the points of float series, as CSV",
        print_metrics,
        example="tidelog metrics MNIST-3 MNIST-4 --paths '^train/' --buckets 100 > losses.csv",
    )
    parser.add_argument("runs", nargs="*", help="labels, such as MNIST-3; without any, the runs of --project")
    parser.add_argument("--query", default="", help="which runs of the project, in the language of the page's filter")
    parser.add_argument("--paths", default="", metavar="REGEX", help="the series in whose path this occurs")
    parser.add_argument("--buckets", type=int, help="sum each series up in about so many; extremes are exact")
    parser.add_argument("--start", type=float, metavar="STEP", help="from this step on")
    parser.add_argument("--stop", type=float, metavar="STEP", help="up to this step")
    add_usual_options(parser, project=True)


def print_metrics(options: argparse.Namespace) -> int:
    """Print the points; without buckets, as they come, however many there are."""
    rows = _rows(_batches(options))
    if options.json:
        print_json({"points": list(rows)})
        return DONE
    writer = csv.writer(sys.stdout, lineterminator="\n")
    for number, row in enumerate(rows):
        if number == 0:
            writer.writerow(row)
        writer.writerow(map(_cell, row.values()))
    return DONE


def _batches(options: argparse.Namespace) -> Iterable[dict[str, list[Any]]]:
    chosen: dict[str, Any] = {
        "runs": options.runs or None, "paths": options.paths, "query": options.query, "start": options.start,
        "stop": options.stop, "output": "python", "url": options.url, "api_token": options.api_token,
    }  # fmt: skip
    if options.buckets is not None:
        return [fetch_metrics(options.project, buckets=options.buckets, **chosen)]
    return stream_metrics(options.project, **chosen)


def _rows(batches: Iterable[dict[str, list[Any]]]) -> Iterator[dict[str, Any]]:
    for batch in batches:
        for values in zip(*batch.values(), strict=True):
            yield dict(zip(batch, values, strict=True))


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return harmless(value)
    return value.isoformat() if isinstance(value, datetime) else value
