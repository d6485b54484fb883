"""`tidelog import`: an export into a server.

A run's writers are registered again, each with its host, times and end. The first of each attempt brings what that
attempt logged, so that what later attempts abandoned is abandoned again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tidelog.errors import RunDeletedError
from tidelog.exchange.export_layout import read_head, read_json, require_pyarrow, run_folders, version_paths
from tidelog.exchange.importing import (
    ENDINGS,
    WRITTEN_HERE,
    Imported,
    Shipment,
    find_label,
    writer_name,
    writers_of,
)
from tidelog.exchange.importing_artifacts import RunArtifacts, Versions
from tidelog.exchange.importing_files import send_files
from tidelog.exchange.importing_records import events_of, exported_files, float_records, value_records

if TYPE_CHECKING:
    from tidelog.shipping.transport import Transport

KINDS = ("project", "model", "model_version", "run")  # in this order, as later ones refer to earlier ones
DELETED_HERE = "it was deleted on this server"
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
        target.put_in_trash()
        _bring_dashboards(server, folder, target)


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
            imported = self._ship(folder, artifacts, present)
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

    def _ship(self, folder: _Folder, artifacts: RunArtifacts, present: Sequence[Mapping[str, Any]]) -> Imported:
        run = folder.about
        writers = sorted(run["writers"], key=lambda writer: (writer["attempt"], writer["created_ms"], writer["writer"]))
        names = [
            writer_name(self.project, run["key"], run["kind"], run["revision"], writer["writer"]) for writer in writers
        ]
        # What earlier attempts logged is here if a later one is: nothing is abandoned twice.
        before = (writer["attempt"] for writer in present if writer["writer"] not in names)
        known_attempt = max(before, default=0)
        told_by = _teller(run, writers)
        attempts: set[int] = set()
        sent, label = 0, ""
        for index, (writer, name) in enumerate(zip(writers, names, strict=True)):
            answer = self._server.post("/writers", self._registration(run, writer, name))
            label = answer["run"]
            shipment = Shipment(self._server, name, answer["offset"])
            if index == 0:
                sent += send_files(self._server, name, exported_files(folder.path, folder.export))
                sent += send_files(self._server, name, artifacts.contents(run["files"]))
                for record in value_records(folder.path, artifacts.numbers):
                    shipment.add(record)
            if writer["attempt"] not in attempts and writer["attempt"] >= known_attempt:
                for record in float_records(folder.path, writer["attempt"]):
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


def _bring_dashboards(server: Transport, folder: str, target: _Target) -> None:
    """Make the dashboards and reports that are not there with the same content."""
    path = os.path.join(folder, "dashboards.json")
    wanted = read_json(path)["dashboards"] if os.path.exists(path) else []
    if not wanted:
        return
    address = "/dashboards"
    here = [(one["kind"], one["name"], one["content"]) for one in server.get(address, {"project": target.project})]
    for one in wanted:
        chosen = one["content"].get("selection", {})
        if chosen.get("labels"):
            chosen["labels"] = [target.labels.get(label, label) for label in chosen["labels"]]
        if (one["kind"], one["name"], one["content"]) not in here:
            server.post(address, one, {"project": target.project})
