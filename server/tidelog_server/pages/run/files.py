"""The tab of a run's files: its media series to step through, its files, its file sets and its artifacts."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.artifacts import artifacts
from tidelog_server.artifacts.artifacts import Version
from tidelog_server.blobs.store import BlobStore, MissingBytesError
from tidelog_server.errors import FileNotHereError
from tidelog_server.files import reading
from tidelog_server.files.media_types import extension_of, kind_of
from tidelog_server.files.reading import RunFile
from tidelog_server.pages.addresses import run_address, with_query
from tidelog_server.pages.run.tab import Shown, Tab
from tidelog_server.pages.tree import matching
from tidelog_server.runs.runs import Run
from tidelog_server.series.objects.reading import FoundObjects, find_objects, page_of
from tidelog_server.series.tails import Tails

TEXT_BYTES = 64 * 1024  # of a text that is shown; the download has all of it
SERIES_SHOWN = 60
FILES_SHOWN = 500
TYPES = ("file", "file_set", "file_series", "artifact")


@dataclass(frozen=True)
class ShownFile:
    """A file as a page shows it. `kind` is image, audio, video, frame, text or other."""

    path: str
    file: RunFile
    kind: str
    view: str
    download: str
    open: str
    text: str | None = None


@dataclass(frozen=True)
class Steps:
    """Where one can go in a series from the point that is shown; addresses, empty where there is nothing."""

    points: int
    first: str
    previous: str
    next: str
    last: str


@dataclass(frozen=True)
class ShownSeries:
    """A series of files at one of its steps."""

    path: str
    shown: ShownFile
    steps: Steps


@dataclass(frozen=True)
class ShownSet:
    """The first files of a file set, or those behind `after`."""

    path: str
    files: tuple[ShownFile, ...]
    count: int
    bytes: int
    more: str
    archive: str


@dataclass(frozen=True)
class FilesView:
    """All that the tab shows."""

    opened: ShownFile | None
    series: tuple[ShownSeries, ...]
    files: tuple[ShownFile, ...]
    sets: tuple[ShownSet, ...]
    artifacts: tuple[tuple[str, Version], ...]
    hidden: int


@dataclass(frozen=True)
class Chosen:
    """Which file is open (`path`, and `name` in a set), at which step a series stands, and where a set goes on."""

    path: str = ""
    name: str = ""
    at: int | None = None
    after: str = ""


def _view(shown: Shown) -> FilesView:
    """What the tab shows of those attributes that have files and the words that are looked for in their paths."""
    query = shown.query
    chosen = Chosen(query.get("path", ""), query.get("name", ""), _step(query.get("at", "")), query.get("after", ""))
    page = _Page(shown.connection, shown.services.tails, shown.services.blobs, shown.run, chosen)
    found = matching(shown.attributes, shown.find)
    of_type = {kind: [one.path for one in found if one.type == kind] for kind in TYPES}
    stepped = [series for path in of_type["file_series"][:SERIES_SHOWN] if (series := page.series(path)) is not None]
    single = of_type["file"][:FILES_SHOWN]
    hidden = max(0, len(of_type["file_series"]) - SERIES_SHOWN) + len(of_type["file"]) - len(single)
    return FilesView(
        opened=page.opened(),
        series=tuple(stepped),
        files=tuple(file for path in single for file in page.files(path)),
        sets=tuple(page.file_set(path) for path in of_type["file_set"]),
        artifacts=tuple(artifacts.of_run(shown.connection, shown.run.id)),
        hidden=hidden,
    )


def shown_file(run: Run, path: str, file: RunFile, name: str | None = None, text: str | None = None) -> ShownFile:
    """A file with the addresses that lead to it."""
    api = f"/api/runs/{run.label}/files"
    pairs = [("path", path), ("name", name or ""), ("step", "" if file.step is None else repr(file.step))]
    pinned = [*pairs, ("sha256", file.sha256 or "")]
    return ShownFile(
        path=path,
        file=file,
        kind=kind_of(extension_of(file.name) or file.extension),
        view=with_query(api, [*pinned, ("view", "true")]),
        download=with_query(api, pinned),
        open=run_address(run.project, run.label, [("tab", "files"), ("path", path), ("name", name or "")]),
        text=text,
    )


@dataclass(frozen=True)
class _Page:
    connection: sa.Connection
    tails: Tails
    store: BlobStore
    run: Run
    chosen: Chosen

    def files(self, path: str) -> list[ShownFile]:
        page = reading.files_at(self.connection, self.tails, self.run.project_id, self.run.id, path)
        return [shown_file(self.run, path, file) for file in page.files]

    def opened(self) -> ShownFile | None:
        """The file that is open, with its text if it is one."""
        chosen = self.chosen
        if not chosen.path:
            return None
        where = (self.connection, self.tails, self.run.project_id, self.run.id, chosen.path)
        try:
            page = reading.files_at(*where, name=chosen.name or None)
        except FileNotHereError:
            return None
        if page.type not in ("file", "file_set") or not page.files or (page.type == "file_set" and not chosen.name):
            return None
        file = page.files[0]
        return shown_file(self.run, chosen.path, file, chosen.name or None, self._text(file))

    def _text(self, file: RunFile) -> str | None:
        if file.key is None or kind_of(extension_of(file.name)) != "text":
            return None
        try:
            data = b"".join(self.store.read(file.key, 0, min(file.size, TEXT_BYTES)))
        except MissingBytesError:
            return None
        return data.decode("utf-8", "replace")

    def series(self, path: str) -> ShownSeries | None:
        found = find_objects(self.connection, self.tails, self.run.project_id, self.run.id, path)
        if found is None:
            return None
        at = self.chosen.at if path == self.chosen.path else None
        step = self._step(found, stop=at, newest_first=True) if at is not None else None
        if step is None:
            step = found.step_last
        page = page_of(self.connection, found, start=step, stop=step, limit=1)
        where = (self.connection, self.tails, self.run.project_id, self.run.id, path)
        shown = reading.files_at(*where, step=int(page.points.steps[0]))
        return ShownSeries(path, shown_file(self.run, path, shown.files[0]), self._steps(path, found, step))

    def _steps(self, path: str, found: FoundObjects, step: int) -> Steps:
        def address(to: int | None) -> str:
            if to is None or to == step:
                return ""
            return run_address(self.run.project, self.run.label, [("tab", "files"), ("path", path), ("at", str(to))])

        points = len(found.tail) + (0 if found.head is None else found.head.points)
        return Steps(
            points=points,
            first=address(self._step(found, newest_first=False)),
            previous=address(self._step(found, stop=step - 1, newest_first=True)),
            next=address(self._step(found, start=step + 1, newest_first=False)),
            last=address(found.step_last),
        )

    def _step(
        self, found: FoundObjects, *, start: int | None = None, stop: int | None = None, newest_first: bool
    ) -> int | None:
        page = page_of(self.connection, found, start=start, stop=stop, limit=1, newest_first=newest_first)
        return int(page.points.steps[0]) if len(page.points) else None

    def file_set(self, path: str) -> ShownSet:
        mine = path == self.chosen.path
        where = (self.connection, self.tails, self.run.project_id, self.run.id, path)
        page = reading.files_at(
            *where, after=self.chosen.after if mine and self.chosen.after else None, limit=FILES_SHOWN
        )
        count, size = reading.totals(self.connection, self.run.project_id, self.run.id, path)
        more = [("tab", "files"), ("path", path), ("after", page.next or "")]
        return ShownSet(
            path=path,
            files=tuple(shown_file(self.run, path, file, file.name) for file in page.files),
            count=count,
            bytes=size,
            more=run_address(self.run.project, self.run.label, more) if page.next else "",
            archive=with_query(f"/api/runs/{self.run.label}/files/archive", [("path", path)]),
        )


def _step(text: str) -> int | None:
    """The step of an address, in millionths; None for what is none."""
    return int(text) if text.removeprefix("-").isdecimal() and len(text) < 20 else None


TAB = Tab(
    name="files",
    text="Files",
    template="partials/run_files.html",
    count=lambda shown: len(shown.of_type(*TYPES)),
    view=_view,
)
