"""The tree of a run's attributes."""

from __future__ import annotations

from tidelog_server.pages.tree import MAX_ATTRIBUTES, MAX_DEPTH, matching, tree_of
from tidelog_server.runs.attributes import Attribute


def attributes(*paths: str) -> list[Attribute]:
    """Attributes at these paths."""
    return [Attribute(path=path, type="int", value=1, series=None) for path in paths]


def drawn(*paths: str) -> list[str]:
    """The rows of the tree: `name` for an attribute, `name(` and `)` around a namespace."""
    signs = {"attribute": "", "open": "(", "close": ")"}
    return [row.name + signs[row.kind] for row in tree_of(attributes(*paths)).rows]


def test_namespaces_nest_and_attributes_come_first() -> None:
    """What stands directly in a namespace is not lost between its namespaces."""
    assert drawn("b/y/1", "b/y/2", "b/x", "a") == ["a", "b(", "x", "y(", "1", "2", ")", ")"]


def test_what_tidelog_adds_comes_last() -> None:
    """People look for their own values first."""
    assert drawn("sys/a", "sys/b", "monitoring/a", "monitoring/b", "z/a", "z/b")[0] == "z("


def test_single_steps_are_written_as_one() -> None:
    """A namespace around one thing is only a longer name."""
    assert drawn("a/b/c/x", "a/b/c/y") == ["a/b/c(", "x", "y", ")"]
    assert drawn("model/parameters") == ["model/parameters"]


def test_a_path_may_be_attribute_and_namespace_at_once() -> None:
    """Neither hides the other."""
    assert drawn("a", "a/b", "a/c") == ["a", "a(", "b", "c", ")"]


def test_deep_paths_keep_their_end_as_a_name() -> None:
    """A hundred levels make a page no deeper than a few."""
    deep = "/".join("abcdefghij" * 10)
    rows = tree_of(attributes(deep, deep + "x")).rows
    assert sum(row.kind == "open" for row in rows) <= MAX_DEPTH
    assert {row.path for row in rows if row.kind == "attribute"} == {deep, deep + "x"}


def test_a_tree_is_never_longer_than_a_page_can_be() -> None:
    """What is left out is counted."""
    tree = tree_of(attributes(*(f"a/{number}" for number in range(MAX_ATTRIBUTES + 7))))
    assert (tree.shown, tree.hidden) == (MAX_ATTRIBUTES, 7)


def test_find_looks_for_every_word_in_any_case() -> None:
    """In the whole path, so that a namespace can be named, too."""
    found = matching(attributes("Train/Loss", "train/accuracy", "val/loss"), "loss TRAIN")
    assert [attribute.path for attribute in found] == ["Train/Loss"]
