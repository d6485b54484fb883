"""`tidelog status`: which journals are on this disk, and how much of them the server does not have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tidelog.errors import JournalError
from tidelog.journal import kept_files
from tidelog.journal.recovery import find_ending
from tidelog.journal.segments import JournalFolder, find_journals


class JournalStatus(NamedTuple):
    """One journal."""

    directory: str
    project: str | None
    run: str | None
    live: bool
    pending_bytes: int
    pending_records: int
    pending_files: int
    pending_file_bytes: int
    problem: str | None


def journal_statuses(root: str) -> Iterator[JournalStatus]:
    """Look at every journal below a directory; nothing is changed."""
    for folder in find_journals(root):
        try:
            yield _status(folder)
        except FileNotFoundError:
            continue  # it went home meanwhile


def _status(folder: JournalFolder) -> JournalStatus:
    live = False
    try:
        live = not folder.lock.acquire()
        folder.lock.release()
        origin = folder.origin()
        acknowledged = folder.acknowledged()
        pending = max(0, folder.end() - acknowledged)
        records = find_ending(folder, acknowledged).records if pending else 0
    except FileNotFoundError:
        raise
    except (JournalError, OSError) as error:
        return JournalStatus(folder.path, None, None, live, 0, 0, 0, 0, str(error))
    files, file_bytes = kept_files.left(folder.path)
    run = origin.with_id or origin.run_key
    return JournalStatus(folder.path, origin.project, run, live, pending, records, files, file_bytes, None)
