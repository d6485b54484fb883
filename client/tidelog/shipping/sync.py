"""`tidelog sync`: bring home every journal below a directory.

The journal of a dead process is mended, shipped, closed and deleted. That of a living one is shipped as far as it goes
and left to its process. Doing it twice, or while a job runs, repeats nothing: the server knows how much of each journal
it has.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tidelog.errors import ServerBusyError, ServerUnreachableError, TidelogError
from tidelog.journal import kept_files
from tidelog.journal.recovery import Ending, mend
from tidelog.journal.segments import JournalFolder, Origin, find_journals
from tidelog.shipping.backoff import Backoff
from tidelog.shipping.file_shipper import FileShipper
from tidelog.shipping.shipper import Shipper
from tidelog.shipping.transport import Transport

TRIES = 4


class Outcome(NamedTuple):
    """What became of one journal."""

    directory: str
    project: str | None
    run: str | None
    live: bool  # a process still writes it
    home: bool  # the server has all that was in it
    sent_bytes: int
    sent_files: int
    torn_bytes: int
    problem: str | None


def sync_journals(root: str, connect: Callable[[Origin], Transport], *, keep: bool = False) -> Iterator[Outcome]:
    """Bring the journals below `root` home, one after the other. `connect` gives the server for a journal.

    With `keep` they stay on disk afterwards, to be compared with what the server has.
    """
    ferry = _Ferry(connect, keep)
    for folder in find_journals(root):
        try:
            yield ferry.bring(folder)
        except FileNotFoundError:
            continue  # it went home by itself meanwhile


class _Ferry:
    """Brings journals home. A server that did not answer for one of them is not waited for again for the others."""

    def __init__(self, connect: Callable[[Origin], Transport], keep: bool) -> None:
        self._connect = connect
        self._keep = keep
        self._away: dict[Transport, ServerUnreachableError] = {}

    def bring(self, folder: JournalFolder) -> Outcome:
        """Bring one journal home, as far as it goes."""
        dead = folder.lock.acquire()
        outcome = Outcome(folder.path, None, None, not dead, False, 0, 0, 0, None)
        try:
            origin = folder.origin()
            outcome = outcome._replace(project=origin.project, run=origin.with_id or origin.run_key)
            ending = mend(folder) if dead else None
            outcome = outcome._replace(torn_bytes=ending.torn_bytes if ending else 0)
            shipper = self._registered(folder, origin, ending)
            before = shipper.acknowledged
            if shipper.registration:
                outcome = outcome._replace(run=shipper.registration.label)
            _all_of(shipper.ship)
            sent = max(0, shipper.acknowledged - before)
            outcome = outcome._replace(sent_bytes=sent)
            if dead:
                files = FileShipper(folder, origin.writer, self._connect(origin))
                _all_of(files.step)
                outcome = outcome._replace(sent_bytes=sent + files.sent_bytes, sent_files=files.sent_files)
            home = shipper.acknowledged >= folder.end() and not kept_files.numbers(folder.path)
            outcome = outcome._replace(home=home)
            if ending is not None and home:
                self._close(folder, shipper, ending)
        except FileNotFoundError:
            raise
        except (TidelogError, OSError) as error:
            return outcome._replace(problem=str(error))
        finally:
            folder.lock.release()
        return outcome

    def _registered(self, folder: JournalFolder, origin: Origin, ending: Ending | None) -> Shipper:
        transport = self._connect(origin)
        if transport in self._away:
            raise self._away[transport]
        shipper = Shipper(folder, origin, transport, ended_ms=ending.written_ms if ending else None)
        try:
            shipper.register()
        except ServerUnreachableError as error:
            self._away[transport] = error
            raise
        return shipper

    def _close(self, folder: JournalFolder, shipper: Shipper, ending: Ending) -> None:
        if not ending.has_state:
            shipper.close_crashed(ending.written_ms)
        if not self._keep:
            folder.remove()


def _all_of(step: Callable[[], bool]) -> None:
    """Ship until nothing is left, trying again a few times where the server is away for a moment."""
    backoff = Backoff()
    while True:
        try:
            if not step():
                return
            backoff.succeeded()
        except (ServerUnreachableError, ServerBusyError) as error:
            pause_s = backoff.failed(error.retry_after_s if isinstance(error, ServerBusyError) else None)
            if backoff.failures >= TRIES:
                raise
            time.sleep(pause_s)
