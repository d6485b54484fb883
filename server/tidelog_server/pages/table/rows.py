"""Rows of the table as HTML. A page has a thousand cells, so that no template writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from tidelog_server.pages.addresses import run_address
from tidelog_server.pages.elements import state_element, swatch_element, time_element
from tidelog_server.pages.filters import cut, duration
from tidelog_server.pages.table.columns import Cell, cell_markup
from tidelog_server.runs.runs import Run
from tidelog_server.runs.table import TableRow

NAME_CHARACTERS = 200
TAG_CHARACTERS = 60
TAGS = 20  # of a run that are shown


@dataclass(frozen=True)
class Line:
    """A run as a line of the table. `cells` are its values in the order of the columns."""

    row: TableRow
    cells: tuple[Cell, ...]
    tags: tuple[str, ...]
    elapsed_ms: int
    is_chosen: bool
    level: int = 0


def row_markup(line: Line, now_ms: int) -> Markup:
    """The row of a run: a box to tick it, its eye, what every table says of it, and its cells."""
    run = line.row.run
    label = escape(run.label)
    look = "run-row is-inner" if line.level else "run-row"
    return Markup("").join(
        [
            Markup(f'<tr id="row-{label}" class="{look}" data-label="{label}" data-run-id="{run.id}">'),
            _box("tick", "bulk", "label", label, f"Tick {label}"),
            _box("eye", "compare", "run", label, f"Show {label} in charts", is_on=line.is_chosen),
            _name(run, label),
            Markup(f"<td>{state_element(run.state)}</td>"),
            Markup(f'<td class="nowrap">{time_element(run.created_ms, now_ms)}</td>'),
            Markup(f'<td class="number nowrap">{duration(line.elapsed_ms)}</td>'),
            _tags(line.tags),
            *map(cell_markup, line.cells),
            Markup("</tr>\n"),
        ]
    )


def _box(what: str, form: str, name: str, label: Markup, title: str, *, is_on: bool = False) -> Markup:
    checked = " checked" if is_on else ""
    return Markup(
        f'<td class="cell-{what}"><input type="checkbox" class="{what}" form="{form}" name="{name}" value="{label}" '
        f'aria-label="{title}"{checked}></td>'
    )


def _name(run: Run, label: Markup) -> Markup:
    name = escape(cut(run.name, NAME_CHARACTERS))
    address = escape(run_address(run.project, run.label))
    return Markup(
        f'<th scope="row" class="cell-run"><span class="run-name">{swatch_element(run.number)}'
        f'<a class="run-link" href="{address}" title="{name}">{name}</a>'
        f'<span class="run-label mono">{label}</span></span></th>'
    )


def _tags(tags: Sequence[str]) -> Markup:
    shown = Markup("").join(
        Markup('<span class="tag" title="{}">{}</span>').format(cut(tag, NAME_CHARACTERS), cut(tag, TAG_CHARACTERS))
        for tag in tags[:TAGS]
    )
    more = Markup(' <span class="muted">and more</span>') if len(tags) > TAGS else ""  # a table reads no more than some
    return Markup('<td class="cell-tags">{}{}</td>').format(shown, more)
