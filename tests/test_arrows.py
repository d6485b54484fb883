"""Arrows between modules point one way, as CONTRIBUTING.md draws them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = {"tidelog": "client", "tidelog_integrations": "integrations", "tidelog_server": "server"}


def modules(package: str) -> dict[str, Path]:
    """The files of a package by the names of its modules."""
    home = ROOT / SOURCES[package]
    files = {".".join(file.relative_to(home).with_suffix("").parts): file for file in home.glob(f"{package}/**/*.py")}
    return {name.removesuffix(".__init__"): file for name, file in files.items()}


@cache
def trees(package: str) -> dict[str, ast.AST]:
    """The syntax of the modules of a package."""
    return {name: ast.parse(file.read_text("utf-8")) for name, file in modules(package).items()}


def imported(tree: ast.AST, *, late: bool) -> Iterator[tuple[str, str]]:
    """What a module imports: modules, and names of modules; with `late` inside of functions, too. What only type
    checkers import is left out.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        elif late or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from imported(node, late=late)


def graph(package: str, *, late: bool = False) -> dict[str, set[str]]:
    """Which modules of ours each module of a package imports."""
    ours = {name for each in SOURCES for name in modules(each)}
    found: dict[str, set[str]] = {}
    for name, tree in trees(package).items():
        pairs = imported(tree, late=late)
        found[name] = {f"{there}.{what}" if f"{there}.{what}" in ours else there for there, what in pairs} & ours
    return found


def folders(arrows: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The same between folders, such as tidelog.files; modules that lie in none are left out."""
    found: dict[str, set[str]] = {}
    for name, others in arrows.items():
        within = {folder_of(other) for other in others if other.count(".") > 1}
        if name.count(".") > 1:
            found.setdefault(folder_of(name), set()).update(within - {folder_of(name)})
    return found


def folder_of(name: str) -> str:
    """The folder of a module: tidelog.files of tidelog.files.sets."""
    return ".".join(name.split(".")[:2])


@pytest.mark.parametrize("package", SOURCES)
def test_no_module_needs_itself(package: str) -> None:
    """Whatever is imported first is loaded whole: `TopologicalSorter` raises `CycleError` and names the circle."""
    assert [*TopologicalSorter(graph(package)).static_order()]


def test_no_folder_of_the_client_needs_itself() -> None:
    """Nor do its folders, each of which is one concern."""
    assert [*TopologicalSorter(folders(graph("tidelog"))).static_order()]


def test_the_server_knows_no_client() -> None:
    """What they share is the wire, which the reference describes."""
    for name, others in graph("tidelog_server", late=True).items():
        assert not {other for other in others if not other.startswith("tidelog_server")}, name


def test_integrations_know_what_the_client_exports() -> None:
    """Of its inner modules only that of a process's place among others, and no server."""
    for name, others in graph("tidelog_integrations", late=True).items():
        foreign = {other for other in others if not other.startswith("tidelog_integrations")}
        assert foreign <= {"tidelog", "tidelog.cluster"}, name


def test_nouns_know_neither_pages_nor_the_api() -> None:
    """What answers requests stands on top. A module that lies in no folder may put the application together."""
    top = {"tidelog_server.api", "tidelog_server.pages"}
    for name, others in graph("tidelog_server", late=True).items():
        if name.count(".") > 1 and folder_of(name) not in top:
            assert not top & {folder_of(other) for other in others}, name
