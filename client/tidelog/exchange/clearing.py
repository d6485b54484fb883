"""`tidelog clear`: which journals may go from this disk, and removing them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from tidelog.exchange.status import journal_statuses
from tidelog.journal.segments import MAGIC, NEXT, JournalFolder


class ClearableJournal(NamedTuple):
    """One journal. `home` means that its writer has ended and a server has acknowledged all of it."""

    directory: str
    project: str | None
    run: str | None
    live: bool
    home: bool
    pending_bytes: int
    problem: str | None


def clearable_journals(root: str) -> Iterator[ClearableJournal]:
    """Look at every journal below a directory; nothing is changed."""
    for status in journal_statuses(root):
        pending = status.pending_bytes + _unnamed_bytes(status.directory)
        home = not status.live and status.problem is None and pending == 0
        yield ClearableJournal(status.directory, status.project, status.run, status.live, home, pending, status.problem)


def _unnamed_bytes(directory: str) -> int:
    """Return what is in a segment that its process had just begun when it died."""
    try:
        return max(0, os.path.getsize(os.path.join(directory, NEXT)) - len(MAGIC))
    except FileNotFoundError:
        return 0


def remove_journal(journal: ClearableJournal) -> bool:
    """Delete a journal's folder; False if a process has taken it up meanwhile."""
    folder = JournalFolder(journal.directory)
    try:
        if not folder.lock.acquire():
            return False
    except FileNotFoundError:
        return True  # it went home meanwhile
    try:
        folder.remove()
    finally:
        folder.lock.release()
    return True
