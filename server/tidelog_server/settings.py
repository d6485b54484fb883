"""Settings of one server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8600
DEFAULT_DATA = "tidelog-data"


@dataclass(frozen=True)
class Settings:
    """Where a server keeps its data and whom it serves.

    `database_url` replaces the SQLite file in `data`, `artifacts` (`s3://bucket/prefix`) the folder of files
    there. `token_hash` is the SHA-256 of the token that requests must carry; None means that there is no login,
    which is allowed on a loopback address only. `allowed_hosts` are the host names that requests may be addressed
    to, so that a page from elsewhere cannot reach a server on this machine by a name of its own (DNS rebinding).
    `trash_days` is how long a run lies in the trash before it is purged; 0: for ever.
    """

    data: Path
    database_url: str | None = None
    artifacts: str | None = None
    token_hash: str | None = None
    allowed_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "::1")
    heartbeat_lost_after_ms: int = 60_000
    trash_days: float = 30.0

    @property
    def url(self) -> sa.URL:
        """The address of the database."""
        if self.database_url is not None:
            return sa.make_url(self.database_url)
        return sa.URL.create("sqlite", database=str(self.data / "tidelog.db"))
