"""One commit for many requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidelog_server.database import Database
from tidelog_server.errors import UnavailableError
from tidelog_server.ingest.committer import Committer


def test_what_comes_after_the_end_is_refused(tmp_path: Path) -> None:
    """A request that is still under way when the server stops must not wait for ever."""
    database = Database(f"sqlite:///{tmp_path / 'tidelog.db'}")
    committer = Committer(database)
    assert committer.commit(lambda connection: connection.exec_driver_sql("SELECT 7").scalar_one()) == 7
    committer.close()
    with pytest.raises(UnavailableError, match="stopping"):
        committer.commit(lambda connection: None)
    database.close()
