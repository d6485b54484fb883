"""The lock of a journal's folder: held by the process that writes it, or by the one that ships it home.

An flock dies with its process, also on `kill -9`, so that a free lock means that nobody writes. File systems that know
no flock (some network ones) count as unlocked.
"""

from __future__ import annotations

import errno
import fcntl
import os


class FolderLock:
    """Take and give back the lock of one folder."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._fd: int | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free, without waiting; False if another process holds it.

        Raises FileNotFoundError if the folder is gone.
        """
        fd = os.open(os.path.join(self._folder, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                os.close(fd)
                return False
        self._fd = fd
        return True

    def release(self) -> None:
        """Give the lock back. In a forked child this only closes the child's copy: the parent goes on holding it."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
