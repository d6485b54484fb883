"""The names of a run's attributes, found by namespace."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tidelog_server.runs.names import RunNames, at_or_below, outside

ONE_PATH = st.lists(st.sampled_from(["a", "a-b", "a0", "b", "monitoring"]), min_size=1, max_size=3).map("/".join)
PATHS = st.sets(ONE_PATH).map(lambda found: tuple(sorted(found)))


@given(PATHS, ONE_PATH)
def test_a_namespace_parts_the_paths_in_two(paths: tuple[str, ...], namespace: str) -> None:
    """At or below it, and all others; what only begins like it is among these."""
    inside = at_or_below(paths, namespace)
    assert list(inside) == [path for path in paths if path == namespace or path.startswith(f"{namespace}/")]
    assert sorted([*inside, *outside(paths, namespace)]) == list(paths)


def test_names_below_a_path_are_found_by_type() -> None:
    """Of some types, or of all."""
    names = RunNames({"int": ("a/x", "b"), "string": ("a", "a/y", "ab")})
    assert names.below("a") == ("a", "a/x", "a/y")
    assert names.below("a", "int") == ("a/x",)
