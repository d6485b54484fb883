"""The tab of a run's files, its file sets and its artifacts."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.artifacts import artifacts
from tidelog_server.artifacts.artifacts import Link, Version
from tidelog_server.blobs.store import BlobStore, MissingBytesError
from tidelog_server.errors import FileNotHereError
from tidelog_server.files import reading
from tidelog_server.files.media_types import extension_of, kind_of
from tidelog_server.files.reading import RunFile
from tidelog_server.pages.addresses import run_address, with_query
from tidelog_server.pages.run.tab import Shown, Tab
from tidelog_server.pages.tree import matching_paths
from tidelog_server.runs.runs import Run
from tidelog_server.series.tails import Tails

TEXT_BYTES = 64 * 1024  # of a text that is shown; the download has all of it
FILES_SHOWN = 500
OTHERS_SHOWN = 12  # runs beside an artifact
TYPES = ("file", "file_set", "artifact")


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
class ShownSet:
    """The first files of a file set, or those behind `after`."""

    path: str
    files: tuple[ShownFile, ...]
    count: int
    bytes: int
    more: str
    archive: str


@dataclass(frozen=True)
class RunArtifact:
    """A version that the run made or used, as `role` says, and what other runs did with it, the newest first."""

    role: str
    version: Version
    others: tuple[Link, ...]
    hidden: int


@dataclass(frozen=True)
class FilesView:
    """All that the tab shows."""

    opened: ShownFile | None
    files: tuple[ShownFile, ...]
    sets: tuple[ShownSet, ...]
    artifacts: tuple[RunArtifact, ...]
    hidden: int


@dataclass(frozen=True)
class Chosen:
    """Which file is open (`path`, and `name` in a set), and where a set goes on."""

    path: str = ""
    name: str = ""
    after: str = ""


def _view(shown: Shown) -> FilesView:
    """What the tab shows of those attributes that have files and the words that are looked for in their paths."""
    query = shown.query
    chosen = Chosen(query.get("path", ""), query.get("name", ""), query.get("after", ""))
    page = _Page(shown.connection, shown.services.tails, shown.services.blobs, shown.run, chosen)
    of_type = {kind: matching_paths(shown.names.of_type(kind), shown.find) for kind in TYPES}
    single = of_type["file"][:FILES_SHOWN]
    return FilesView(
        opened=page.opened(),
        files=tuple(file for path in single for file in page.files(path)),
        sets=tuple(page.file_set(path) for path in of_type["file_set"]),
        artifacts=_artifacts(shown),
        hidden=len(of_type["file"]) - len(single),
    )


def _artifacts(shown: Shown) -> tuple[RunArtifact, ...]:
    found = artifacts.of_run(shown.connection, shown.run.id)
    links = artifacts.lineage(shown.connection, [version.id for _, version in found]) if found else []
    others: dict[int, list[Link]] = {}
    for link in links:
        if link.run != shown.run.label:
            others.setdefault(link.version_id, []).append(link)
    return tuple(
        RunArtifact(
            role=role,
            version=version,
            others=tuple(others.get(version.id, [])[:OTHERS_SHOWN]),
            hidden=max(0, len(others.get(version.id, [])) - OTHERS_SHOWN),
        )
        for role, version in found
    )


def shown_file(
    run: Run, path: str, file: RunFile, name: str | None = None, text: str | None = None, *, abandoned_by: int = 0
) -> ShownFile:
    """A file with the addresses that lead to it."""
    api = f"/api/runs/{run.label}/files"
    pairs = [("path", path), ("name", name or ""), ("step", "" if file.step is None else repr(file.step))]
    pairs.append(("abandoned_by", str(abandoned_by) if abandoned_by else ""))
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


TAB = Tab(
    name="files",
    text="Files",
    template="partials/run_files.html",
    count=lambda shown: len(shown.names.of_type(*TYPES)),
    view=_view,
)
