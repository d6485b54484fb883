"""Which parameters matter for a metric, and how honest the answer is.

For each parameter alone: Spearman's rank correlation of a number, the share of the variance of ranks that lies between
the values of a text (epsilon squared of Kruskal and Wallis), each with a p from shuffling the metric.

For all together: a ridge regression on ranks and indicators. It says how well it predicts runs that it has not seen
(R squared of a cross-validation), and what a parameter adds to that: how much of it is lost when that parameter is
shuffled. Where the model predicts nothing, it has nothing to say about importance, and says so. What runs were started
with together (a larger model always with a lower rate) cannot be told apart by any method.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidelog_server.analysis.ranks import ranks_of, spearman

SHUFFLES = 1_000
FOLDS = 5
REPEATS = 10  # shuffles of each parameter in each fold
RIDGE = 1.0
LEAST_RUNS = 5
LEAST_RUNS_OF_MODEL = 10
MOST_CATEGORIES = 20
SEED = 20_261_125  # the same runs give the same answer

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Influence:
    """What one parameter has to do with the metric. `importance` is None where the model says nothing."""

    path: str
    method: str
    n: int
    strength: float
    p: float
    importance: float | None = None


@dataclass(frozen=True)
class Influences:
    """All parameters, the most important first. `fit` is R squared of the cross-validation; None without a model."""

    influences: tuple[Influence, ...]
    runs: int
    fit: float | None
    model_runs: int


def influences_on(metric: Sequence[object], parameters: Mapping[str, Sequence[object]]) -> Influences:
    """What each parameter has to do with a metric; one value for each run, None where a run has none."""
    target = as_numbers(metric)
    found = [one for path, values in parameters.items() if (one := _alone(path, values, target)) is not None]
    fit, importances, runs = _together(target, {one.path: parameters[one.path] for one in found})
    with_model = [
        Influence(one.path, one.method, one.n, one.strength, one.p, importances.get(one.path)) for one in found
    ]
    with_model.sort(key=lambda one: (-(one.importance or 0.0), one.p, -abs(one.strength), one.path))
    return Influences(tuple(with_model), int(np.isfinite(target).sum()), fit, runs)


def as_numbers(values: Sequence[object]) -> Floats:
    """Finite numbers as they are, all else as NaN."""
    numbers = [
        float(value) if isinstance(value, int | float) and not isinstance(value, bool) else np.nan for value in values
    ]
    found = np.array(numbers, np.float64)
    found[~np.isfinite(found)] = np.nan
    return found


def _alone(path: str, values: Sequence[object], target: Floats) -> Influence | None:
    numbers = as_numbers(values)
    is_number = all(value is None or np.isfinite(number) for value, number in zip(values, numbers, strict=True))
    if is_number:
        here = np.isfinite(numbers) & np.isfinite(target)
        x, y = numbers[here], target[here]
        if len(y) < LEAST_RUNS or len(np.unique(x)) < 2 or len(np.unique(y)) < 2:
            return None
        strength = spearman(x, y)
        p = _p_of(strength, lambda shuffled: spearman(x, shuffled), y)
        return Influence(path, "Spearman's rank correlation", len(y), strength, p)
    texts = np.array([None if value is None else str(value) for value in values], object)
    here = np.array([text is not None for text in texts]) & np.isfinite(target)
    y = target[here]
    _, codes = np.unique(texts[here].astype(str), return_inverse=True)
    categories = len(np.unique(codes))
    if len(y) < LEAST_RUNS or not 2 <= categories <= min(MOST_CATEGORIES, len(y) - 1) or len(np.unique(y)) < 2:
        return None
    strength = _epsilon_squared(codes, y)
    p = _p_of(strength, lambda shuffled: _epsilon_squared(codes, shuffled), y)
    return Influence(path, "Kruskal-Wallis, epsilon squared", len(y), strength, p)


def _p_of(strength: float, measure: Callable[[Floats], float], target: Floats) -> float:
    """How often shuffled runs show as much, counting the runs as they are as one of the shuffles."""
    chance = np.random.default_rng(SEED)
    extreme = sum(abs(measure(chance.permutation(target))) >= abs(strength) - 1e-12 for _ in range(SHUFFLES))
    return float((extreme + 1) / (SHUFFLES + 1))


def _epsilon_squared(codes: NDArray[np.intp], target: Floats) -> float:
    ranks = ranks_of(target)
    counts = np.bincount(codes)
    means = np.bincount(codes, ranks) / counts
    between = float((counts * (means - ranks.mean()) ** 2).sum())
    return between / float(((ranks - ranks.mean()) ** 2).sum())


def _together(target: Floats, parameters: Mapping[str, Sequence[object]]) -> tuple[float | None, dict[str, float], int]:
    blocks, here = _blocks(parameters, np.isfinite(target))
    if not blocks or here.sum() < LEAST_RUNS_OF_MODEL:
        return None, {}, int(here.sum())
    y = ranks_of(target[here])
    y = (y - y.mean()) / (y.std() or 1)
    columns = {path: block[here] for path, block in blocks.items()}
    chance = np.random.default_rng(SEED)
    folds = chance.permutation(len(y)) % FOLDS
    lost = dict.fromkeys(columns, 0.0)
    error = 0.0
    for fold in range(FOLDS):
        seen, unseen = folds != fold, folds == fold
        model = _Ridge.fitted(np.hstack(list(columns.values()))[seen], y[seen])
        parts = [block[unseen] for block in columns.values()]
        fold_error = float(((y[unseen] - model.predict(parts)) ** 2).sum())
        error += fold_error
        for place, path in enumerate(columns):
            for _ in range(REPEATS):
                shuffled = list(parts)
                shuffled[place] = parts[place][chance.permutation(int(unseen.sum()))]
                lost[path] += (float(((y[unseen] - model.predict(shuffled)) ** 2).sum()) - fold_error) / REPEATS
    total = float(((y - y.mean()) ** 2).sum()) or 1.0
    fit = 1 - error / total
    importances = {path: max(0.0, value / total) for path, value in lost.items()} if fit > 0 else {}
    return fit, importances, int(here.sum())


def _blocks(
    parameters: Mapping[str, Sequence[object]], here: NDArray[np.bool_]
) -> tuple[dict[str, Floats], NDArray[np.bool_]]:
    """Each parameter as columns of numbers, and the runs that have the metric; a value that lacks is the middle one."""
    blocks = {}
    for path, values in parameters.items():
        numbers = as_numbers(values)
        if all(value is None or np.isfinite(number) for value, number in zip(values, numbers, strict=True)):
            known = np.isfinite(numbers)
            ranks = np.full(len(numbers), np.nan)
            ranks[known] = ranks_of(numbers[known])
            blocks[path] = np.where(known, ranks, np.nanmedian(ranks))[:, None]
        else:
            texts = np.array(["" if value is None else f"={value}" for value in values])
            blocks[path] = (texts[:, None] == np.unique(texts)[None, :]).astype(np.float64)
    return blocks, here


@dataclass(frozen=True)
class _Ridge:
    """A ridge regression of standardised columns."""

    weights: Floats
    centre: Floats
    scale: Floats
    base: float

    @classmethod
    def fitted(cls, x: Floats, y: Floats) -> _Ridge:
        centre, scale = x.mean(axis=0), x.std(axis=0)
        scale[scale == 0] = 1
        z = (x - centre) / scale
        weights = np.linalg.solve(z.T @ z + RIDGE * np.eye(z.shape[1]), z.T @ (y - y.mean()))
        return cls(weights, centre, scale, float(y.mean()))

    def predict(self, blocks: Sequence[Floats]) -> Floats:
        found: Floats = self.base + ((np.hstack(blocks) - self.centre) / self.scale) @ self.weights
        return found
