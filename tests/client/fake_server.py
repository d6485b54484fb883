"""A stand-in for the server that speaks docs/reference/journal.md and can be told to misbehave.

Only for what a real server cannot be made to do at will; see tests/faults for the real one.
"""

from __future__ import annotations

import json
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tidelog.journal.reading import Record, read_records, spans


class FakeServer:
    """Keeps the bytes of each writer. `failures` are answered, one a request, before anything is done."""

    def __init__(self) -> None:
        self.streams: dict[str, bytearray] = {}
        self.registrations: list[dict[str, Any]] = []
        self.closed: dict[str, Any] = {}
        self.batches: list[int] = []  # lengths of the bodies, uncompressed; 0 is a heartbeat
        self.tokens: set[str | None] = set()
        self.failures: list[tuple[int, str, dict[str, str]]] = []
        self.failing_always: tuple[int, str] | None = None
        self.requests = 0
        self.asks: str | None = None  # what a person asks of the job
        self.lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"fake": self}))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def records(self, writer: str | None = None) -> list[Record]:
        """Return what came from one writer, or from the only one."""
        stream = self.streams[writer] if writer else next(iter(self.streams.values()))
        return list(read_records(bytes(stream)))

    def fail(self, status: int, code: str, times: int = 1, **headers: str) -> None:
        """Answer the next requests with an error."""
        self.failures += [(status, code, {name.replace("_", "-"): value for name, value in headers.items()})] * times

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    # What requests do, each under the lock

    def register(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.registrations.append(body)
        stream = self.streams.setdefault(body["writer"], bytearray())
        key = body["run_key"] or f"key-of-{body['with_id']}"
        label = body["with_id"] or "FAKE-1"
        return 200, {
            "run_id": 1, "run": label, "run_key": key, "project": body["project"], "offset": len(stream),
            "url": f"/projects/fake/runs/{label}",
        }  # fmt: skip

    def receive(self, writer: str, offset: int, body: bytes) -> tuple[int, dict[str, Any]]:
        stream = self.streams.get(writer)
        if stream is None:
            return _error(404, "writer_not_found")
        data = zlib.decompress(body) if body else b""
        self.batches.append(len(data))
        if offset > len(stream):
            return _error(409, "offset_gap", expected=len(stream))
        if offset == len(stream):
            whole = 0
            for span in spans(data):
                whole = span.end
            stream += data[:whole]
        return 200, {"offset": len(stream), "request": self.asks}


def _error(status: int, code: str, **fields: Any) -> tuple[int, dict[str, Any]]:
    return status, {"error": {"code": code, "message": f"This is {code}.", **fields}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: FakeServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fake = self.fake
        with fake.lock:
            fake.requests += 1
            fake.tokens.add(self.headers.get("Authorization"))
            headers: dict[str, str] = {}
            if fake.failures:
                status, code, headers = fake.failures.pop(0)
                answer = _error(status, code)
            elif fake.failing_always:
                answer = _error(*fake.failing_always)
            else:
                answer = self._handled(body)
        self._answer(*answer, headers)

    def _handled(self, body: bytes) -> tuple[int, dict[str, Any]]:
        url = urlsplit(self.path)
        parts = url.path.split("/")[2:]
        if parts == ["writers"]:
            return self.fake.register(json.loads(body))
        if parts[0] == "journal":
            return self.fake.receive(parts[1], int(parse_qs(url.query)["offset"][0]), body)
        self.fake.closed[parts[1]] = json.loads(body)["state"]
        return 200, {"offset": len(self.fake.streams[parts[1]])}

    def _answer(self, status: int, content: dict[str, Any], headers: dict[str, str]) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on stderr."""
