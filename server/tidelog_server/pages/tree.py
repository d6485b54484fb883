"""The attributes of a run as a tree of namespaces, flattened to the rows that a template writes one after another."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from tidelog_server.runs.attributes import Attribute

MAX_DEPTH = 8  # levels drawn; what lies deeper keeps the rest of its path as its name
MAX_ATTRIBUTES = 1_000  # rows drawn; the find box leads to the others
RUNS_KEPT = 8  # of which the order of very many paths is remembered
SMALL_NAMESPACE = 40  # attributes in a namespace that is open at first
CLOSED_AT_FIRST = ("sys", "cluster", "monitoring", "source_code")


@dataclass(frozen=True)
class TreeRow:
    """One step while writing the tree: a namespace opens (`opens`), an attribute is listed, or a namespace closes."""

    kind: str  # "open", "attribute" or "close"
    name: str = ""
    path: str = ""
    count: int = 0
    is_open: bool = False
    attribute: Attribute | None = None


@dataclass(frozen=True)
class Tree:
    """The rows of a tree and how many attributes are not among them."""

    rows: tuple[TreeRow, ...]
    shown: int
    hidden: int


@dataclass
class _Namespace:
    path: str
    count: int = 0
    attributes: list[tuple[str, Attribute]] = field(default_factory=list)
    namespaces: dict[str, _Namespace] = field(default_factory=dict)


@lru_cache(maxsize=RUNS_KEPT)
def drawn_in_tree(paths: tuple[str, ...]) -> list[str]:
    """Those of these paths that a tree has room for: their attributes are to be read for it."""
    return heapq.nsmallest(MAX_ATTRIBUTES, paths, key=in_reading_order)


def tree_of(attributes: Iterable[Attribute], *, total: int | None = None, all_open: bool = False) -> Tree:
    """The tree of these attributes: attributes before namespaces, what tidelog adds itself at the end.

    `total` is how many there are, if these are only the ones that it has room for.
    """
    wanted = sorted(attributes, key=lambda attribute: in_reading_order(attribute.path))
    shown = wanted[:MAX_ATTRIBUTES]
    total = len(wanted) if total is None else total
    root = _Namespace(path="")
    for attribute in shown:
        _place(root, attribute)
    return Tree(rows=tuple(_rows(root, all_open)), shown=len(shown), hidden=total - len(shown))


def in_reading_order(path: str) -> tuple[int, list[str]]:
    """Sorts paths as people read a run: its own values first, what tidelog adds last."""
    parts = path.split("/")
    return (CLOSED_AT_FIRST[::-1].index(parts[0]) + 1 if parts[0] in CLOSED_AT_FIRST else 0, parts)


def matching(attributes: Iterable[Attribute], find: str) -> list[Attribute]:
    """The attributes whose path contains each word of `find`, in any case."""
    words = find.casefold().split()
    return [attribute for attribute in attributes if all(word in attribute.path.casefold() for word in words)]


def matching_paths(paths: tuple[str, ...], find: str) -> tuple[str, ...]:
    """Those of these paths that contain each word of `find`, in any case."""
    words = find.casefold().split()
    return tuple(path for path in paths if all(word in path.casefold() for word in words)) if words else paths


def _place(root: _Namespace, attribute: Attribute) -> None:
    *namespaces, name = attribute.path.split("/", MAX_DEPTH)
    node = root
    for part in namespaces:
        path = f"{node.path}/{part}" if node.path else part
        node = node.namespaces.setdefault(part, _Namespace(path=path))
        node.count += 1
    node.attributes.append((name, attribute))


def _rows(node: _Namespace, all_open: bool) -> Iterator[TreeRow]:
    for name, attribute in node.attributes:
        yield TreeRow(kind="attribute", name=name, path=attribute.path, attribute=attribute)
    for name, below in node.namespaces.items():
        name, below = _without_single_steps(name, below)
        if below.count == 1 and below.attributes:  # a namespace around one attribute is only a longer name
            own, attribute = below.attributes[0]
            yield TreeRow(kind="attribute", name=f"{name}/{own}", path=attribute.path, attribute=attribute)
            continue
        is_open = all_open or (below.count <= SMALL_NAMESPACE and below.path.split("/")[0] not in CLOSED_AT_FIRST)
        yield TreeRow(kind="open", name=name, path=below.path, count=below.count, is_open=is_open)
        yield from _rows(below, all_open)
        yield TreeRow(kind="close")


def _without_single_steps(name: str, node: _Namespace) -> tuple[str, _Namespace]:
    """A namespace that holds nothing but another one is written as one step: `a/b/c`."""
    while not node.attributes and len(node.namespaces) == 1:
        (below_name, node), *_ = node.namespaces.items()
        name = f"{name}/{below_name}"
    return name, node
