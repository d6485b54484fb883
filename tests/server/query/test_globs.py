"""Patterns for paths."""

from __future__ import annotations

import pytest

from tidelog_server.query.globs import glob_matcher


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("train/*", "train/loss", True),
        ("train/*", "train/loss/raw", False),
        ("train/**", "train/loss/raw", True),
        ("**/loss", "a/b/loss", True),
        ("*loss", "val_loss", True),
        ("layer?/w", "layer7/w", True),
        ("layer?/w", "layer77/w", False),
        ("a.c", "abc", False),
        ("a+(b)", "a+(b)", True),
    ],
)
def test_a_pattern_matches_whole_paths(glob: str, path: str, matches: bool) -> None:
    """Wildcards mean what a shell means by them, and everything else means itself."""
    assert glob_matcher([glob])(path) is matches


def test_several_patterns_are_alternatives() -> None:
    """One that matches is enough; without any, every path matches."""
    matches = glob_matcher(["train/*", "val/acc*"])
    assert [path for path in ("train/loss", "val/accuracy", "val/loss") if matches(path)] == [
        "train/loss",
        "val/accuracy",
    ]
    assert glob_matcher([])("anything")
