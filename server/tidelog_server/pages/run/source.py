"""The tab of what made the run: commit, what was not committed, command line, packages, environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tidelog_server.files.reading import files_at, totals
from tidelog_server.pages.addresses import with_query
from tidelog_server.pages.run.files import shown_file
from tidelog_server.pages.run.tab import Shown, Tab

NAMESPACE = "source_code"
LINES_SHOWN = 5_000  # of one patch; the API gives all of it
PACKAGES_SHOWN = 2_000
FILES_SHOWN = 200

# What stands in the list of facts, by path below the namespace, and what it is called there.
FACTS = {
    "commit": "Commit",
    "branch": "Branch",
    "entrypoint": "Entry point",
    "command_line": "Command line",
    "working_directory": "Folder",
    "python": "Python",
    "executable": "Interpreter",
    "platform": "Platform",
}
GIT_FACTS = {
    "author": "Author",
    "date": "Committed",
    "message": "Message",
    "upstream": "Upstream",
    "root": "Repository",
}


@dataclass(frozen=True)
class Fact:
    """One line of the list: what it is called, and what it is."""

    name: str
    text: str


@dataclass(frozen=True)
class PatchLine:
    """One line of a patch. `kind` is added, removed, hunk, file or same."""

    kind: str
    text: str


@dataclass(frozen=True)
class Patch:
    """The lines of a patch that are shown, and how many are not."""

    title: str
    added: int
    removed: int
    lines: tuple[PatchLine, ...]
    hidden: int


@dataclass(frozen=True)
class SourceFiles:
    """Files of the source: name and the address that shows each, how many there are, and all as an archive."""

    title: str
    files: tuple[tuple[str, str], ...]
    count: int
    archive: str


@dataclass(frozen=True)
class SourceView:
    """Everything that the tab shows."""

    facts: tuple[Fact, ...]
    problem: str
    patches: tuple[Patch, ...]
    untracked: tuple[str, ...]
    requirements: tuple[str, ...]
    requirements_hidden: int
    requirements_file: str
    variables: tuple[Fact, ...]
    is_clean: bool
    files: tuple[SourceFiles, ...] = ()


def source_view(values: Mapping[str, Any]) -> SourceView:
    """The tab for these values, by path below `source_code/`."""
    requirements = _text(values, "requirements").splitlines()
    variables = (path for path in sorted(values) if path.startswith("environment/"))
    return SourceView(
        facts=tuple(_facts(values)),
        problem=_text(values, "git_problem"),
        patches=tuple(_patches(values)),
        untracked=tuple(_text(values, "untracked").splitlines()),
        requirements=tuple(requirements[:PACKAGES_SHOWN]),
        requirements_hidden=max(0, len(requirements) - PACKAGES_SHOWN),
        requirements_file=_text(values, "requirements_file"),
        variables=tuple(Fact(path.partition("/")[2], _text(values, path)) for path in variables),
        is_clean=values.get("dirty") is False,
    )


def patch_of(title: str, text: str) -> Patch:
    """A patch by its lines. Those before the first hunk of a file are its head, whatever they begin with."""
    lines = []
    in_hunk = False
    for line in text.splitlines():
        in_hunk = line.startswith("@@") or (in_hunk and not line.startswith("diff "))
        lines.append(PatchLine(_kind(line, in_hunk), line))
    return Patch(
        title=title,
        added=sum(line.kind == "added" for line in lines),
        removed=sum(line.kind == "removed" for line in lines),
        lines=tuple(lines[:LINES_SHOWN]),
        hidden=max(0, len(lines) - LINES_SHOWN),
    )


def _kind(line: str, in_hunk: bool) -> str:
    if line.startswith("@@"):
        return "hunk"
    if not in_hunk:
        return "file"
    return {"+": "added", "-": "removed"}.get(line[:1], "same")


def _facts(values: Mapping[str, Any]) -> Iterator[Fact]:
    git = values.get("git")
    reference: dict[str, Any] = git if isinstance(git, dict) else {}
    for path in ("commit", "branch"):
        if text := _text(values, path):
            yield Fact(FACTS[path], text)
    for key, name in GIT_FACTS.items():
        if text := _text(reference, key).strip():
            yield Fact(name, text)
    remotes = reference.get("remotes")
    for remote, address in (remotes if isinstance(remotes, dict) else {}).items():
        yield Fact(f"Remote {remote}", str(address))
    for path, name in FACTS.items():
        if path not in ("commit", "branch") and (text := _text(values, path)):
            yield Fact(name, text)


def _patches(values: Mapping[str, Any]) -> Iterator[Patch]:
    if text := _text(values, "diff"):
        yield patch_of("Not committed", text)
    if text := _text(values, "diff_upstream"):
        yield patch_of("Not in the upstream branch", text)


def _text(values: Mapping[str, Any], path: str) -> str:
    value = values.get(path)
    return value if isinstance(value, str) else ""


def _values(shown: Shown) -> dict[str, Any]:
    found = shown.below(NAMESPACE)
    return {attribute.path.removeprefix(f"{NAMESPACE}/"): attribute.value for attribute in found}


def _view(shown: Shown) -> SourceView:
    sets = set(shown.names.of_type("file_set"))
    titles = {"files": "Source files", "untracked_files": "Files that git does not know, kept"}
    wanted = ((f"{NAMESPACE}/{name}", title) for name, title in titles.items())
    files = tuple(_files(shown, path, title) for path, title in wanted if path in sets)
    return replace(source_view(_values(shown)), files=files)


def _files(shown: Shown, path: str, title: str) -> SourceFiles:
    run, connection = shown.run, shown.connection
    page = files_at(connection, shown.services.tails, run.project_id, run.id, path, limit=FILES_SHOWN)
    count, _ = totals(connection, run.project_id, run.id, path)
    files = tuple((file.name, shown_file(run, path, file, file.name).open) for file in page.files)
    return SourceFiles(title, files, count, with_query(f"/api/runs/{run.label}/files/archive", [("path", path)]))


TAB = Tab(
    name="source",
    text="Source",
    template="partials/run/source.html",
    count=lambda shown: None if shown.names.below(NAMESPACE) else 0,
    view=_view,
    finds=False,
)
