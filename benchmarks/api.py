"""A plain HTTP client of the servers that are measured: one connection, the standard library, no work besides."""

from __future__ import annotations

import http.client
import json
import urllib.parse
from types import TracebackType
from typing import Any

from benchmarks.errors import BenchmarkError

TIMEOUT_S = 120.0


class Connection:
    """One kept connection to a server on this machine."""

    def __init__(self, url: str) -> None:
        address = urllib.parse.urlsplit(url)
        self._http = http.client.HTTPConnection(address.hostname or "", address.port, timeout=TIMEOUT_S)

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str) -> bytes:
        """The body of an answer."""
        return self._send("GET", path, None, {})

    def get_json(self, path: str) -> Any:
        """The body of an answer, as JSON."""
        return json.loads(self.get(path))

    def post(self, path: str, body: bytes, content_type: str) -> bytes:
        """Send a body, and return that of the answer."""
        return self._send("POST", path, body, {"Content-Type": content_type})

    def post_json(self, path: str, message: Any) -> bytes:
        """Send JSON, and return the body of the answer as it came."""
        return self.post(path, json.dumps(message).encode(), "application/json")

    def _send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> bytes:
        answer = self._answer(method, path, body, headers)
        data = answer.read()
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            raise BenchmarkError(f"{method} {path} was answered {answer.status}: {data[:500]!r}")
        return data

    def _answer(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> http.client.HTTPResponse:
        """Send it, again on a new connection if the server closed this one, as it does with an idle one."""
        try:
            self._http.request(method, path, body, headers)
            return self._http.getresponse()
        except (ConnectionError, http.client.RemoteDisconnected):
            self._http.close()
            self._http.request(method, path, body, headers)
            return self._http.getresponse()
