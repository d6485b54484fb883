"""`tidelog import`: an export into a server.

A run's writers are registered again, each with its host, times and end. The first of each attempt brings what that
attempt logged, so that what later attempts abandoned is abandoned again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tidelog.errors import NotFoundError, RunDeletedError
from tidelog.exchange.export_layout import read_head, read_json, require_pyarrow, run_folders, version_paths
from tidelog.exchange.importing import (
    ENDINGS,
    WRITTEN_HERE,
    Imported,
    Shipment,
    find_label,
    writer_name,
)
from tidelog.exchange.importing_artifacts import RunArtifacts, Versions
from tidelog.exchange.importing_boards import bring_boards
from tidelog.exchange.importing_files import send_files
from tidelog.exchange.importing_records import (
    events_of,
    exported_files,
    files_by_attempt,
    float_records,
    object_records,
    value_records,
)
from tidelog.fetching.writers import writers_of
from tidelog.paths import quoted

if TYPE_CHECKING:
    from tidelog.shipping.transport import Transport

KINDS = ("project", "model", "model_version", "run")  # in this order, as later ones refer to earlier ones
DELETED_HERE = "it was deleted on this server"
NEWER_HERE = "a newer export of it was imported before"
REPLACED = ""  # what the server says of the origin of a writer whose place a newer import took
NUMBERED = ("run", "model_version")

Run = dict[str, Any]


def import_export(server: Transport, folder: str, project: str | None = None) -> Iterator[Imported]:
    """Import an export, the oldest runs first, into a project of its name or of the name given."""
    require_pyarrow()
    head = read_head(folder)
    target = _Target(server, project or head["project"], None if project else head.get("project_key"))
    runs = [_Folder(path) for path in run_folders(folder)]
    versions = Versions(version_paths(folder), [run.about["label"] for run in runs])
    for run in _in_order(runs):
        yield target.bring(run, RunArtifacts(folder, versions.of(run.about["label"])))
    if runs:
        versions.link(server, target.project, target.labels)
        versions.name(server, target.project)
        target.put_in_trash()
        bring_boards(server, folder, target.project, target.labels)


class _Folder:
    """An exported run."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.export = os.path.dirname(os.path.dirname(path))
        self.about: Run = read_json(os.path.join(path, "run.json"))


class _Target:
    """The project on this server that runs are brought to, and what they are called here."""

    def __init__(self, server: Transport, project: str, key: str | None) -> None:
        self.project = project
        self.labels: dict[str, str] = {}
        self._server = server
        self._key = key
        self._to_be_trashed: list[str] = []

    def bring(self, folder: _Folder, artifacts: RunArtifacts) -> Imported:
        """Bring one run. One that a job of this server wrote is left alone."""
        run = folder.about
        there = find_label(self._server, self.project, run["key"], run["kind"])
        present = [] if there is None else writers_of(self._server, there)
        if there is not None:
            self.labels[run["label"]] = there
            if any(writer["origin"] is None for writer in present):
                return Imported(there, run["label"], 0, WRITTEN_HERE)
        try:
            writers = self._writers(run)
            if there is not None and not self._make_room(there, writers, present):
                return Imported(there, run["label"], 0, NEWER_HERE)
            imported = self._ship(folder, artifacts, writers)
        except RunDeletedError:
            return Imported(there or run["label"], run["label"], 0, DELETED_HERE)
        self.labels[run["label"]] = imported.run
        if run["trashed"] and imported.sent_bytes:
            self._to_be_trashed.append(imported.run)
        return imported

    def put_in_trash(self) -> None:
        """Put what came from the trash, because others need it, in the trash again."""
        if self._to_be_trashed:
            self._server.post("/runs/trash", {"labels": self._to_be_trashed})

    def _writers(self, run: Run) -> dict[str, Mapping[str, Any]]:
        """Return the writers of a run in the order in which they are brought, by the names that they get here."""
        ordered = sorted(run["writers"], key=lambda writer: (writer["attempt"], writer["created_ms"], writer["writer"]))
        identity = (self.project, run["key"], run["kind"], run["revision"])
        return {writer_name(*identity, writer["writer"]): writer for writer in ordered}

    def _make_room(self, label: str, writers: Mapping[str, Mapping[str, Any]], present: Sequence[Run]) -> bool:
        """Empty a run that an older export brought, unless this one is on its way; False if a newer one did."""
        if any(writer["writer"] in writers for writer in present):
            return True
        states = {writer["writer"]: writer["state"] for writer in writers.values()}
        for writer in present:
            if writer["state"] in ENDINGS and states.get(writer["origin"]) not in ENDINGS:
                return False
        first = next(iter(writers))
        if self._origin_of(first) == REPLACED:
            return False
        self._server.post(f"/runs/{quoted(label)}/empty", {})
        return True

    def _origin_of(self, name: str) -> str | None:
        """Return what a writer of this server says of its origin; None if there is none of this name."""
        try:
            origin: str | None = self._server.get(f"/writers/{name}").get("origin")
            return origin
        except NotFoundError:
            return None

    def _ship(self, folder: _Folder, artifacts: RunArtifacts, writers: Mapping[str, Mapping[str, Any]]) -> Imported:
        run = folder.about
        told_by = _teller(run, list(writers.values()))
        files_of = files_by_attempt(folder.path)
        of_later = set().union(*files_of.values())
        attempts: set[int] = set()
        sent, label = 0, ""
        for index, (name, writer) in enumerate(writers.items()):
            answer = self._server.post("/writers", self._registration(run, writer, name))
            label = answer["run"]
            shipment = Shipment(self._server, name, answer["offset"])
            if index == 0:
                early = exported_files(folder.path, folder.export, lambda number: number not in of_later)
                sent += send_files(self._server, name, early)
                sent += send_files(self._server, name, artifacts.contents(run["files"]))
                for record in value_records(folder.path, run["name"], artifacts.numbers):
                    shipment.add(record)
            if writer["attempt"] not in attempts:
                late = exported_files(folder.path, folder.export, files_of.get(writer["attempt"], set()).__contains__)
                sent += send_files(self._server, name, late)
                for record in float_records(folder.path, writer["attempt"]):
                    shipment.add(record)
                for record in object_records(folder.path, writer["attempt"]):
                    shipment.add(record)
            attempts.add(writer["attempt"])
            if index == 0:
                for event in events_of(folder.path):
                    shipment.add_packed(event)
            ended_ms = writer["ended_ms"] or writer["created_ms"]
            shipment.end(writer["state"], ended_ms, run["error"] if index == told_by else None, writer["dropped"])
            sent += shipment.sent_bytes
        lost = run["fork_run"] is not None and run["fork_run"] not in self.labels
        problem = f"{run['fork_run']}, which it was forked from, is not here: what it inherits is missing"
        return Imported(label, run["label"], sent, problem if lost else None)

    def _registration(self, run: Run, writer: Mapping[str, Any], name: str) -> dict[str, Any]:
        fork = self.labels.get(run["fork_run"]) if run["fork_run"] else None
        number = run["label"].rpartition("-")[2]
        return {
            "project": self.project, "project_key": self._key, "kind": run["kind"], "run_key": run["key"],
            "with_id": None, "name": run["name"], "model": self.labels.get(run["model"]) if run["model"] else None,
            "number": int(number) if run["kind"] in NUMBERED else None, "fork_run": fork,
            "fork_step": run["fork_step"] if fork else None, "writer": name, "origin": writer["writer"],
            "host": writer["host"], "pid": writer["pid"], "attempt": writer["attempt"],
            "created_ms": writer["created_ms"], "requested": run["requested"],
        }  # fmt: skip


def _teller(run: Run, writers: Sequence[Mapping[str, Any]]) -> int | None:
    """Return which of the writers told why the run failed: the last that failed, else the last that told its end."""
    for states in (("failed",), ENDINGS):
        tellers = [index for index, writer in enumerate(writers) if writer["state"] in states]
        if tellers:
            return max(tellers, key=lambda index: writers[index]["ended_ms"] or 0)
    return None


def _in_order(runs: Sequence[_Folder]) -> Iterator[_Folder]:
    """Yield runs so that what another one refers to, a model or the origin of a fork, comes before it."""
    waiting = {run.about["label"]: run for run in sorted(runs, key=lambda run: KINDS.index(run.about["kind"]))}
    while waiting:
        chain = [next(iter(waiting))]
        while (origin := waiting[chain[-1]].about["fork_run"]) in waiting and origin not in chain:
            chain.append(origin)
        for label in reversed(chain):
            yield waiting.pop(label)
