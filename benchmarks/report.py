"""The table: what was measured, what it should be, and how many times better or worse the others are."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from benchmarks.contest import Standing, Standings, ratio

SUBJECT = "tidelog"
PEER_PACKAGES = ("tensorboardX", "tensorboard", "wandb", "mlflow")

UNITS = {  # unit -> (factor from what is measured, text). Times are measured in seconds.
    "us": (1e6, "us"),
    "ms": (1e3, "ms"),
    "s": (1.0, "s"),
    "points/s": (1.0, "points/s"),
    "bytes": (1.0, "bytes"),
    "MB": (1e-6, "MB"),
    "% of a core": (100.0, "% of a core"),
}


@dataclass(frozen=True)
class Question:
    """One line of the table: a figure of the contest, and the limit that tidelog must keep."""

    what: str
    figure: str
    unit: str
    at_most: float | None = None  # in `unit`
    at_least: float | None = None


@dataclass(frozen=True)
class Line:
    """A question with its answers."""

    question: Question
    subject: Standing
    machine: Sequence[Standing]
    peers: Sequence[Standing]


def answer(questions: Iterable[Question], standings: Standings) -> list[Line]:
    """The lines of one contest."""
    subject = standings[SUBJECT]
    others = [standing for standing in standings.values() if standing is not subject]
    machine = [standing for standing in others if standing.contender.is_machine]
    peers = [standing for standing in others if not standing.contender.is_machine]
    return [Line(question, subject, machine, peers) for question in questions]


def table(lines: Iterable[Line]) -> str:
    """All lines as one Markdown table."""
    head = "| what | tidelog | target | met? | what the machine can do | peers |\n|---|---|---|---|---|---|"
    return "\n".join([head, *(_row(line) for line in lines)])


def surroundings() -> str:
    """What the figures were measured on, in one line: they mean nothing without it."""
    return (
        f"{os.cpu_count()} cores, {_processor()}, Python {platform.python_version()}, {platform.system()} "
        f"{platform.release()}; {load()}; {', '.join(_versions())}"
    )


def load() -> str:
    """How busy the machine is now, over 1, 5 and 15 minutes."""
    return f"load average {' '.join(f'{value:.1f}' for value in os.getloadavg())}"


def _row(line: Line) -> str:
    question = line.question
    value = line.subject.median(question.figure)
    cells = [
        question.what,
        _shown(value, question.unit),
        _target(question),
        _met(question, value),
        _beside(question, line.subject, line.machine),
        _beside(question, line.subject, line.peers),
    ]
    return f"| {' | '.join(cells)} |"


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    factor, text = UNITS[unit]
    scaled = value * factor
    number = f"{scaled:,.0f}" if scaled >= 100 else f"{scaled:.3g}"
    return f"{number} {text}"


def _target(question: Question) -> str:
    if question.at_most is not None:
        return f"<= {question.at_most:,g} {question.unit}"
    if question.at_least is not None:
        return f">= {question.at_least:,g} {question.unit}"
    return "-"


def _met(question: Question, value: float | None) -> str:
    if value is None or (question.at_most is None and question.at_least is None):
        return "-"
    scaled = value * UNITS[question.unit][0]
    kept = scaled <= question.at_most if question.at_most is not None else scaled >= (question.at_least or 0.0)
    return "yes" if kept else "**no**"


def _beside(question: Question, subject: Standing, others: Sequence[Standing]) -> str:
    shown = [_one_beside(question, subject, other) for other in others]
    return "; ".join(text for text in shown if text) or "-"


def _one_beside(question: Question, subject: Standing, other: Standing) -> str:
    """`name value (ratio)`. The ratio is theirs to ours: of a cost, more than 1x is worse; of a rate, less."""
    if other.absent:
        return f"{other.contender.name}: {other.absent}"
    value = other.median(question.figure)
    if value is None:
        return ""
    times = ratio(other, subject, question.figure)
    beside = f" ({_times(times)})" if times is not None else ""
    return f"{other.contender.name} {_shown(value, question.unit)}{beside}"


def _times(value: float) -> str:
    return f"{value:,.0f}x" if value >= 10 else f"{value:.2g}x"


def _processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _versions() -> list[str]:
    return [f"{package} {_version(package)}" for package in PEER_PACKAGES]


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
