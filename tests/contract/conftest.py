"""The store under test: everything below HTTP, on each database engine in turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.journals import Sender
from tidelog_server.blobs.local import LocalBlobs
from tidelog_server.blobs.objects import ObjectBlobs
from tidelog_server.blobs.store import BlobStore
from tidelog_server.database import Database
from tidelog_server.ingest.batches import BatchCache
from tidelog_server.ingest.committer import Committer
from tidelog_server.ingest.receiver import Receiver
from tidelog_server.runs.attributes import Attribute, attributes_of
from tidelog_server.runs.events import StoredEvent, events_of
from tidelog_server.runs.runs import Run, runs_by_id
from tidelog_server.series import export
from tidelog_server.series.charts import Wanted, Window, curves
from tidelog_server.series.curves import Curve
from tidelog_server.series.fold import Folder
from tidelog_server.series.lookup import find_series
from tidelog_server.series.objects import reading
from tidelog_server.series.objects.lookup import find_objects
from tidelog_server.series.points import Points
from tidelog_server.series.tails import Tails


@dataclass
class Store:
    """Ingest, fold and reads over one database, with nothing happening in the background."""

    database: Database
    cache: BatchCache
    receiver: Receiver
    folder: Folder
    tails: Tails

    def sender(self, **registration: Any) -> Sender:
        return Sender(self.receiver, **registration)

    def run(self, run_id: int) -> Run:
        with self.database.read() as connection:
            return runs_by_id(connection, [run_id])[0]

    def attributes(self, run_id: int) -> dict[str, Attribute]:
        with self.database.read() as connection:
            return {attribute.path: attribute for attribute in attributes_of(connection, run_id)}

    def points(
        self, run_id: int, path: str, limit: int = export.PAGE_POINTS, *, abandoned_by: int = 0
    ) -> Points | None:
        """All points of a series, or of what an attempt left behind of it, read page by page."""
        pages: list[Points] = []
        start: int | None = None
        while True:
            self.tails.prepare([run_id])
            with self.database.read() as connection:
                [found] = find_series(
                    connection, self.tails, self.run(run_id).project_id, [(run_id, path)], abandoned_by=abandoned_by
                )
                if found is None:
                    return None
                page = export.page_of(connection, found.head, found.tail, found.inherited, start=start, limit=limit)
            pages.append(page.points)
            if not page.more:
                return export.joined(pages)
            start = int(page.points.steps[-1]) + 1

    def objects(
        self, run_id: int, path: str, limit: int = 10_000, newest_first: bool = False, *, abandoned_by: int = 0
    ) -> list[tuple[float, bytes]] | None:
        """Step and value of all points of a series of objects, read page by page, in the order of reading."""
        found: list[tuple[float, bytes]] = []
        beyond: int | None = None
        while True:
            self.tails.prepare([run_id])
            with self.database.read() as connection:
                project_id = self.run(run_id).project_id
                series = find_objects(connection, self.tails, project_id, run_id, path, abandoned_by=abandoned_by)
                if series is None:
                    return None
                start, stop = (None, beyond) if newest_first else (beyond, None)
                page = reading.page_of(
                    connection, series, start=start, stop=stop, limit=limit, newest_first=newest_first
                )
            points = list(zip((page.points.steps / 1e6).tolist(), page.points.values, strict=True))
            found.extend(reversed(points) if newest_first else points)
            if not page.more:
                return found
            beyond = int(page.points.steps[0]) - 1 if newest_first else int(page.points.steps[-1]) + 1

    def events(self, run_id: int) -> list[StoredEvent]:
        with self.database.read() as connection:
            return events_of(connection, run_id)

    def curve(self, run_id: int, path: str, buckets: int, window: Window | None = None) -> Curve:
        self.tails.prepare([run_id])
        with self.database.read() as connection:
            [found] = find_series(connection, self.tails, self.run(run_id).project_id, [(run_id, path)])
            assert found is not None
            return curves(connection, [Wanted(found.head, found.tail, window or Window(), found.inherited)], buckets)[0]


@pytest.fixture(params=["folder", "s3"])
def blob_store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """An empty store of blobs, of each kind in turn."""
    if request.param == "folder":
        return LocalBlobs(tmp_path / "blobs")
    return ObjectBlobs(request.getfixturevalue("bucket"))


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    """An empty store."""
    cache = BatchCache()
    committer = Committer(database)
    folder = Folder(database, cache)
    yield Store(database, cache, Receiver(database, committer, cache), folder, Tails(database, cache, folder))
    committer.close()
