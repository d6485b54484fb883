"""Bringing one journal to the server, batch by batch: the protocol of docs/reference/journal.md.

A shipper raises what goes wrong and decides nothing about it: a run's `Delivery` tries again for ever, `tidelog sync` a
few times.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple
from zlib import compress

from tidelog.errors import JournalError, OffsetGapError, RequestRefusedError, ServerBusyError, WriterNotFoundError
from tidelog.journal.segments import JournalFolder, Origin
from tidelog.shipping.transport import Transport

MEDIA_TYPE = "application/vnd.tidelog.journal"
BATCH_BYTES = 4 * 1024 * 1024
LARGEST_BATCH_BYTES = 32 * 1024 * 1024
COMPRESSION_LEVEL = 1  # shipping must cost the training job little; the server compacts later
HEARTBEAT_S = 5.0  # so long it takes at most until a job hears that it is asked to stop


class Registration(NamedTuple):
    """What the server made of a writer: its run."""

    run_id: int
    label: str
    run_key: str
    project: str
    url: str


class Shipper:
    """Ships one journal folder. One request at a time, in order; use it from one thread."""

    def __init__(
        self, folder: JournalFolder, origin: Origin, transport: Transport, ended_ms: int | None = None
    ) -> None:
        """`ended_ms` says when the writer ended, if it is over: the order of attempts follows from that."""
        self.folder = folder
        self.acknowledged = folder.acknowledged()
        self.registration: Registration | None = None
        self.request: str | None = None  # what a person asks of the job: stop or abort, as last heard
        self._origin = origin
        self._transport = transport
        self._ended_ms = ended_ms
        self._batch_bytes = BATCH_BYTES
        self._sent_at = 0.0

    def ship(self) -> bool:
        """Send one batch, or a heartbeat where one is due. True if there is more to send at once.

        Raises `ServerError` if the server cannot be reached, is busy or refuses, `JournalError` if the bytes that it
        needs are not on disk.
        """
        if self.registration is None:
            self.register()
        data = self._read()
        if not data and time.monotonic() - self._sent_at < HEARTBEAT_S:
            return False
        before = self.acknowledged
        try:
            self._note(self._post(compress(data, COMPRESSION_LEVEL) if data else b""))
        except OffsetGapError as gap:
            self._go_back(gap)
            return True
        except WriterNotFoundError:
            self.registration = None
            return True
        return self._more(data, before)

    def _read(self) -> bytes:
        try:
            return self.folder.read(self.acknowledged, self._batch_bytes)
        except JournalError:
            before = self.acknowledged
            self.register()
            if self.acknowledged <= before:
                raise
            return self._read()  # somebody else has shipped it and deleted what the server has

    def register(self) -> Registration:
        """Make the writer and its run known to the server; it says how much of the journal it has already."""
        origin = self._origin
        answer = self._transport.post(
            "/writers",
            {
                "project": origin.project,
                "run_key": origin.run_key,
                "with_id": origin.with_id,
                "writer": origin.writer,
                "created_ms": origin.created_ms,
                "host": origin.host,
                "pid": origin.pid,
                "name": origin.name,
                "kind": origin.kind,
                "model": origin.model,
                "fork_run": origin.fork_run,
                "fork_step": origin.fork_step,
                "ended_ms": self._ended_ms,
            },
        )
        run_id, label, key, project, url = (
            _field(answer, name) for name in ("run_id", "run", "run_key", "project", "url")
        )
        self._note(int(_field(answer, "offset")))
        self.registration = Registration(run_id, label, key, project, url)
        return self.registration

    def close_crashed(self, ended_ms: int | None = None) -> None:
        """Tell the server that the writer died without a word, and when it was last alive."""
        if self.registration is None:
            self.register()
        self._transport.post(f"/writers/{self._origin.writer}/close", {"state": "crashed", "ended_ms": ended_ms})

    def _post(self, body: bytes) -> int:
        answer = self._transport.post_bytes(
            f"/journal/{self._origin.writer}", body, MEDIA_TYPE, {"offset": self.acknowledged}
        )
        self._sent_at = time.monotonic()
        self.request = answer.get("request") if isinstance(answer, dict) else None
        return int(_field(answer, "offset"))

    def _note(self, offset: int) -> None:
        if offset != self.acknowledged:
            self.acknowledged = offset
            self.folder.acknowledge(offset)

    def _more(self, data: bytes, before: int) -> bool:
        if self.acknowledged > before:
            self._batch_bytes = BATCH_BYTES
            return len(data) >= BATCH_BYTES or self.acknowledged < before + len(data)
        if len(data) < self._batch_bytes:
            return False  # the last record is still being written
        if self._batch_bytes >= LARGEST_BATCH_BYTES:
            raise JournalError(
                f"the record at byte {before} of the journal in {self.folder.path} is too long to be sent"
            )
        self._batch_bytes = min(2 * self._batch_bytes, LARGEST_BATCH_BYTES)
        return True

    def _go_back(self, gap: OffsetGapError) -> None:
        segments = self.folder.segments()
        if not segments or gap.expected < segments[0].start or gap.expected >= self.acknowledged:
            raise RequestRefusedError(
                f"the server's copy of the journal in {self.folder.path} ends at byte {gap.expected}, and what follows "
                "was deleted after it had been acknowledged. Was the server's database restored from an older copy?"
            ) from gap
        self._note(gap.expected)


def _field(answer: Any, name: str) -> Any:
    try:
        return answer[name]
    except (KeyError, TypeError) as error:
        raise ServerBusyError(f"the server's answer has no {name!r} in it; is it a tidelog server?") from error
