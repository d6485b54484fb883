"""The attributes of a run as a tree of namespaces, flattened to the rows that a template writes one after another.

A run may have 100,000 attributes, so a tree is made of their sorted paths and looks only at what it draws: it jumps
from namespace to namespace. Large namespaces are left closed and empty: their rows are asked for when one opens them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tidelog_server.runs.attributes import Attribute

MAX_DEPTH = 8  # namespaces within one another that are drawn at once
MAX_ATTRIBUTES = 400  # drawn at once in namespaces that nobody asked for
LEVEL_ROWS = 200  # of one namespace; the next ones are asked for
UNFOLDED_ROWS = 2_000  # of the namespaces that were asked for, when all of them are drawn again
RUNS_KEPT = 8  # of which the order of very many paths is remembered
SMALL_NAMESPACE = 40  # attributes in a namespace that is open at first
CLOSED_AT_FIRST = ("sys", "cluster", "monitoring", "source_code")
BEFORE_ALL = "\0"  # no path holds a control character
BEHIND = "0"  # the character after the slash: whatever is below a namespace sorts before its name with this


@dataclass(frozen=True)
class TreeRow:
    """One step while writing the tree. `kind` is

    - open: a namespace begins, which holds `count` attributes; of a large one they come only when it is opened;
    - attribute: one is listed;
    - ask: what is in the namespace at `path` comes when it is asked for;
    - more: `count` further rows of the namespace at `path`, from the row `first` on, come when they are asked for;
    - close: the namespace ends.
    """

    kind: str
    name: str = ""
    path: str = ""
    count: int = 0
    is_open: bool = False
    is_large: bool = False
    first: int = 0
    attribute: Attribute | None = None


@dataclass(frozen=True)
class _Namespace:
    """The paths from index `start` to `end` are below `path`."""

    path: str
    start: int
    end: int

    @property
    def count(self) -> int:
        return self.end - self.start


def tree_rows(
    paths: Sequence[str],
    within: str = "",
    *,
    first: int = 0,
    all_open: bool = False,
    unfolded: Mapping[str, int] | None = None,
) -> list[TreeRow]:
    """The rows of the namespace `within` (empty: of all) from the row `first` on. `paths` are sorted.

    Attributes stand before namespaces, what tidelog adds itself at the end. `unfolded` are namespaces that were asked
    for, and how many of their rows. The rows have no values: `with_values` adds them.
    """
    outline = _Outline(paths, all_open=all_open, unfolded=unfolded or {})
    return list(outline.level(within, first, max(LEVEL_ROWS, outline.rows_of(within)), depth=0))


def with_values(rows: Iterable[TreeRow], attributes: Iterable[Attribute]) -> tuple[TreeRow, ...]:
    """The rows with the attributes that they list; without those that are gone by now."""
    known = {attribute.path: attribute for attribute in attributes}
    filled = (replace(row, attribute=known.get(row.path)) if row.kind == "attribute" else row for row in rows)
    return tuple(row for row in filled if row.kind != "attribute" or row.attribute is not None)


def in_reading_order(path: str) -> tuple[int, str]:
    """Sorts paths as people read a run: its own values first, what tidelog adds last; what is in `a` before `a-b`."""
    return (_place(path.partition("/")[0]), path.replace("/", BEFORE_ALL))


def matching_paths(paths: tuple[str, ...], find: str) -> tuple[str, ...]:
    """Those of these paths that contain each word of `find`, in any case."""
    words = find.casefold().split()
    return tuple(path for path in paths if all(word in path.casefold() for word in words)) if words else paths


class _Outline:
    """Rows of one page, which share the room that it has."""

    def __init__(self, paths: Sequence[str], *, all_open: bool, unfolded: Mapping[str, int]) -> None:
        self._paths = paths
        self._all_open = all_open
        self._unfolded = unfolded
        self._room = MAX_ATTRIBUTES
        self._unfolded_room = UNFOLDED_ROWS

    def rows_of(self, namespace: str) -> int:
        """How many rows of a namespace were asked for."""
        wanted = min(self._unfolded.get(namespace, 0), self._unfolded_room)
        self._unfolded_room -= wanted
        return wanted

    def level(self, within: str, first: int, rows: int, depth: int) -> Iterator[TreeRow]:
        """The rows of one namespace."""
        entries = self._entries(within)
        for entry in entries[first : first + rows]:
            if isinstance(entry, _Namespace):
                yield from self._namespace(entry, within, depth)
            else:
                yield self._attribute(entry, within)
        if len(entries) > first + rows:
            yield TreeRow(kind="more", path=within, first=first + rows, count=len(entries) - first - rows)

    def _namespace(self, namespace: _Namespace, within: str, depth: int) -> Iterator[TreeRow]:
        if namespace.count == 1:  # a namespace around one attribute is only a longer name
            yield self._attribute(self._paths[namespace.start], within)
            return
        namespace = self._without_single_steps(namespace)
        path, count = namespace.path, namespace.count
        asked = self.rows_of(path)
        is_large = depth >= MAX_DEPTH or count > min(LEVEL_ROWS, self._room)
        is_small = count <= SMALL_NAMESPACE and path.split("/")[0] not in CLOSED_AT_FIRST
        is_open = asked > 0 or (not is_large and (self._all_open or is_small))
        name = _below(path, within)
        yield TreeRow(kind="open", name=name, path=path, count=count, is_open=is_open, is_large=is_large)
        if asked or not is_large:
            yield from self.level(path, 0, max(LEVEL_ROWS, asked), depth + 1)
        else:
            yield TreeRow(kind="ask", path=path, count=count)
        yield TreeRow(kind="close")

    def _attribute(self, path: str, within: str) -> TreeRow:
        self._room -= 1
        return TreeRow(kind="attribute", name=_below(path, within), path=path)

    def _entries(self, within: str) -> list[str | _Namespace]:
        """What stands directly in a namespace."""
        prefix = f"{within}/" if within else ""
        index = bisect_left(self._paths, prefix)
        end = bisect_left(self._paths, within + BEHIND) if within else len(self._paths)
        attributes: list[str | _Namespace] = []
        namespaces: list[_Namespace] = []
        while index < end:
            path = self._paths[index]
            name, has_more, _ = path[len(prefix) :].partition("/")
            if has_more:
                namespaces.append(self._namespace_at(prefix + name, index, end))
                index = namespaces[-1].end
            else:
                attributes.append(path)
                index += 1
        return [*attributes, *sorted(namespaces, key=lambda one: (_place(one.path), one.path))]

    def _namespace_at(self, path: str, start: int, end: int) -> _Namespace:
        return _Namespace(path, start, bisect_left(self._paths, path + BEHIND, start, end))

    def _without_single_steps(self, namespace: _Namespace) -> _Namespace:
        """A namespace that holds nothing but another one is written as one step: `a/b/c`."""
        while True:
            name, has_more, _ = self._paths[namespace.start][len(namespace.path) + 1 :].partition("/")
            if not has_more:
                return namespace
            below = self._namespace_at(f"{namespace.path}/{name}", namespace.start, namespace.end)
            if below.end < namespace.end:
                return namespace
            namespace = below


def _place(name: str) -> int:
    """Where a namespace of the top level stands: the greater, the later."""
    return CLOSED_AT_FIRST[::-1].index(name) + 1 if name in CLOSED_AT_FIRST else 0


def _below(path: str, within: str) -> str:
    return path[len(within) + 1 :] if within else path
