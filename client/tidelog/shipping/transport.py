"""The one place that talks HTTP, and the one that turns httpx's errors and the server's into tidelog's.

httpx is imported with this module, so this module is imported only where something is about to be sent.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import httpx

from tidelog.errors import (
    AccessDeniedError,
    ArtifactNotFoundError,
    AttributeNotFoundError,
    FileNotHereError,
    HashMismatchError,
    JournalRefusedError,
    NotFoundError,
    OffsetGapError,
    QueryError,
    RequestRefusedError,
    RunDeletedError,
    RunNotFoundError,
    ServerBusyError,
    ServerError,
    ServerUnreachableError,
    WriterNotFoundError,
)

TIMEOUTS = httpx.Timeout(30.0, connect=5.0)
LONGEST_MESSAGE = 500
PIECE_BYTES = 64 * 1024  # of a large body

_BY_CODE: dict[str, type[ServerError]] = {
    "run_not_found": RunNotFoundError,
    "run_deleted": RunDeletedError,
    "writer_not_found": WriterNotFoundError,
    "attribute_not_found": AttributeNotFoundError,
    "malformed_journal": JournalRefusedError,
    "file_not_found": FileNotHereError,
    "artifact_not_found": ArtifactNotFoundError,
    "hash_mismatch": HashMismatchError,
}
_BY_STATUS: dict[int, type[ServerError]] = {401: AccessDeniedError, 403: AccessDeniedError, 404: NotFoundError}


class Transport:
    """Requests to one server. Threads may share it; a forked child needs its own."""

    def __init__(self, url: str, api_token: str | None, transport: httpx.BaseTransport | None = None) -> None:
        from tidelog import __version__

        self.url = url
        headers = {"User-Agent": f"tidelog/{__version__}"}
        if api_token:
            headers["Authorization"] = f"Bearer {api_token}"
        try:
            self._client = httpx.Client(base_url=f"{url}/api", headers=headers, timeout=TIMEOUTS, transport=transport)
        except (httpx.InvalidURL, ValueError) as error:
            raise RequestRefusedError(f"{url!r} cannot be the address of a server: {error}") from error
        _quiet.addresses.add(url)

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """Return the JSON that a GET answers."""
        return _content(self._send("GET", path, params=params))

    def get_bytes(self, path: str, params: Mapping[str, Any] | None = None) -> bytes:
        """Return the bytes that a GET answers."""
        return self._send("GET", path, params=params).content

    def post(self, path: str, body: Mapping[str, Any], params: Mapping[str, Any] | None = None) -> Any:
        """Send JSON and return the JSON that it is answered with."""
        return _content(self._send("POST", path, json=body, params=params))

    def delete(self, path: str, params: Mapping[str, Any]) -> Any:
        """Return the JSON that a DELETE answers."""
        return _content(self._send("DELETE", path, params=params))

    def post_bytes(self, path: str, body: bytes, media_type: str, params: Mapping[str, Any]) -> Any:
        """Send bytes and return the JSON that they are answered with."""
        return _content(self._send("POST", path, content=body, params=params, headers={"Content-Type": media_type}))

    def post_for_bytes(self, path: str, body: Mapping[str, Any]) -> bytes:
        """Send JSON and return the bytes that it is answered with."""
        return self._send("POST", path, json=body).content

    def patch_bytes(self, path: str, body: bytes, params: Mapping[str, Any], timeout_s: float) -> Any:
        """Send a part of something large and return the JSON that it is answered with."""
        # In pieces: the connection copies what is left of a piece each time that the network takes a part of it.
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(len(body))}
        pieces = (body[start : start + PIECE_BYTES] for start in range(0, len(body), PIECE_BYTES))
        timeouts = httpx.Timeout(timeout_s, connect=TIMEOUTS.connect)
        return _content(self._send("PATCH", path, content=pieces, params=params, headers=headers, timeout=timeouts))

    @contextmanager
    def stream(
        self, path: str, params: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> Iterator[httpx.Response]:
        """Ask for something large; the answer's bytes are to be read while the block lasts."""
        try:
            with self._client.stream("GET", path, params=params, headers=headers) as response:
                if not response.is_success:
                    response.read()
                    raise _refusal(response, self.url)
                yield response
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise ServerUnreachableError(f"the server at {self.url} does not answer ({reason})") from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Transport:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            response = self._client.request(method, path, **request)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            reason = str(error) or type(error).__name__
            raise ServerUnreachableError(f"the server at {self.url} does not answer ({reason})") from error
        if not response.is_success:
            raise _refusal(response, self.url)
        return response


def _content(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError as error:
        raise ServerBusyError(
            f"{response.request.url.host} answered something that is no JSON; is it a tidelog server?"
        ) from error


def _refusal(response: httpx.Response, url: str) -> ServerError:
    code, message, details = _explanation(response)
    told = f"the server at {url} refused {response.request.method} {response.request.url.path}: {message}"
    if response.status_code in (408, 425, 429) or response.status_code >= 500:
        return ServerBusyError(told, _retry_after_s(response))
    expected = details.get("expected")
    if code == "offset_gap" and isinstance(expected, int):
        return OffsetGapError(told, expected)
    if code == "invalid_query" and "query" in details:
        return QueryError(message, str(details["query"]), int(details["position"]), int(details["length"]))
    return _BY_CODE.get(code, _BY_STATUS.get(response.status_code, RequestRefusedError))(told)


def _explanation(response: httpx.Response) -> tuple[str, str, dict[str, Any]]:
    """Return code, message and further fields of the server's error, or what else came (a proxy's page, say)."""
    try:
        error = response.json()["error"]
        return str(error["code"]), str(error["message"]), dict(error)
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", f"HTTP {response.status_code} {response.text[:LONGEST_MESSAGE]}".strip(), {}


def _retry_after_s(response: httpx.Response) -> float | None:
    try:
        return max(0.0, float(response.headers["Retry-After"]))
    except (KeyError, ValueError):
        return None


class _OwnRequests(logging.Filter):
    """Leaves httpx's line for each of our requests out of a program's log: one a second would drown the rest."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the record is about somebody else's request."""
        arguments = record.args if isinstance(record.args, tuple) else ()
        return not any(str(argument).startswith(f"{url}/api/") for argument in arguments[1:2] for url in self.addresses)


_quiet = _OwnRequests()
logging.getLogger("httpx").addFilter(_quiet)
