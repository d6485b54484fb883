"""How parameters relate to a metric over the runs compared: importance, parallel coordinates, a scatter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tidelog_server.analysis.importance import Influence, influences_on
from tidelog_server.pages.chart_sections import is_monitoring
from tidelog_server.pages.filters import number
from tidelog_server.pages.plots import Parallel, Scatter, Size, parallel_of, scatter_of
from tidelog_server.pages.table.usual import SCORES
from tidelog_server.pages.tree import in_reading_order
from tidelog_server.runs.comparison import Comparison, Difference
from tidelog_server.runs.runs import Run

MAX_AXES = 8
MAX_PARAMETERS = 60
SHORT_CHARACTERS = 60  # of a text that can be a parameter; longer ones are paths, notes and command lines
PLOT = Size(1200, 360)
SQUARE = Size(420, 320)
FUNCTIONS = ("last", "min", "max", "mean")


@dataclass(frozen=True)
class InfluenceRow:
    """One parameter as a row: the figures as text, and the lengths of its bars in percent."""

    influence: Influence
    strength: str
    p: str
    importance: str
    bar: int


@dataclass(frozen=True)
class Relations:
    """The context of partials/comparing/relations.html."""

    metric: str
    metrics: tuple[str, ...]
    rows: tuple[InfluenceRow, ...]
    fit: str
    runs: int
    model_runs: int
    parallel: Parallel | None
    axes: tuple[str, ...]
    scatter: Scatter | None
    attributes: tuple[str, ...]
    across: str
    up: str


def metric_choices(series: Sequence[str]) -> tuple[str, ...]:
    """What may be the metric: the series, scores first, each by its last, least and greatest value."""
    ranked = sorted((path for path in series if not is_monitoring(path)), key=_rank)
    return tuple(path if name == "last" else f"{name}({path})" for path in ranked for name in FUNCTIONS)


def parameters_of(differences: Sequence[Difference]) -> dict[str, tuple[object, ...]]:
    """The parameters that vary among the runs, numbers and short texts."""
    found = {
        row.path: row.values
        for row in sorted(differences, key=lambda row: in_reading_order(row.path))
        if not row.same and not row.is_series and not row.path.startswith("sys/") and _is_parameter(row)
    }
    return dict(list(found.items())[:MAX_PARAMETERS])


def relations_of(
    runs: Sequence[Run],
    comparison: Comparison,
    values: Mapping[str, Sequence[object]],
    *,
    metric: str,
    across: str,
    up: str,
) -> Relations:
    """All three views; `values` are those of the metric and of the two attributes of the scatter, by run."""
    parameters = parameters_of(comparison.attributes)
    metrics = metric_choices(comparison.series)
    found = influences_on(values.get(metric, ()), parameters) if metric else influences_on([None] * len(runs), {})
    shown = [one.path for one in found.influences] or list(parameters)
    axes = (*shown[: MAX_AXES - 1], metric) if metric else tuple(shown[:MAX_AXES])
    columns = {**parameters, **values}
    lines = [(run, [columns[axis][place] for axis in axes]) for place, run in enumerate(runs)]
    points = (
        [(run, columns[across][place], columns[up][place]) for place, run in enumerate(runs)] if across and up else []
    )
    most = max((one.importance or 0.0 for one in found.influences), default=0.0)
    return Relations(
        metric=metric,
        metrics=metrics,
        rows=tuple(_row(one, most) for one in found.influences),
        fit="" if found.fit is None else number(round(found.fit, 3)),
        runs=found.runs,
        model_runs=found.model_runs,
        parallel=parallel_of(axes, lines, PLOT) if len(axes) > 1 else None,
        axes=axes,
        scatter=scatter_of(across, up, points, SQUARE) if points else None,
        attributes=(*parameters, *metrics),
        across=across,
        up=up,
    )


def _row(one: Influence, most: float) -> InfluenceRow:
    bar = round(100 * (one.importance or 0.0) / most / 5) * 5 if most else 0
    importance = "" if one.importance is None else number(round(one.importance, 3))
    p = "< 0.001" if one.p < 0.001 else number(round(one.p, 3))
    return InfluenceRow(one, number(round(one.strength, 3)), p, importance, bar)


def _rank(path: str) -> tuple[object, ...]:
    name = path.casefold()
    is_score = any(score in name.rsplit("/", 1)[-1] for score in SCORES)
    return (not is_score, not name.startswith(("val", "test", "eval")), in_reading_order(path))


def _is_parameter(row: Difference) -> bool:
    return all(
        value is None or isinstance(value, bool | int | float) or (isinstance(value, str) and _is_short(value))
        for value in row.values
    )


def _is_short(text: str) -> bool:
    return len(text) <= SHORT_CHARACTERS and "\n" not in text
