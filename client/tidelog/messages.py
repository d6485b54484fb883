"""What tidelog tells the person at the terminal: few lines, through the logger `tidelog`.

A program that configures logging gets them there. One that doesn't gets them on stderr, so that the link of a run or a
warning about its data is never lost for want of a handler. `logging` is imported with the first line: a third of the
time that `import tidelog` may take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logging import Logger


def inform(message: str, *values: object) -> None:
    """Say what is good to know."""
    _logger().info(message, *values)


def warn(message: str, *values: object) -> None:
    """Say what may cost data if nobody looks at it."""
    _logger().warning(message, *values)


def complain(message: str, *values: object, traceback: bool = False) -> None:
    """Say what has gone wrong; with the traceback of the exception that is being handled, if asked to."""
    _logger().error(message, *values, exc_info=traceback)


def _logger() -> Logger:
    """Return the logger, with a handler of its own if nobody configured logging."""
    import logging

    logger = logging.getLogger("tidelog")
    if not logger.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("tidelog: %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    return logger
