"""The tree of a run's attributes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.journals import Sender
from tests.server.pages.conftest import Pages
from tidelog_server.pages.tree import LEVEL_ROWS, MAX_ATTRIBUTES, MAX_DEPTH, TreeRow, matching_paths, tree_rows

SIGNS = {"attribute": "", "open": "(", "close": ")", "ask": "...", "more": "more"}


def drawn(*paths: str, within: str = "") -> list[str]:
    """The rows of the tree: `name` for an attribute, `name(` and `)` around a namespace."""
    return [row.name + SIGNS[row.kind] for row in tree_rows(sorted(paths), within)]


def numbered(count: int, namespace: str = "a") -> list[str]:
    """So many paths, sorted."""
    return [f"{namespace}/{number:05}" for number in range(count)]


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
    """Neither hides the other, nor what sorts between them."""
    assert drawn("a", "a-b", "a/b", "a/c") == ["a", "a-b", "a(", "b", "c", ")"]


def test_a_namespace_is_drawn_alone() -> None:
    """With names from there on, and without what only begins like it."""
    assert drawn("a/b/x", "a/b/y/1", "a/b/y/2", "a/b2", "a", within="a/b") == ["x", "y(", "1", "2", ")"]
    assert drawn("a", within="b") == []


def test_deep_namespaces_are_asked_for() -> None:
    """A hundred levels make a page no deeper than a few."""
    deep = ["/".join("abcdefghij"[:depth]) + f"/{name}" for depth in range(1, 11) for name in "xy"]
    rows = tree_rows(sorted(deep))
    assert sum(row.kind == "open" for row in rows) == MAX_DEPTH + 1
    assert [row.path for row in rows if row.kind == "ask"] == ["a/b/c/d/e/f/g/h/i"]


def test_a_large_namespace_is_asked_for() -> None:
    """It stands there closed, with its count."""
    opened, ask, closed = tree_rows(numbered(LEVEL_ROWS + 1))
    assert (opened.count, opened.is_open, opened.is_large) == (LEVEL_ROWS + 1, False, True)
    assert (ask.kind, ask.path, closed.kind) == ("ask", "a", "close")


def test_many_small_namespaces_are_not_all_drawn() -> None:
    """Those at the end are asked for."""
    paths = sorted(path for number in range(50) for path in numbered(20, f"n{number:02}"))
    kinds = [row.kind for row in tree_rows(paths)]
    assert (kinds.count("attribute"), kinds.count("open"), kinds.count("ask")) == (MAX_ATTRIBUTES, 50, 30)


def test_the_rows_of_a_namespace_come_in_parts() -> None:
    """Each part says where the next begins; together they are all of it."""
    paths, seen, first = numbered(2 * LEVEL_ROWS + 7), list[str](), 0
    while True:
        *rows, last = tree_rows(paths, "a", first=first)
        if last.kind != "more":
            break
        assert last.count == len(paths) - last.first
        seen, first = [*seen, *(row.path for row in rows)], last.first
    assert [*seen, *(row.path for row in rows), last.path] == paths


def test_what_was_opened_is_drawn_again() -> None:
    """With as many rows as were there, and open."""
    paths = numbered(1_000)
    rows = tree_rows(paths, unfolded={"a": 300})
    assert rows[0].is_open
    assert rows[0].is_large
    assert sum(row.kind == "attribute" for row in rows) == 300
    assert next(row for row in rows if row.kind == "more").first == 300
    assert len(tree_rows(sorted(numbered(10_000)), unfolded={"a": 10_000})) < 2_010


def test_find_looks_for_every_word_in_any_case() -> None:
    """In the whole path, so that a namespace can be named, too."""
    assert matching_paths(("Train/Loss", "train/accuracy", "val/loss"), "loss TRAIN") == ("Train/Loss",)


NAMES = st.lists(st.sampled_from(["a", "a-b", "b", "sys", "a0"]), min_size=1, max_size=5)


@given(st.sets(NAMES.map("/".join), max_size=40))
def test_every_attribute_is_drawn_once(paths: set[str]) -> None:
    """With a name that together with those of the namespaces around it is its path."""
    whole: list[str] = []
    around: list[str] = []
    for row in tree_rows(sorted(paths)):
        if row.kind == "close":
            around.pop()
        elif row.kind == "open":
            around.append(row.name)
            assert row.path == "/".join(around)
            assert row.count == sum(path.startswith(f"{row.path}/") for path in paths)
        else:
            assert row == TreeRow("attribute", row.name, row.path)
            whole.append("/".join([*around, row.name]))
            assert whole[-1] == row.path
    assert sorted(whole) == sorted(paths)


def test_a_large_namespace_comes_when_it_is_opened(pages: Pages) -> None:
    """The page has its name alone; what is in it is at an address of its own, in parts, and on a page of its own."""
    log_widely(pages)
    page = pages.get("/projects/mnist/runs/MNIST-1?tab=attributes").text
    assert 'data-namespace="layers" data-large' in page
    assert "layers/0000/norm" not in page
    part = pages.get("/projects/mnist/runs/MNIST-1/namespace?within=layers&tab=attributes").text
    assert "layers/0000/norm" in part
    assert "<html" not in part
    assert "layers/0250/norm" not in part
    assert "layers/0250/norm" in pages.get("/projects/mnist/runs/MNIST-1/namespace?within=layers&first=200").text
    alone = pages.get("/projects/mnist/runs/MNIST-1?tab=attributes&within=layers&first=200").text
    assert "layers/0250/norm" in alone
    assert "<html" in alone


def test_opened_namespaces_come_again_with_the_tree(pages: Pages) -> None:
    """A part that is renewed has what was opened in it."""
    log_widely(pages)
    answer = pages.get("/projects/mnist/runs/MNIST-1?tab=attributes&unfolded=300:layers&unfolded=x&unfolded=1:gone")
    assert "layers/0250/norm" in answer.text


def log_widely(pages: Pages) -> None:
    """A run with a large namespace."""
    pages.log(0)
    sender = Sender(pages.services.receiver, project="mnist", key="run-0")
    sender.journal.row({f"layers/{number:04}/norm": 0.5 for number in range(600)}, step=0)
    sender.ship()
