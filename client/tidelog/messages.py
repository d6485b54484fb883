"""What tidelog tells the person at the terminal: few lines, through the logger `tidelog`.

A program that configures logging gets them there. One that doesn't gets them on stderr, so that the link of a run or a
warning about its data is never lost for want of a handler.
"""

from __future__ import annotations

# Imported here and not with the first line: logging hooks itself into fork, and a module that does so while another
# thread forks has its lock released without having taken it.
import logging

_logger = logging.getLogger("tidelog")


def inform(message: str, *values: object) -> None:
    """Say what is good to know."""
    _with_handler().info(message, *values)


def warn(message: str, *values: object) -> None:
    """Say what may cost data if nobody looks at it."""
    _with_handler().warning(message, *values)


def complain(message: str, *values: object, traceback: bool = False) -> None:
    """Say what has gone wrong; with the traceback of the exception that is being handled, if asked to."""
    _with_handler().error(message, *values, exc_info=traceback)


def _with_handler() -> logging.Logger:
    """Return the logger, with a handler of its own if nobody configured logging."""
    if not _logger.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("tidelog: %(message)s"))
        _logger.addHandler(handler)
        _logger.setLevel(logging.INFO)
    return _logger


def left_over(journal_bytes: int, files: int, file_bytes: int) -> str:
    """Say what is still on this disk: `1,024 bytes`, `1,024 bytes and 3 files (1.2 GB)`."""
    told = f"{journal_bytes:,} bytes"
    return f"{told} and {files:,} {'file' if files == 1 else 'files'} ({size(file_bytes)})" if files else told


def size(count: float) -> str:
    """Say how many bytes these are: `812 bytes`, `1.2 GB`."""
    if count < 1000:
        return f"{count:.0f} bytes"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 999.5:
            return f"{count:.3g} {unit}"
    return f"{count / 1000:,.3g} TB"
