"""What can go wrong on the server, as the domain names it.

    TidelogServerError
    ├── InvalidRequestError         400  the request cannot be understood
    │   ├── MalformedJournalError        a journal batch that is none
    │   └── QueryError                   a filter that does not parse; points at the character
    ├── AccessDeniedError           401  a token or a login is needed
    ├── ForbiddenError              403  the request comes from where it may not
    ├── NotFoundError               404
    │   ├── ProjectNotFoundError
    │   ├── RunNotFoundError
    │   ├── RunDeletedError         410  it was there, and was purged
    │   ├── AttributeNotFoundError
    │   ├── SeriesNotFoundError
    │   ├── ArtifactNotFoundError
    │   ├── FileNotHereError             no such file, or it has not arrived
    │   └── WriterNotFoundError
    ├── ConflictError               409  not in the state that this has now
    ├── OffsetGapError              409  a batch that starts beyond what the server has
    ├── ChangedMeanwhileError       409  somebody else was faster
    ├── HashMismatchError           409  a file that is not what its hash said
    ├── TooLargeError               413  more than one request may carry
    ├── UnavailableError            503  try again later
    └── StorageFullError            507  the disk of the server is full

Nouns raise these; `api/problems.py` is the one table that turns them into JSON, `pages` into an error page.
"""

from __future__ import annotations


class TidelogServerError(Exception):
    """Root of all errors that a request can be answered with.

    `message` has three parts where they apply: what happened, what it means for the data, what to do.
    `details` are further fields of the JSON answer.
    """

    code = "internal_error"
    status = 500

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class InvalidRequestError(TidelogServerError):
    """The request is wrong in itself; sending it again will not help."""

    code = "invalid_request"
    status = 400


class MalformedJournalError(InvalidRequestError):
    """The body is not a tidelog journal. Nothing of it was stored."""

    code = "malformed_journal"


class QueryError(InvalidRequestError):
    """A filter does not parse or compares what cannot be compared.

    `position` is the 0-based character of `query` (or of a column or a sort order) where it goes wrong, `length` how
    many characters are meant.
    """

    code = "invalid_query"

    def __init__(self, message: str, *, position: int, length: int = 1) -> None:
        super().__init__(message, position=position, length=length)
        self.position = position
        self.length = length

    def about(self, query: str) -> QueryError:
        """The same error, which also says in which text: a request may hold a filter, columns and a sort order."""
        self.details["query"] = query
        return self


class AccessDeniedError(TidelogServerError):
    """The request carries no valid token."""

    code = "access_denied"
    status = 401


class ForbiddenError(TidelogServerError):
    """The request comes from a page or for a host name that this server does not serve."""

    code = "forbidden"
    status = 403


class NotFoundError(TidelogServerError):
    """Something named in the request does not exist, or may not be seen."""

    code = "not_found"
    status = 404


class ProjectNotFoundError(NotFoundError):
    """No project has this name."""

    code = "project_not_found"


class RunNotFoundError(NotFoundError):
    """No run has this label, key or number."""

    code = "run_not_found"


class RunDeletedError(NotFoundError):
    """The run was there, and was purged with all that it held."""

    code = "run_deleted"
    status = 410


class AttributeNotFoundError(NotFoundError):
    """The run has nothing at this path."""

    code = "attribute_not_found"


class SeriesNotFoundError(NotFoundError):
    """The run has no series at this path."""

    code = "series_not_found"


class ArtifactNotFoundError(NotFoundError):
    """The project has no such artifact, or it has no such version."""

    code = "artifact_not_found"


class FileNotHereError(NotFoundError):
    """There is no such file, or its bytes have not arrived yet."""

    code = "file_not_found"


class WriterNotFoundError(NotFoundError):
    """The writer is not registered here, or no longer."""

    code = "writer_not_found"


class ConflictError(TidelogServerError):
    """What was asked for does not fit the state that something has now; nothing was changed."""

    code = "conflict"
    status = 409


class OffsetGapError(TidelogServerError):
    """A batch starts beyond the end of the server's copy of the journal; `expected` is where that ends."""

    code = "offset_gap"
    status = 409


class ChangedMeanwhileError(TidelogServerError):
    """What is to be changed is no longer as it was when it was read; nothing was stored."""

    code = "changed_meanwhile"
    status = 409


class HashMismatchError(TidelogServerError):
    """The bytes of a file do not have the SHA-256 that was announced; they were thrown away."""

    code = "hash_mismatch"
    status = 409


class TooLargeError(TidelogServerError):
    """The request carries more than the documented limit."""

    code = "too_large"
    status = 413


class StorageFullError(TidelogServerError):
    """The disk of the server takes nothing more; what was acknowledged is safe, and clients keep the rest."""

    code = "insufficient_storage"
    status = 507


class UnavailableError(TidelogServerError):
    """The server cannot do this now; the client keeps its data and tries again."""

    code = "unavailable"
    status = 503
