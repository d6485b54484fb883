"""Run every benchmark and print one Markdown table.

    python -m benchmarks [--rounds N] [--smoke] [--no-peers] [--only append ...] [--write-docs]

`--write-docs` puts the table into docs/reference/benchmarks.md as well. Run it on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from benchmarks import append, chart_pages, charts, monitoring, reading, startup, storage, throughput, wide
from benchmarks.command import ROUNDS, end_servers_when_terminated
from benchmarks.processes import ROOT
from benchmarks.report import Line, load, surroundings, table
from benchmarks.sizes import Size, add_size_options, chosen_size

BENCHMARKS = {
    "append": append,
    "throughput": throughput,
    "storage": storage,
    "charts": charts,
    "chart_pages": chart_pages,
    "startup": startup,
    "monitoring": monitoring,
    "reading": reading,
    "wide": wide,
}

DOCUMENT = ROOT / "docs" / "reference" / "benchmarks.md"
BEGIN = "<!-- figures: written by `python -m benchmarks --write-docs` -->"
END = "<!-- end of figures -->"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table of the benchmarks that were asked for."""
    end_servers_when_terminated()
    options = _parser().parse_args(argv)
    before = surroundings()
    lines = _measure(options.only or list(BENCHMARKS), chosen_size(options))
    measured_on = f"{datetime.now(timezone.utc):%Y-%m-%d}"
    figures = f"{table(lines)}\n\nMeasured {measured_on}. Before: {before}. After: {load()}.\n"
    print(figures)
    if options.write_docs:
        write_figures(DOCUMENT, figures)
        print(f"written to {DOCUMENT}", file=sys.stderr)
    return 0


def write_figures(document: Path, figures: str) -> None:
    """Replace what stands between the markers of the document."""
    head, found_begin, rest = document.read_text().partition(BEGIN)
    _, found_end, tail = rest.partition(END)
    if not found_begin or not found_end:
        raise SystemExit(f"{document} lacks its markers, so nothing was written. It needs the lines {BEGIN} and {END}.")
    document.write_text(f"{head}{BEGIN}\n{figures}{END}{tail}")


def _measure(names: Sequence[str], size: Size) -> list[Line]:
    lines: list[Line] = []
    for name in names:
        print(f"{name}:", file=sys.stderr)
        lines += BENCHMARKS[name].measure(size)
    return lines


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Run every benchmark and print one table."
    )
    add_size_options(parser, ROUNDS)
    parser.add_argument(
        "--only", nargs="+", choices=list(BENCHMARKS), metavar="NAME", help=f"of {', '.join(BENCHMARKS)}"
    )
    parser.add_argument("--write-docs", action="store_true", help="put the table into docs/reference/benchmarks.md")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
