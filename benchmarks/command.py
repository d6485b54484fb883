"""What every benchmark's command does: read the options, measure, print the table."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence

from benchmarks.report import Line, surroundings, table
from benchmarks.sizes import Size, parse_size

ROUNDS = 5


def run_command(measure: Callable[[Size], list[Line]], argv: Sequence[str] | None, description: str | None) -> int:
    """Measure, and print the table with what it was measured on."""
    end_servers_when_terminated()
    size = parse_size(argv, description or "", ROUNDS)
    print(table(measure(size)))
    print(f"\n{surroundings()}")
    return 0


def end_servers_when_terminated() -> None:
    """Let SIGTERM unwind the stack, so that servers which were started end too and do not slow the next measurement."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
