"""Tests of two groups, against values worked out elsewhere."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidelog_server.analysis.distributions import exact_u, incomplete_beta, two_sided_t
from tidelog_server.analysis.two_groups import compare_groups, t_quantile

# The data of "Student" (1908) on two soporifics, which R's manual of t.test() works through.
A = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
B = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_welch_is_as_published() -> None:
    """R gives t = -1.8608 and p = 0.07939."""
    welch = compare_groups(A, B).tests[0]
    assert welch.name == "Welch's t test"
    assert welch.value == pytest.approx(-1.8608, abs=5e-5)
    assert welch.p == pytest.approx(0.07939, abs=5e-6)


@pytest.mark.parametrize(
    ("t", "freedom", "p"), [(12.706, 1, 0.05), (2.228, 10, 0.05), (1.96, 1e7, 0.05), (3.169, 10, 0.01), (0, 5, 1.0)]
)
def test_students_t_is_that_of_the_tables(t: float, freedom: float, p: float) -> None:
    """The two-sided probabilities that every table has."""
    assert two_sided_t(t, freedom) == pytest.approx(p, abs=1e-4)
    if p < 1:
        assert t_quantile(1 - p, freedom) == pytest.approx(t, abs=2e-3)


@given(st.floats(0.5, 50), st.floats(0.5, 50), st.floats(0.001, 0.999))
def test_the_beta_function_is_symmetric(a: float, b: float, x: float) -> None:
    """I_x(a, b) + I_(1-x)(b, a) = 1."""
    assert incomplete_beta(a, b, x) + incomplete_beta(b, a, 1 - x) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(("n", "m"), [(2, 2), (3, 4), (5, 3)])
def test_exact_u_counts_every_arrangement(n: int, m: int) -> None:
    """As a list of all arrangements does."""
    found = [sum(chosen) - n * (n + 1) / 2 for chosen in itertools.combinations(range(1, n + m + 1), n)]
    for u in range(n * m + 1):
        extreme = min(u, n * m - u)
        share = sum(one <= extreme for one in found) / len(found)
        assert exact_u(u, n, m) == pytest.approx(min(1.0, 2 * share))


def test_the_effect_of_ranks_is_a_probability() -> None:
    """Of every pair of one run of each group; ties count half."""
    a, b = [1.0, 2.0, 3.0], [2.0, 0.0]
    ranks = compare_groups(a, b).tests[1]
    assert ranks.effect == (sum((x > y) + 0.5 * (x == y) for x in a for y in b)) / 6
    assert "normal approximation" in ranks.name


def test_groups_that_are_too_small_are_not_tested() -> None:
    """One value says nothing of a spread; none has no mean."""
    assert compare_groups([1.0], [2.0, 3.0]).tests == ()
    assert math.isnan(compare_groups([], [2.0]).a.mean)


def test_groups_without_any_variance_have_no_t() -> None:
    """The ranks still say something."""
    tests = compare_groups([1.0, 1.0], [2.0, 2.0]).tests
    assert [test.statistic for test in tests] == ["U"]


def test_false_alarms_are_as_rare_as_they_claim() -> None:
    """Of groups without any difference, one in twenty has p < 0.05."""
    chance = np.random.default_rng(1)
    for place in (0, 1):
        alarms = sum(
            compare_groups(chance.normal(size=12).tolist(), (3 * chance.normal(size=9)).tolist()).tests[place].p < 0.05
            for _ in range(600)
        )
        assert 10 <= alarms <= 66
