"""Everything that tidelog raises, as one tree.

    TidelogError
    ├── ArgumentError
    │   ├── InvalidPathError            (ValueError)
    │   ├── InvalidValueError           (ValueError)
    │   ├── UnsupportedTypeError        (TypeError)
    │   ├── KindConflictError           (TypeError)   a path used as two kinds of thing
    │   └── MissingPackageError         (ImportError) what was asked for needs a package that is not installed
    ├── RunError
    │   ├── RunStoppedError             writing after stop()
    │   └── ReadOnlyError               writing in read-only mode
    ├── ExportError                     a folder that is no export, or of another project
    ├── JournalError
    │   └── MalformedJournalError       (ValueError)  bytes that are no journal
    └── ServerError
        ├── NoServerError               this mode talks to no server
        ├── ServerUnreachableError      no answer at all; worth trying again
        ├── ServerBusyError             the server asks to try again later
        ├── AccessDeniedError
        ├── RequestRefusedError
        │   ├── QueryError              a query that does not parse; shows where
        │   ├── OffsetGapError          the server's copy of a journal or file ends earlier
        │   ├── HashMismatchError       a file is not what its hash says
        │   └── JournalRefusedError     the server calls the journal malformed
        └── NotFoundError
            ├── RunNotFoundError
            ├── RunDeletedError
            ├── WriterNotFoundError
            ├── AttributeNotFoundError
            ├── FileNotHereError        no such file, or its bytes have not arrived
            └── ArtifactNotFoundError

Beside it stands what somebody asks of the job; it is what Ctrl-C is, and no error.

    RunInterruption                     (KeyboardInterrupt)
    ├── RunStopRequestedError
    └── RunAbortedError

A wrong argument raises at the call. The network, a dead server or a full disk never raise into a training loop: of the
ServerErrors only reading (`fetch...`, `exists`) raises any.
"""

from __future__ import annotations

SHOWN_CHARACTERS = 100  # of a query in an error message, so that it fits into a line of a terminal
SHOWN_BEFORE = 60  # of them before the place


class TidelogError(Exception):
    """The root of all errors that tidelog raises."""


class ArgumentError(TidelogError):
    """An argument that tidelog cannot take; nothing was recorded."""


class InvalidPathError(ArgumentError, ValueError):
    """A path that cannot name an attribute."""


class InvalidValueError(ArgumentError, ValueError):
    """A value of the right type that is out of range."""


class UnsupportedTypeError(ArgumentError, TypeError):
    """A value of a type that tidelog does not record."""


class KindConflictError(ArgumentError, TypeError):
    """One path used as two kinds of thing, such as a float and a string series."""


class MissingPackageError(ArgumentError, ImportError):
    """What was asked for needs a package that is not installed."""


class RunError(TidelogError):
    """The run is in a state in which it does not take this call."""


class RunInterruption(KeyboardInterrupt):
    """A person asks the job to end, as Ctrl-C does: raised by a call that logs, after it has logged.

    Not below `TidelogError`, and not even below `Exception`, so that a loop which skips over errors ends all the same.
    """


class RunStopRequestedError(RunInterruption):
    """Somebody asked the run to stop. Let it through, and the run ends as finished; or catch it and wind up."""


class RunAbortedError(RunInterruption):
    """Somebody asked the run to abort. Let it through, and the run ends as failed."""


class RunStoppedError(RunError):
    """The run was stopped; it records nothing any more."""


class ReadOnlyError(RunError):
    """The run was opened to read only."""


class ExportError(TidelogError):
    """A folder that is no export, or cannot be added to."""


class JournalError(TidelogError):
    """Something is wrong with a journal on disk."""


class MalformedJournalError(JournalError, ValueError):
    """Bytes that are not a journal."""


class ServerError(TidelogError):
    """The server cannot be asked, or said no."""


class NoServerError(ServerError):
    """The run's mode talks to no server, so nothing can be read from one."""


class ServerUnreachableError(ServerError):
    """No answer came; what is in the journal stays there and is sent later."""


class ServerBusyError(ServerError):
    """The server asks to come back later."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class AccessDeniedError(ServerError):
    """The token is missing, wrong, or not allowed to do this."""


class RequestRefusedError(ServerError):
    """The server understood the request and refused it; asking again does not help."""


class QueryError(RequestRefusedError):
    """A query that does not parse, or compares what cannot be compared.

    `position` is the 0-based character of `query` where it goes wrong, `length` how many characters are meant. The
    message shows the place.
    """

    def __init__(self, reason: str, query: str, position: int, length: int = 1) -> None:
        super().__init__(f"{reason}\n{pointed_out(query, position, length)}")
        self.reason = reason
        self.query = query
        self.position = position
        self.length = length


class OffsetGapError(RequestRefusedError):
    """The server's copy of the journal, or of a file, ends before the bytes that were sent."""

    def __init__(self, message: str, expected: int) -> None:
        super().__init__(message)
        self.expected = expected


class HashMismatchError(RequestRefusedError):
    """The bytes of a file do not have the SHA-256 that was announced or promised."""


class JournalRefusedError(RequestRefusedError):
    """The server calls the bytes that were sent malformed; it stored nothing of them."""


class NotFoundError(ServerError):
    """The server knows nothing of that name."""


class RunNotFoundError(NotFoundError):
    """There is no such run."""


class RunDeletedError(NotFoundError):
    """The run was deleted on the server."""


class WriterNotFoundError(NotFoundError):
    """The server does not know this journal's writer; it has to be registered again."""


class AttributeNotFoundError(NotFoundError):
    """The run has nothing at that path."""


def pointed_out(text: str, position: int, length: int) -> str:
    """Return the line of the text where something is wrong, and carets below the place, both indented."""
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    line = text[start : end if end >= 0 else len(text)]
    column = min(position - start, len(line))
    first = max(0, column - SHOWN_BEFORE)
    shown = line[first : first + SHOWN_CHARACTERS].replace("\t", " ")
    carets = "^" * max(1, min(length, len(shown) - (column - first)))
    return f"    {shown}\n    {' ' * (column - first)}{carets}"


class FileNotHereError(NotFoundError):
    """The server has no such file, or its bytes have not arrived yet."""


class ArtifactNotFoundError(NotFoundError):
    """The project has no such artifact, or it has no such version."""
