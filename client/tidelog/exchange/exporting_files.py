"""The files of an export: contents by their hash, each once, and what each run refers to; versions of artifacts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tidelog.exchange.export_layout import RowWriter, content_path, files_path, read_json, version_path, write_json
from tidelog.fetching.artifacts import files_of
from tidelog.fetching.saving import save
from tidelog.paths import quoted

if TYPE_CHECKING:
    from tidelog.shipping.transport import Transport

FILES_AT_ONCE = 500
VERSION_FIELDS = ("name", "version", "hash", "description", "metadata", "created_ms", "aliases")


class RunFiles:
    """The files of one run. References get numbers in the order in which they are met, whoever logged them."""

    def __init__(self, server: Transport, label: str, export: str, rows: RowWriter) -> None:
        self.complete = True  # whether all have arrived at the server, as far as they ever will
        self._server = server
        self._address = f"/runs/{quoted(label)}/files/numbered"
        self._export = export
        self._rows = rows
        self._count = 0
        self._pending: list[tuple[int, int]] = []

    def reference(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Return a reference to a file as an export has it."""
        number = self.number(said["writer"], said["file"])
        return {**{name: value for name, value in said.items() if name != "writer"}, "file": number}

    def number(self, writer: int, file: int) -> int:
        """Return the number in this export of the file that a writer gave the number `file`."""
        self._pending.append((writer, file))
        self._count += 1
        if len(self._pending) == FILES_AT_ONCE:
            self.fetch()
        return self._count - 1

    def fetch(self) -> None:
        """Fetch what was referred to and is not here yet."""
        if not self._pending:
            return
        found = self._server.post(self._address, {"files": self._pending})["files"]
        first = self._count - len(self._pending)
        for index, ((writer, file), about) in enumerate(zip(self._pending, found, strict=True)):
            if about["state"] == "received":
                keep_content(
                    self._server, self._export, self._address, {"writer": writer, "number": file}, about["sha256"]
                )
            if about["state"] == "expected":
                self.complete = False
                about = {"state": "expected", "sha256": None, "size": 0, "problem": None, "created_ms": None}
            fields = (about[name] for name in ("state", "sha256", "size", "problem", "created_ms"))
            self._rows.add(first + index, *fields)
        self._pending.clear()


def keep_content(server: Transport, export: str, address: str, wanted: Mapping[str, Any], sha256: str) -> None:
    """Download a content, checked against its hash, unless the export has it."""
    target = content_path(export, sha256)
    if not os.path.exists(target):
        save(server, address, dict(wanted), sha256, target)


def write_artifacts(server: Transport, project: str, export: str, labels: set[str] | None) -> int:
    """Write the versions of a project's artifacts, or those that the runs with these labels made or used; how many."""
    count = 0
    for version in all_versions(server, project):
        links = [link for link in version["links"] if labels is None or link["run"] in labels]
        if labels is not None and not links:
            continue
        count += 1
        path = version_path(export, version["name"], version["version"])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if not (os.path.exists(path) and read_json(path)["hash"] == version["hash"]):
            _write_files(server, export, version, files_path(path))
        kept = [{name: link[name] for name in ("role", "run", "created_ms")} for link in links]
        write_json(path, {**{name: version[name] for name in VERSION_FIELDS}, "links": kept})
    return count


def all_versions(server: Transport, project: str) -> Iterator[dict[str, Any]]:
    """Yield the versions of all artifacts of a project, in the order of their making."""
    after: int | None = 0
    while after is not None:
        page = server.get("/artifacts/catalogue", {"project": project, "after": after})
        yield from page["versions"]
        after = page["next"]


def _write_files(server: Transport, export: str, version: Mapping[str, Any], path: str) -> None:
    named = {name: version[name] for name in ("project", "name", "hash")}
    files = files_of(server, version)
    for file in files:
        if file["location"] is None and file["here"]:
            wanted = {**named, "file": file["name"]}
            keep_content(server, export, "/artifacts/file", wanted, file["hash"])
    fields = ("name", "hash", "hash_kind", "size", "modified_ms", "location")
    write_json(path, {"files": [{name: file[name] for name in fields} for file in files]})
