"""Forked children that are gone: their parent brings their journals home.

A child that logs has a writer of its own, ships it itself, and says goodbye when it ends. One that was killed, or left
by `os._exit`, could not. Its lock is free then, and the parent ships what it left.
"""

from __future__ import annotations

import os

from tidelog.errors import JournalError, NotFoundError, RequestRefusedError
from tidelog.journal.recovery import add_state, mend
from tidelog.journal.segments import JournalFolder, journals_beside
from tidelog.shipping.file_shipper import FileShipper
from tidelog.shipping.shipper import Shipper
from tidelog.shipping.transport import Transport


def adopt_children(folder: JournalFolder, transport: Transport, ending: str) -> None:
    """Ship the journals of the dead children of the writer in this folder, and delete them.

    A child without a state record gets `ending` as its state: a data-loader worker that was terminated does not make
    a run that went well a crashed one. Raises `ServerError` like a shipper.
    """
    for child in journals_beside(folder):
        try:
            if child.lock.acquire():
                _bring_home(child, os.path.basename(folder.path), transport, ending)
        except (JournalError, RequestRefusedError, NotFoundError, FileNotFoundError):
            continue  # `tidelog sync` says what is wrong with it
        finally:
            child.lock.release()


def _bring_home(child: JournalFolder, parent: str, transport: Transport, ending: str) -> None:
    origin = child.origin()
    if origin.parent != parent:
        return
    if not mend(child).has_state:
        add_state(child, ending)
    shipper = Shipper(child, origin, transport)
    while shipper.ship():
        pass
    files = FileShipper(child, origin.writer, transport)
    while files.step():
        pass
    if shipper.acknowledged >= child.end():
        child.remove()
