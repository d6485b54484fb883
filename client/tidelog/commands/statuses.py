"""What the commands' exit statuses mean."""

from __future__ import annotations

from tidelog.errors import (
    AccessDeniedError,
    NotFoundError,
    ServerBusyError,
    ServerUnreachableError,
    TidelogError,
)

DONE = 0
NOT_ALL = 1  # it was done, but something is not home, differs, or could not be had
WRONG = 2  # the command, a query or another argument is wrong, or the server refuses it
NOT_FOUND = 3
UNREACHABLE = 4  # the server does not answer, or is busy
DENIED = 5
INTERRUPTED = 130  # by Ctrl-C


def status_of(error: TidelogError) -> int:
    """Return the exit status for an error."""
    if isinstance(error, NotFoundError):
        return NOT_FOUND
    if isinstance(error, (ServerUnreachableError, ServerBusyError)):
        return UNREACHABLE
    return DENIED if isinstance(error, AccessDeniedError) else WRONG
