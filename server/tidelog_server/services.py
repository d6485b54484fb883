"""The parts of a running server, put together."""

from __future__ import annotations

from tidelog_server.blobs.opening import open_store
from tidelog_server.database import Database
from tidelog_server.files.uploads import Uploads
from tidelog_server.ingest.batches import BatchCache
from tidelog_server.ingest.committer import Committer
from tidelog_server.ingest.receiver import Receiver
from tidelog_server.maintenance import Maintenance
from tidelog_server.migrations import upgrade
from tidelog_server.runs.names import NamesCache
from tidelog_server.series.fold import Folder
from tidelog_server.series.schedule import FoldSchedule
from tidelog_server.series.tails import Tails
from tidelog_server.settings import Settings
from tidelog_server.sheets.store import Sheets


class Services:
    """Database, ingest, fold and maintenance of one server process; `start` and `stop` bracket their threads."""

    def __init__(self, settings: Settings) -> None:
        if settings.database_url is None:
            settings.data.mkdir(parents=True, exist_ok=True)
        self.blobs = open_store(settings)
        self.database = Database(settings.url)
        upgrade(self.database)
        self.cache = BatchCache()
        self.committer = Committer(self.database)
        self.receiver = Receiver(self.database, self.committer, self.cache)
        self.uploads = Uploads(self.database, self.committer, self.blobs)
        self.folder = Folder(self.database, self.cache)
        self.tails = Tails(self.database, self.cache, self.folder)
        self.sheets = Sheets()
        self.names = NamesCache()
        self.schedule = FoldSchedule(self.database, self.folder)
        self.maintenance = Maintenance(
            self.database,
            heartbeat_lost_after_ms=settings.heartbeat_lost_after_ms,
            trash_days=settings.trash_days,
            blobs=self.blobs,
            is_busy=self.schedule.is_busy,
        )
        self.receiver.listeners.append(self.schedule.note)

    def start(self) -> None:
        """Begin to work in the background."""
        self.schedule.start()
        self.maintenance.start()

    def stop(self) -> None:
        """Finish what is under way and close the database. What is not folded yet is safe in the log."""
        self.maintenance.stop()
        self.schedule.stop()
        self.committer.close()
        self.database.close()
