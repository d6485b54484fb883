"""How much a benchmark does: enough for stable figures, or just enough to see that it runs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """What the command line chose."""

    rounds: int
    smoke: bool
    peers: bool

    def of(self, full: int, smoke: int) -> int:
        """One of two amounts."""
        return smoke if self.smoke else full

    def seconds(self, full: float) -> float:
        """A duration, cut short in a smoke run."""
        return min(full, 0.05) if self.smoke else full


def parse_size(argv: Sequence[str] | None, description: str, rounds: int) -> Size:
    """Read the options that every benchmark has."""
    parser = argparse.ArgumentParser(description=description)
    add_size_options(parser, rounds)
    return chosen_size(parser.parse_args(argv))


def add_size_options(parser: argparse.ArgumentParser, rounds: int) -> None:
    """Add --rounds, --smoke and --no-peers."""
    parser.add_argument("--rounds", type=int, default=rounds, help=f"the medians of them are shown (default {rounds})")
    parser.add_argument("--smoke", action="store_true", help="a tiny size: it runs, but its figures mean nothing")
    parser.add_argument("--no-peers", action="store_true", help="leave other trackers out")


def chosen_size(options: argparse.Namespace) -> Size:
    """The size that parsed options name."""
    rounds = 1 if options.smoke else max(1, options.rounds)
    return Size(rounds=rounds, smoke=options.smoke, peers=not options.no_peers)
