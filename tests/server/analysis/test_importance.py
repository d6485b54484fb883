"""Correlation and importance of parameters."""

from __future__ import annotations

import numpy as np

from tidelog_server.analysis.importance import influences_on
from tidelog_server.analysis.ranks import ranks_of, spearman

chance = np.random.default_rng(7)


def test_equal_values_share_a_rank() -> None:
    """The mean of the ranks that they take up."""
    assert ranks_of(np.array([3.0, 1.0, 3.0, 2.0])).tolist() == [3.5, 1.0, 3.5, 2.0]


def test_correlation_is_of_ranks() -> None:
    """Whatever grows with the other is fully correlated, in whatever shape."""
    x = np.array([1.0, 2.0, 3.0, 4.0])
    assert spearman(x, np.exp(x)) == 1
    assert spearman(x, -(x**3)) == -1
    assert np.isnan(spearman(x, np.zeros(4)))


def test_what_matters_comes_first() -> None:
    """A parameter that moves the metric, a text that does, and noise that does not."""
    n = 80
    rate, noise = chance.uniform(size=n), chance.uniform(size=n)
    kind = chance.choice(["adam", "sgd"], n)
    metric = 3 * rate + 0.8 * (kind == "sgd") + chance.normal(0, 0.1, n)
    found = influences_on(metric.tolist(), {"noise": noise.tolist(), "kind": kind.tolist(), "rate": rate.tolist()})
    by_path = {one.path: one for one in found.influences}
    assert [one.path for one in found.influences][:2] == ["rate", "kind"]
    assert found.fit is not None
    assert found.fit > 0.7
    assert by_path["rate"].strength > 0.7
    assert by_path["rate"].p < 0.01 > by_path["kind"].p
    assert by_path["noise"].p > 0.01
    assert (by_path["noise"].importance or 0) < 0.05
    assert by_path["kind"].method.startswith("Kruskal-Wallis")


def test_a_model_that_predicts_nothing_says_nothing() -> None:
    """Noise has no important parameter."""
    found = influences_on(chance.normal(size=40).tolist(), {"a": chance.uniform(size=40).tolist()})
    assert found.fit is not None
    assert found.fit <= 0.1
    assert all((one.importance or 0) < 0.2 for one in found.influences)


def test_missing_values_leave_runs_out() -> None:
    """A run without the metric or the parameter does not count, and n says how many do."""
    metric = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, None, float("nan")]
    found = influences_on(metric, {"a": [1, 2, 3, None, 5, 6, 7, 8], "constant": [1] * 8, "few": [1, 2] + [None] * 6})
    [one] = found.influences
    assert (one.path, one.n, found.runs, found.fit) == ("a", 5, 6, None)


def test_the_same_runs_give_the_same_answer() -> None:
    """Shuffles are seeded."""
    metric, a = chance.normal(size=30).tolist(), chance.uniform(size=30).tolist()
    assert influences_on(metric, {"a": a}) == influences_on(metric, {"a": a})
