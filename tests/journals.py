"""Journals for tests of the server: a writer that keeps its stream in memory and ships it the way a client does."""

from __future__ import annotations

import struct
import time
import uuid
import zlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

from tidelog.journal import records
from tidelog_server.ingest.receiver import Received, Receiver
from tidelog_server.runs import writers
from tidelog_server.runs.writers import Registration
from tidelog_server.series.points import NEXT_STEP

MOMENT_S = 1_800_000_000.0


@dataclass
class MemoryJournal:
    """Collects records; `stream` are the bytes of all of them so far."""

    stream: bytearray = field(default_factory=bytearray)
    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, path: str) -> int:
        if path not in self.numbers:
            self.numbers[path] = len(self.numbers)
            self.stream += records.define(self.numbers[path], path)
        return self.numbers[path]

    def point(self, path: str, value: float, step: float | None = None, seconds: float = MOMENT_S) -> None:
        tag = records.point_tag(self.number(path))
        self.stream += records.pack_point(tag, NEXT_STEP if step is None else round(step * 1e6), seconds, value)

    def row(self, values: dict[str, float], step: float, seconds: float = MOMENT_S) -> None:
        numbers = array("I", [self.number(path) for path in values])
        head = records.pack_step_time(round(step * 1e6), seconds)
        payload = head + records.packed(numbers) + records.packed(array("d", values.values()))
        self.stream += records.framed(records.ROW_KIND, len(values), payload)

    def column(self, path: str, points: Iterable[tuple[float, float]], seconds: float = MOMENT_S) -> None:
        pairs = list(points)
        steps = array("q", [round(step * 1e6) for step, _ in pairs])
        times = array("d", [seconds] * len(pairs))
        values = records.packed(array("d", [value for _, value in pairs]))
        self.stream += records.column(self.number(path), steps, times, values)

    def assign(self, path: str, value: bytes) -> None:
        self.stream += records.assign(self.number(path), MOMENT_S, value)

    def text(self, path: str, text: str | bytes, step: float | None = None, seconds: float = MOMENT_S) -> None:
        payload = text if isinstance(text, bytes) else text.encode()
        micros = NEXT_STEP if step is None else round(step * 1e6)
        self.stream += records.text_point(self.number(path), micros, seconds, payload)

    def object(self, path: str, value: bytes, step: float | None = None, seconds: float = MOMENT_S) -> None:
        micros = NEXT_STEP if step is None else round(step * 1e6)
        self.stream += records.object_point(self.number(path), micros, seconds, value)

    def histogram(self, path: str, edges: list[float], counts: list[float], step: float | None = None) -> None:
        numbers = array("d", [*edges, *counts])
        self.object(path, b"h" + struct.pack("<I", len(counts)) + records.packed(numbers), step)

    def change_set(self, path: str, change: bytes, *items: str) -> None:
        self.stream += records.set_change(self.number(path), MOMENT_S, change, items)

    def change_files(self, path: str, change: bytes, *entries: dict[str, object] | str) -> None:
        self.stream += records.file_set_change(self.number(path), MOMENT_S, change, entries)

    def event(self, title: str, *, kind: str = "alert", level: str = "warning", text: str = "") -> None:
        self.stream += records.event(kind, level, MOMENT_S, None, title, text)

    def delete(self, path: str) -> None:
        self.stream += records.delete(self.number(path), MOMENT_S)

    def end(
        self, state: str = "finished", error: str | None = None, dropped: int = 0, time_s: float | None = None
    ) -> None:
        self.stream += records.state(state, time.time() if time_s is None else time_s, error, dropped)


class Sender:
    """A writer of one run that ships its journal to a `Receiver` in this process."""

    def __init__(
        self,
        receiver: Receiver,
        *,
        project: str = "project",
        key: str = "run",
        name: str | None = None,
        created_ms: int | None = None,
        fork_run: str | None = None,
        fork_step: float | None = None,
        ended_ms: int | None = None,
        origin: str | None = None,
        host: str | None = None,
    ) -> None:
        self.receiver = receiver
        self.journal = MemoryJournal()
        self.name = uuid.uuid4().hex[:16]
        self.sent = 0
        moment = int(time.time() * 1000) if created_ms is None else created_ms
        registration = Registration(
            project, key, None, self.name, moment, name=name, fork_run=fork_run, fork_step=fork_step, ended_ms=ended_ms,
            origin=origin, host=host,
        )  # fmt: skip
        with receiver._database.write() as connection:
            self.run_id = writers.register(connection, registration).run_id

    def ship(self) -> Received:
        """Send what was recorded since the last time."""
        received = self.receiver.receive(self.name, self.sent, zlib.compress(bytes(self.journal.stream[self.sent :])))
        self.sent = received.position
        return received
