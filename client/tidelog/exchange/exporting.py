"""`tidelog export`: a project as Parquet files, one folder for each run, and its files, in bounded memory.

A run's folder gets its name when it is whole. So an export that was interrupted is gone on with by doing it again: runs
that did not change since are left as they are.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from tidelog import __version__
from tidelog.errors import ExportError, NotFoundError
from tidelog.exchange.export_layout import (
    FORMAT,
    PARTIAL,
    VERSION,
    RowWriter,
    read_head,
    read_json,
    require_pyarrow,
    run_folder,
    run_folders,
    schema,
    write_json,
)
from tidelog.exchange.exporting_files import RunFiles, write_artifacts
from tidelog.exchange.exporting_objects import write_object_series
from tidelog.exchange.exporting_series import Attempts, write_float_series
from tidelog.fetching.run_attributes import attributes_of
from tidelog.fetching.run_columns import OF_THE_RUN
from tidelog.fetching.tables import run_labels
from tidelog.fetching.writers import writers_of
from tidelog.paths import quoted

if TYPE_CHECKING:
    from tidelog.shipping.transport import Transport

EVENTS_AT_ONCE = 1_000
RUN_FIELDS = (
    "label", "kind", "key", "project", "name", "state", "error", "requested", "created_ms", "ended_ms", "fork_run",
    "fork_step",
)  # fmt: skip
VIEW_FIELDS = ("name", "address", "author", "created_ms", "modified_ms")
DASHBOARD_FIELDS = ("kind", "name", "content", "run", "created_ms", "changed_ms")
WRITER_FIELDS = ("host", "pid", "state", "attempt", "dropped", "created_ms", "ended_ms")


class Exported(NamedTuple):
    """What became of one run."""

    run: str
    folder: str
    unchanged: bool  # it was there already, as it is on the server
    points: int
    files: int


def export_runs(
    server: Transport, project: str, folder: str, *, query: str = "", runs: Sequence[str] | None = None
) -> Iterator[Exported]:
    """Export a project: everything, or the runs that match a query, or those with these labels.

    The runs that a fork inherits from come along, and the model of a version. What is in the trash stays behind,
    unless it is asked for by its label or one of these.
    """
    require_pyarrow()
    everything = runs is None and not query
    labels = list(runs) if runs is not None else run_labels(server, project, query)[::-1]
    if everything:
        labels = [*_others(server, project), *labels]
    os.makedirs(os.path.join(folder, "runs"), exist_ok=True)
    _write_head(server, project, folder)
    done: set[str] = set()
    for label in labels:
        for wanted in _with_origins(server, label):
            if wanted not in done:
                done.add(wanted)
                yield _export_run(server, wanted, folder)
    write_artifacts(server, project, folder, None if everything else done)
    _write_boards(server, project, folder)
    _write_runs_table(folder)


def _others(server: Transport, project: str) -> list[str]:
    """Return the labels of what is logged to besides runs: the project itself, models, and their versions."""
    labels = [
        label for kind in ("model", "model_version") for label in run_labels(server, project, "", kind=kind)[::-1]
    ]
    try:
        own = server.get("/runs", {"project": project, "key": "project", "kind": "project"})
    except NotFoundError:
        return labels
    return [own["label"], *labels]


def _with_origins(server: Transport, label: str) -> list[str]:
    """Return a label, and before it those of what it cannot be without."""
    chain = [label]
    while True:
        run = server.get(f"/runs/{quoted(chain[-1])}")
        origin = run["fork_run"] or run["model"]
        if origin is None or origin in chain:
            return chain[::-1]
        chain.append(origin)


def _write_head(server: Transport, project: str, folder: str) -> None:
    if os.path.exists(os.path.join(folder, "export.json")):
        head = read_head(folder)
        if head["project"] != project:
            raise ExportError(
                f"{folder} holds an export of the project {head['project']!r}, so {project!r} was not added to it"
            )
        return
    [found] = server.get("/projects", {"name": project})["projects"]
    head = {
        "format": FORMAT, "version": VERSION, "project": project, "project_key": found["key"],
        "server": server.url, "tidelog": __version__,
    }  # fmt: skip
    write_json(os.path.join(folder, "export.json"), head)


def _export_run(server: Transport, label: str, folder: str) -> Exported:
    address = f"/runs/{quoted(label)}"
    attributes = list(attributes_of(server, quoted(label)))
    run = server.get(address)
    writers = writers_of(server, label)
    events = _events(server, address)
    about: dict[str, Any] = {
        **{name: run[name] for name in RUN_FIELDS}, "model": run["model"], "trashed": run["trashed_ms"] is not None,
        "writers": list(map(_writer, writers)),
    }  # fmt: skip
    revision = _revision(about, writers, attributes, events)
    final = run_folder(folder, label)
    description = os.path.join(final, "run.json")
    if os.path.exists(description):
        known = read_json(description)
        if known["revision"] == revision and known["complete"]:
            return Exported(label, final, True, known["points"], known["files"])
    partial = f"{final}{PARTIAL}"
    shutil.rmtree(partial, ignore_errors=True)
    os.makedirs(partial)
    attempts = Attempts(server, label)
    with RowWriter(partial, "files") as rows:
        files = RunFiles(server, label, folder, rows)
        _write_attributes(attributes, partial, files)
        _write_file_sets(server, label, attributes, partial, files)
        write_object_series(server, label, partial, files, attempts)
        files.fetch()
    points = write_float_series(server, label, partial, attempts)
    _write_events(events, partial)
    counts = {"points": points, "files": rows.rows, "complete": files.complete, "revision": revision}
    write_json(os.path.join(partial, "run.json"), {**about, **counts})
    shutil.rmtree(final, ignore_errors=True)
    os.replace(partial, final)
    return Exported(label, final, False, points, rows.rows)


def _revision(
    about: Mapping[str, Any],
    writers: Sequence[dict[str, Any]],
    attributes: Sequence[dict[str, Any]],
    events: Sequence[dict[str, Any]],
) -> str:
    """Return what changes whenever the run does: a digest of its attributes, which say how far its series go, of its
    events, and of how much came from each of its writers. The time of change would not do: counting storage moves it.
    """
    received = sorted((writer["writer"], writer["position"], writer["state"]) for writer in writers)
    fields = {name: value for name, value in about.items() if name != "writers"}
    logged = [item for item in attributes if item["path"] not in OF_THE_RUN]
    said = json.dumps([fields, received, logged, events], sort_keys=True)
    return sha256(said.encode()).hexdigest()


def _writer(writer: dict[str, Any]) -> dict[str, Any]:
    """Return what an export says of a writer. One that runs is taken for dead: what it does from now on is not here."""
    fields = {"writer": writer["origin"] or writer["writer"], **{name: writer[name] for name in WRITER_FIELDS}}
    if writer["state"] == "running":
        fields.update(state="crashed", ended_ms=writer["seen_ms"])
    return fields


def _write_attributes(attributes: Sequence[dict[str, Any]], folder: str, files: RunFiles) -> None:
    with RowWriter(folder, "attributes") as rows:
        for item in attributes:
            kind, value = item["type"], item["value"]
            if kind.endswith("_series") or item["path"] in OF_THE_RUN:
                continue
            if kind == "file":
                value = files.reference(value)
            elif kind == "artifact":
                value = {name: said for name, said in value.items() if name not in ("writer", "file")}
            elif kind == "file_set":
                value = None  # its entries are in a file of their own
            rows.add(item["path"], kind, json.dumps(value, ensure_ascii=False))


def _write_file_sets(
    server: Transport, label: str, attributes: Sequence[dict[str, Any]], folder: str, files: RunFiles
) -> None:
    with RowWriter(folder, "file_sets") as rows:
        for path in (item["path"] for item in attributes if item["type"] == "file_set"):
            wanted: dict[str, Any] = {"path": path}
            while True:
                page = server.get(f"/runs/{quoted(label)}/files/list", wanted)
                for file in page["files"]:
                    number = files.number(file["writer"], file["number"])
                    rows.add(path, file["name"], number, file["size"], file["modified_ms"])
                if page["next"] is None:
                    break
                wanted["after"] = page["next"]


def _events(server: Transport, run: str) -> list[dict[str, Any]]:
    """Return the events of a run, the oldest first."""
    found: list[dict[str, Any]] = []
    wanted: dict[str, Any] = {"limit": EVENTS_AT_ONCE}
    while True:
        page = server.get(f"{run}/events", wanted)
        found += page["events"]
        if page["next"] is None:
            return found[::-1]
        wanted["before"] = page["next"]


def _write_events(events: Sequence[dict[str, Any]], folder: str) -> None:
    names = ("kind", "level", "time_ms", "step_millionths", "title", "text", "author")
    with RowWriter(folder, "events") as rows:
        for event in events:
            rows.add(*(event[name] for name in names))


def _write_boards(server: Transport, project: str, folder: str) -> None:
    """Write what people arranged: saved views by name, dashboards and reports in the order of their making."""
    views = server.get("/views", {"project": project})["views"]
    kept = [{name: view[name] for name in VIEW_FIELDS} for view in views]
    write_json(os.path.join(folder, "views.json"), {"views": kept})
    found = server.get("/dashboards", {"project": project})
    kept = [{name: one[name] for name in DASHBOARD_FIELDS} for one in found]
    kept.sort(key=lambda one: (one["created_ms"], one["kind"], one["name"], json.dumps(one["content"])))
    write_json(os.path.join(folder, "dashboards.json"), {"dashboards": kept})


def _write_runs_table(folder: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    runs = [read_json(os.path.join(path, "run.json")) for path in run_folders(folder)]
    columns = {field.name: [_run_cell(run, field.name) for run in runs] for field in schema("runs")}
    pyarrow.parquet.write_table(pa.table(columns, schema("runs")), os.path.join(folder, "runs.parquet"))


def _run_cell(run: dict[str, Any], name: str) -> Any:
    return run[f"{name}_ms"] if name in ("created", "ended") else run[name]
