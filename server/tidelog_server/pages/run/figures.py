"""The hardware's figures as charts: one for each figure, with a line for each GPU, core or host that has it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tidelog_server.pages.addresses import sketch_address
from tidelog_server.pages.chart_sections import ChartPlace, Charts, ChartSection, HeatPlace, LinePlace
from tidelog_server.pages.chart_view import ChartView

# Kinds of hardware in the order of reading, as the client names them below `monitoring` or `monitoring/<host>-<rank>`.
KINDS = {
    "gpu": "GPU",
    "cpu": "CPU",
    "memory": "Memory",
    "process": "Processes of the job",
    "disk": "Disk",
    "network": "Network",
}
OTHER = "Other"
FIRST = ("utilisation_percent", "memory_used_gib", "power_w", "temperature_c", "percent", "cpu_percent", "used_gib")
MOST_LINES = 32  # of one chart; more are a map of heat, a row each
NUMBER = re.compile(r"[0-9]+")


@dataclass(frozen=True)
class Figure:
    """Where a figure was measured (`where` is host and rank, empty for one process), on which kind of hardware, what it
    is called there, and on which of several: a GPU's or core's number.
    """

    path: str
    where: str
    kind: str
    name: str
    number: str


def figures_of(paths: Iterable[str]) -> Iterator[Figure]:
    """The figures at these paths. What is not named as the client names it stands under its own name."""
    for path in paths:
        parts = path.split("/")[1:]
        place = next((place for place, part in enumerate(parts[:-1]) if part in KINDS), None)
        if place is None:
            yield Figure(path, "", OTHER, "/".join(parts), "")
            continue
        rest = parts[place + 1 :]
        numbers = [part for part in rest if NUMBER.fullmatch(part)]
        name = "/".join(part for part in rest if not NUMBER.fullmatch(part))
        yield Figure(path, "/".join(parts[:place]), parts[place], name, ".".join(numbers))


def hardware_charts(paths: Sequence[str], *, project: str, label: str, view: ChartView) -> Charts:
    """Sections by kind of hardware, a chart in them for each figure."""
    sections: dict[str, dict[str, list[Figure]]] = {}
    for figure in figures_of(paths):
        sections.setdefault(figure.kind, {}).setdefault(figure.name, []).append(figure)
    drawn = []
    for kind in sorted(sections, key=lambda kind: [*KINDS, OTHER].index(kind)):
        title = KINDS.get(kind, OTHER)
        is_open = title in view.opened or title not in view.folded
        names = sorted(sections[kind], key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))
        found = [sections[kind][name] for name in names]
        drawn.append(
            ChartSection(
                title=title,
                charts=tuple(_chart(one, project, label, view) for one in found if is_open and len(one) <= MOST_LINES),
                heat_maps=tuple(_heat(one) for one in found if is_open and len(one) > MOST_LINES),
                total=len(found),
                is_open=is_open,
            )
        )
    return Charts(sections=tuple(drawn), total=sum(section.total for section in drawn))


def _chart(figures: Sequence[Figure], project: str, label: str, view: ChartView) -> ChartPlace:
    first = figures[0]
    lines = _lines(figures)
    title = first.name if first.kind == OTHER else f"{first.kind}/{first.name}"
    return ChartPlace(
        path=first.path if len(figures) == 1 else title,
        title=first.name,
        element=f"chart-{_digest(title)}",
        sketch=sketch_address(project, [line.path for line in lines], [label], view.pairs),
        lines=lines if len(figures) > 1 else (),
    )


def _lines(figures: Sequence[Figure]) -> tuple[LinePlace, ...]:
    ordered = sorted(figures, key=_in_order)
    return tuple(LinePlace(figure.path, _name(figure), place + 1) for place, figure in enumerate(ordered))


def _heat(figures: Sequence[Figure]) -> HeatPlace:
    ordered = sorted(figures, key=_in_order)
    return HeatPlace(
        title=figures[0].name,
        element=f"heat-{_digest(figures[0].kind + figures[0].name)}",
        paths=json.dumps([figure.path for figure in ordered]),
        rows=json.dumps([_name(figure) for figure in ordered]),
    )


def _in_order(figure: Figure) -> tuple[str, list[int]]:
    return figure.where, [int(number) for number in figure.number.split(".") if number]


def _name(figure: Figure) -> str:
    """What a line is of: `GPU 1`, `core 3`, `node-0`, `node-0 GPU 1`."""
    part = {"gpu": "GPU", "cpu": "core"}.get(figure.kind, "")
    return " ".join(word for word in (figure.where, f"{part} {figure.number}".strip() if figure.number else "") if word)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
