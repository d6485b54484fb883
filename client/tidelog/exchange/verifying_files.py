"""The part of `tidelog verify` that is about files, sets of files and events."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from tidelog.errors import NotFoundError
from tidelog.journal.reading import Assign, Event, ObjectPoint, Record, SetChange
from tidelog.journal.records import FILE_REFERENCE
from tidelog.paths import quoted

if TYPE_CHECKING:
    from tidelog.shipping.transport import Transport

FILES_AT_ONCE = 1_000
EVENTS_AT_ONCE = 1_000
TITLE_CHARACTERS = 1_000  # of an event, that a server keeps
ARTIFACT = b"A"

EventKey = tuple[str, str, int, int | None, str]
Entries = dict[str, dict[str, Any]]


class LoggedFiles:
    """The files that a journal refers to, by their numbers, with their sizes where these are said."""

    def __init__(self) -> None:
        self.sizes: dict[int, int | None] = {}
        self.names: dict[int, str] = {}

    def note(self, record: Record) -> None:
        """Take the references that a record holds."""
        if isinstance(record, (Assign, ObjectPoint)) and record.value[:1] in (FILE_REFERENCE, ARTIFACT):
            said = json.loads(record.value[1:])
            # The size that an artifact says is that of its files, not that of their list.
            self._add(said, said["size"] if record.value[:1] == FILE_REFERENCE else None)
        elif isinstance(record, SetChange) and record.of_files and record.change == "+":
            for entry in record.items:
                self._add(entry, entry["size"])

    def _add(self, said: Mapping[str, Any], size: int | None) -> None:
        if "file" in said:
            self.sizes[said["file"]] = size
            self.names[said["file"]] = said["name"]

    def compare(self, server: Transport, run: str, writer: int) -> FilesOutcome:
        """Ask the server which of them it has, and how long they are there."""
        outcome = FilesOutcome(len(self.sizes))
        rest = iter(self.sizes)
        while some := list(islice(rest, FILES_AT_ONCE)):
            wanted = {"files": [[writer, number] for number in some]}
            for number, file in zip(
                some, server.post(f"/runs/{quoted(run)}/files/numbered", wanted)["files"], strict=True
            ):
                outcome.add(self.names[number], self.sizes[number], file)
        return outcome


class FilesOutcome:
    """How many files the journal refers to, how many are there, and how many have not arrived; what is wrong."""

    def __init__(self, files: int) -> None:
        self.files = files
        self.received = 0
        self.pending = 0
        self.differences: list[str] = []

    def add(self, name: str, size: int | None, file: Mapping[str, Any]) -> None:
        """Count what the server says of one. One of a value that was overwritten was received, and then dropped."""
        if file["state"] == "expected":
            self.pending += 1
        elif file["state"] == "lost":
            self.differences.append(f"the file {name} is lost: {file['problem']}")
        elif file["state"] == "received" and size is not None and file["size"] != size and not file["problem"]:
            self.differences.append(f"the file {name} has {file['size']:,} bytes there, and {size:,} were logged")
        else:
            self.received += 1


class LoggedSets:
    """Sets of files as a journal leaves them, by path number; how many changes made each of them."""

    def __init__(self) -> None:
        self.entries: dict[int, Entries] = {}
        self.changes: Counter[int] = Counter()
        self.removed: dict[int, set[str]] = {}

    def change(self, change: SetChange) -> None:
        """Apply a change."""
        entries = self.entries.setdefault(change.number, {})
        removed = self.removed.setdefault(change.number, set())
        self.changes[change.number] += 1
        if change.change == "+":
            entries.update((entry["name"], entry) for entry in change.items)
            removed.difference_update(entry["name"] for entry in change.items)
        else:
            removed.update(change.items)
            for name in change.items:
                entries.pop(name, None)

    def forget(self, number: int) -> int:
        """Forget a set that was deleted; how many changes it had."""
        self.entries.pop(number, None)
        self.removed.pop(number, None)
        return self.changes.pop(number, 0)

    def compare(self, server: Transport, run: str, writer: int, number: int, path: str) -> str | None:
        """Return what is wrong with a set on the server; None if it is as the journal leaves it."""
        there = {file["name"]: (file["writer"], file["number"]) for file in _listed(server, run, path)}
        for name, entry in self.entries[number].items():
            if name not in there:
                return f"{path}: the file {name} is missing in the set"
            if there[name][0] == writer and there[name][1] != entry["file"]:
                return f"{path}: the file {name} in the set is another one"
        for name in self.removed[number]:
            if name in there and there[name][0] == writer:
                return f"{path}: the file {name} is still in the set"
        return None


def _listed(server: Transport, run: str, path: str) -> Iterator[dict[str, Any]]:
    wanted: dict[str, Any] = {"path": path}
    while True:
        try:
            page = server.get(f"/runs/{quoted(run)}/files/list", wanted)
        except NotFoundError:
            return
        yield from page["files"]
        if page["next"] is None:
            return
        wanted["after"] = page["next"]


def missing_events(server: Transport, run: str, logged: Counter[EventKey]) -> Counter[EventKey]:
    """Return those of the events of a journal that the server does not have."""
    missing = Counter(logged)
    wanted: dict[str, Any] = {"limit": EVENTS_AT_ONCE}
    while missing:
        page = server.get(f"/runs/{quoted(run)}/events", wanted)
        missing -= Counter(
            (event["kind"], event["level"], event["time_ms"], event["step_millionths"], event["title"])
            for event in page["events"]
        )
        if page["next"] is None:
            break
        wanted["before"] = page["next"]
    return missing


def event_key(event: Event) -> EventKey:
    """Return what an event is known by on the server."""
    title = event.title.replace("\x00", "\N{REPLACEMENT CHARACTER}")[:TITLE_CHARACTERS]
    return (event.kind, event.level, round(event.seconds * 1000), event.step, title)
