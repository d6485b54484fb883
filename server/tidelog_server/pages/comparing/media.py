"""What several runs show at one step: images, audio, files, tables, histograms and texts side by side.

One step leads all of them: each run shows its nearest point at or before it, and says which that is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import sqlalchemy as sa

from tidelog_server.blobs.store import MissingBytesError
from tidelog_server.errors import InvalidRequestError
from tidelog_server.files.reading import RunFile, resolved
from tidelog_server.pages.addresses import objects_address, plain_step, table_address
from tidelog_server.pages.objects.ansi import readable
from tidelog_server.pages.objects.histograms import Drawing, bars, range_of
from tidelog_server.pages.objects.tables import MEDIA_TYPE, TablePart, part_of
from tidelog_server.pages.run.files import ShownFile, shown_file
from tidelog_server.runs.comparison import Difference
from tidelog_server.runs.paths import path_ids
from tidelog_server.runs.runs import Run
from tidelog_server.series.objects.alongside import Alongside, alongside
from tidelog_server.series.objects.lookup import find_by_ids
from tidelog_server.series.points import STEP_UNITS
from tidelog_server.services import Services
from tidelog_server.tables import attributes

SERIES_TYPES = frozenset({"file_series", "histogram_series", "string_series"})
TYPES = SERIES_TYPES | {"file"}
LOGS = "monitoring/"  # standard output and error: the console's
CELLS = 400  # runs times paths of one page; the rest is found by its path
TABLE_BYTES = 1024 * 1024  # of a table that is drawn here; its own page shows longer ones
TABLE_ROWS = 20
TEXT_CHARACTERS = 4_000


@dataclass(frozen=True)
class MediaCell:
    """What one run has in a row. `step` is its own, in millionths, None for what is no series; `note` says why there is
    nothing to show.
    """

    run: Run
    step: int | None = None
    shown: ShownFile | None = None
    bars: Drawing | None = None
    table: TablePart | None = None
    text: str | None = None
    page: str = ""  # where all of it is
    note: str = ""
    same_as: str = ""  # the label of an earlier run with the very same bytes


@dataclass(frozen=True)
class MediaRow:
    """One path of all runs."""

    path: str
    cells: tuple[MediaCell, ...]


@dataclass(frozen=True)
class StepLink:
    """A link of the stepper, without an address where there is nowhere to go."""

    text: str
    mark: str
    at: str
    address: str = ""


@dataclass(frozen=True)
class Media:
    """Everything of the tab. `low`, `high` and `at` are the slider's, empty where no series is shown."""

    rows: tuple[MediaRow, ...]
    hidden: int
    low: str = ""
    high: str = ""
    at: str = ""
    here: int | None = None
    links: tuple[StepLink, ...] = ()

    def linked(self, address: Callable[[str], str]) -> Media:
        """The same with the addresses of its links, `address` giving that of a step."""
        links = tuple(replace(link, address=address(link.at) if link.at else "") for link in self.links)
        return replace(self, links=links)


def media_of(
    connection: sa.Connection,
    services: Services,
    project_id: int,
    runs: Sequence[Run],
    differences: Sequence[Difference],
    at: int | None,
) -> Media:
    """The media of these runs, whose attributes are `differences`, at this step; without one each at its last."""
    wanted = [row.path for row in differences if _is_media(row)]
    shown = wanted[: max(CELLS // max(len(runs), 1), 1)]
    ids = path_ids(connection, project_id, shown)
    run_ids = [run.id for run in runs]
    found = find_by_ids(connection, services.tails, run_ids, list(ids.values()))
    beside = alongside(connection, {key: one for key, one in found.items() if one.type in SERIES_TYPES}, at)
    kinds = {key: one.type for key, one in found.items()}
    draw = _Drawing(connection, services, runs, beside, kinds, _single_files(connection, run_ids, ids))
    rows = tuple(draw.row(path, ids[path]) for path in shown if path in ids)
    return _with_steps(Media(rows, len(wanted) - len(shown)), beside)


def _is_media(row: Difference) -> bool:
    is_log = row.path.startswith(LOGS) and "string_series" in row.types
    return not is_log and any(kind in TYPES for kind in row.types if kind)


def _with_steps(media: Media, beside: Alongside) -> Media:
    if beside.first is None or beside.last is None:
        return media

    def link(text: str, mark: str, step: int | None, *, is_there: bool = True) -> StepLink:
        return StepLink(text, mark, plain_step(step / STEP_UNITS) if step is not None and is_there else "")

    here = beside.first if beside.here is None else beside.here
    return replace(
        media,
        low=plain_step(beside.first / STEP_UNITS),
        high=plain_step(beside.last / STEP_UNITS),
        at=plain_step(here / STEP_UNITS),
        here=beside.here,
        links=(
            link("First step", "«", beside.first, is_there=here > beside.first),
            link("Previous step", "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}", beside.previous),
            link("Next step", "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}", beside.next),
            link("Last step", "»", beside.last, is_there=here < beside.last),
        ),
    )


def _single_files(
    connection: sa.Connection, run_ids: Sequence[int], ids: Mapping[str, int]
) -> dict[tuple[int, int], RunFile]:
    """What is at those of these paths that hold one file."""
    table = attributes.c
    query = sa.select(table.run_id, table.path_id, table.text).where(
        table.run_id.in_(run_ids), table.path_id.in_(list(ids.values())), table.type == "file"
    )
    keys = {(row.run_id, row.path_id): json.loads(row.text) for row in connection.execute(query)}
    return dict(zip(keys, resolved(connection, keys.values()), strict=True))


class _Drawing:
    """Draws rows; everything that takes statements is looked up once for all of them."""

    def __init__(
        self,
        connection: sa.Connection,
        services: Services,
        runs: Sequence[Run],
        beside: Alongside,
        kinds: Mapping[tuple[int, int], str],
        single: Mapping[tuple[int, int], RunFile],
    ) -> None:
        self._services = services
        self._runs = runs
        self._beside = beside
        self._kinds = kinds
        shown = {key: points for key, points in beside.shown.items() if len(points)}
        in_series = {key: points for key, points in shown.items() if kinds[key] == "file_series"}
        references = [json.loads(points.values[0]) for points in in_series.values()]
        steps = [int(points.steps[0]) / STEP_UNITS for points in in_series.values()]
        self._files = {**single, **dict(zip(in_series, resolved(connection, references, steps), strict=True))}

    def row(self, path: str, path_id: int) -> MediaRow:
        histograms = [
            self._beside.shown[key].values[0]
            for run in self._runs
            if self._kinds.get(key := (run.id, path_id)) == "histogram_series" and len(self._beside.shown[key])
        ]
        within = range_of(histograms) if histograms else None
        seen: dict[str, str] = {}
        return MediaRow(path, tuple(self._cell(run, path, path_id, within, seen) for run in self._runs))

    def _cell(
        self, run: Run, path: str, path_id: int, within: tuple[float, float] | None, seen: dict[str, str]
    ) -> MediaCell:
        key = (run.id, path_id)
        kind, points = self._kinds.get(key), self._beside.shown.get(key)
        if key not in self._files and points is None:
            return MediaCell(run, note="nothing here")
        if points is not None and not len(points):
            return MediaCell(run, note="begins later")
        step = None if points is None else int(points.steps[0])
        cell = partial(MediaCell, run, step)
        if key in self._files:
            file = self._files[key]
            same_as = seen.get(file.sha256 or "", "")
            if file.sha256:
                seen.setdefault(file.sha256, run.label)
            if file.media_type == MEDIA_TYPE:
                page = table_address(run.project, run.label, path, step=step)
                table, note = self._table(file)
                return cell(page=page, same_as=same_as, table=table, note=note)
            return cell(shown=shown_file(run, path, file), same_as=same_as)
        assert points is not None
        assert step is not None
        if kind == "histogram_series":
            page = objects_address(run.project, run.label, path, before=step + 1, step=step)
            return cell(bars=bars(points, 0, within), page=page)
        text = readable(points.values[0].decode("utf-8", "replace"))
        page = objects_address(run.project, run.label, path, before=step + 1)
        return cell(text=text[:TEXT_CHARACTERS] + ("…" if len(text) > TEXT_CHARACTERS else ""), page=page)

    def _table(self, file: RunFile) -> tuple[TablePart | None, str]:
        """The first rows of a table, or why they are not here."""
        if file.key is None:
            return None, file.problem or "not arrived yet"
        if file.size > TABLE_BYTES:
            return None, "too long to be shown here"
        try:
            content = b"".join(self._services.blobs.read(file.key, 0, file.size))
            return part_of(content, rows=TABLE_ROWS), ""
        except (MissingBytesError, InvalidRequestError) as error:
            return None, str(error)
