"""Versions of artifacts in an export: each comes with a run that made it, and is linked to those that used it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from tidelog.exchange.export_layout import content_path, files_path, read_json
from tidelog.exchange.exporting_files import all_versions
from tidelog.exchange.importing_files import Content, is_there
from tidelog.journal import records

if TYPE_CHECKING:
    from tidelog.shipping.transport import Transport

LATEST = "latest"  # follows from the order in which versions are made
Number = tuple[str, str]  # name and hash of a version


class Brought(NamedTuple):
    """A version that a run brings: where it lies in the export, and when the run made it; None: another one did."""

    path: str
    made_ms: int | None


class Versions:
    """All versions in an export, and which runs bring them: those that made them, else one that used them, else the
    first.
    """

    def __init__(self, paths: Sequence[str], labels: Sequence[str]) -> None:
        self._paths = paths
        self._of: dict[str, list[Brought]] = {}
        known = set(labels)
        for path in paths:
            links = [link for link in read_json(path)["links"] if link["run"] in known]
            made = {link["run"]: Brought(path, link["created_ms"]) for link in links if link["role"] == "made"}
            others = [link["run"] for link in links] or list(labels[:1])
            bringers = made or {label: Brought(path, None) for label in others[:1]}
            for label, brought in bringers.items():
                self._of.setdefault(label, []).append(brought)

    def of(self, label: str) -> list[Brought]:
        """Return the versions that a run brings."""
        return self._of.get(label, [])

    def link(self, server: Transport, project: str, labels: Mapping[str, str]) -> None:
        """Note which runs used the versions; `labels` says what runs are called here."""
        for path in self._paths:
            version = read_json(path)
            for link in version["links"]:
                if link["role"] == "used" and link["run"] in labels:
                    use = {
                        "project": project, "name": version["name"], "version": version["hash"],
                        "run": labels[link["run"]], "created_ms": link["created_ms"],
                    }  # fmt: skip
                    server.post("/artifacts/use", use)

    def name(self, server: Transport, project: str) -> None:
        """Let aliases name the versions that they name in the export; an alias may be all that changed."""
        here = {
            (version["name"], alias): version["hash"]
            for version in all_versions(server, project)
            for alias in version["aliases"]
        }
        for version in map(read_json, self._paths):
            for alias in version["aliases"]:
                if alias != LATEST and here.get((version["name"], alias)) != version["hash"]:
                    named = {"name": version["name"], "version": version["hash"], "alias": alias}
                    server.post("/artifacts/aliases", {"project": project, **named})


class RunArtifacts:
    """What one run brings: the contents of uploaded files, and manifests, with numbers behind its other files."""

    def __init__(self, export: str, brought: Sequence[Brought]) -> None:
        self._export = export
        self._brought = brought
        self.numbers: dict[Number, int] = {}

    def contents(self, first: int = 0) -> Iterator[Content]:
        """Yield everything to be sent, numbered from `first` on. A manifest comes behind what it lists."""
        number = first
        for path, made_ms in self._brought:
            version = read_json(path)
            files = read_json(files_path(path))["files"]
            here = {
                file["hash"]: file["size"] for file in files
                if file["location"] is None and is_there(content_path(self._export, file["hash"]))
            }  # fmt: skip
            for digest, size in here.items():
                yield Content({"number": number, "size": size, "sha256": digest}, content_path(self._export, digest))
                number += 1
            yield _manifest(version, files, made_ms, number)
            self.numbers[version["name"], version["hash"]] = number
            number += 1


def _manifest(
    version: Mapping[str, Any], files: Sequence[Mapping[str, Any]], made_ms: int | None, number: int
) -> Content:
    content = records.as_json(
        {"files": [{name: file[name] for name in file if file[name] is not None} for file in files]}
    )
    imported = {"version": version["version"], "created_ms": version["created_ms"], "made_ms": made_ms}
    artifact = {
        **{name: version[name] for name in ("name", "aliases", "description", "metadata")},
        "imported": imported,
    }
    said = {"number": number, "size": len(content), "sha256": sha256(content).hexdigest(), "artifact": artifact}
    return Content(said, content)
