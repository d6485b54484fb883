"""`tidelog sync`: bring home every journal below a directory.

The journal of a dead process is mended, shipped, closed and deleted. That of a living one is shipped as far as it goes
and left to its process. Doing it twice, or while a job runs, repeats nothing: the server knows how much of each journal
it has.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tidelog.backoff import Backoff
from tidelog.errors import JournalError, ServerBusyError, ServerError, ServerUnreachableError
from tidelog.recovery import Ending, mend
from tidelog.segments import JournalFolder, Origin, find_journals
from tidelog.shipper import Shipper
from tidelog.transport import Transport

TRIES = 4


class Outcome(NamedTuple):
    """What became of one journal."""

    directory: str
    project: str | None
    run: str | None
    live: bool  # a process still writes it
    home: bool  # the server has all that was in it
    sent_bytes: int
    torn_bytes: int
    problem: str | None


def sync_journals(root: str, connect: Callable[[Origin], Transport]) -> Iterator[Outcome]:
    """Bring the journals below `root` home, one after the other. `connect` gives the server for a journal."""
    for folder in find_journals(root):
        try:
            yield _sync(folder, connect)
        except FileNotFoundError:
            continue  # it went home by itself meanwhile


def _sync(folder: JournalFolder, connect: Callable[[Origin], Transport]) -> Outcome:
    dead = folder.lock.acquire()
    try:
        return _bring_home(folder, dead, connect)
    finally:
        folder.lock.release()


def _bring_home(folder: JournalFolder, dead: bool, connect: Callable[[Origin], Transport]) -> Outcome:
    outcome = Outcome(folder.path, None, None, not dead, False, 0, 0, None)
    try:
        origin = folder.origin()
        outcome = outcome._replace(project=origin.project, run=origin.with_id or origin.run_key)
        ending = mend(folder) if dead else None
        outcome = outcome._replace(torn_bytes=ending.torn_bytes if ending else 0)
        shipper = Shipper(folder, origin, connect(origin))
        before = shipper.register() and shipper.acknowledged
        _ship_all(shipper)
        if shipper.registration:
            outcome = outcome._replace(run=shipper.registration.label)
        outcome = outcome._replace(
            home=shipper.acknowledged >= folder.end(), sent_bytes=max(0, shipper.acknowledged - before)
        )
        if ending is not None and outcome.home:
            _close(folder, shipper, ending)
    except (ServerError, JournalError) as error:
        return outcome._replace(problem=str(error))
    return outcome


def _ship_all(shipper: Shipper) -> None:
    """Ship until nothing is left, trying again a few times where the server is away for a moment."""
    backoff = Backoff()
    while True:
        try:
            if not shipper.ship():
                return
            backoff.succeeded()
        except (ServerUnreachableError, ServerBusyError) as error:
            pause_s = backoff.failed(error.retry_after_s if isinstance(error, ServerBusyError) else None)
            if backoff.failures >= TRIES:
                raise
            time.sleep(pause_s)


def _close(folder: JournalFolder, shipper: Shipper, ending: Ending) -> None:
    if not ending.has_state:
        shipper.close_crashed()
    folder.remove()
