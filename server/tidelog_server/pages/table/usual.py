"""Columns for a runs table whose address names none: what the newest runs have, scores and varied parameters first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.pages.chart_sections import MONITORING
from tidelog_server.pages.tree import in_reading_order
from tidelog_server.tables import attributes, paths, runs

NEWEST_RUNS = 4  # looked at: enough to see what varies, few enough for runs with very many attributes
TEXT_CHARACTERS = 100  # compared, to see whether a text varies
SERIES, PARAMETERS = 3, 3
SCORES = ("loss", "acc", "f1", "auc", "map", "score", "error", "reward", "perplexity", "bleu", "rmse", "mae")
FINAL = ("val", "valid", "validation", "test", "eval")


@dataclass(frozen=True)
class Usual:
    """An attribute of the newest runs: how many of these have it, and how many values it has there."""

    path: str
    type: str
    runs: int
    values: int


def usual_columns(connection: sa.Connection, project_id: int) -> tuple[str, ...]:
    """A few paths worth a column, in one statement."""
    newest = (
        sa.select(runs.c.id)
        .where(runs.c.project_id == project_id, runs.c.kind == "run", runs.c.trashed_ms.is_(None))
        .order_by(runs.c.number.desc())
        .limit(NEWEST_RUNS)
    )
    query = (
        sa.select(
            paths.c.path,
            attributes.c.type,
            sa.func.count(),
            sa.func.count(attributes.c.number.distinct()),
            sa.func.count(sa.func.substr(attributes.c.text, 1, TEXT_CHARACTERS).distinct()),
        )
        .join(paths, paths.c.id == attributes.c.path_id)
        .where(attributes.c.run_id.in_(newest.scalar_subquery()))
        .where(~paths.c.path.startswith("sys/"), ~paths.c.path.startswith(f"{MONITORING}/"))
        .group_by(paths.c.path, attributes.c.type)
    )
    rows = connection.execute(query)
    return choose([Usual(path, kind, count, max(numbers, texts)) for path, kind, count, numbers, texts in rows])


def choose(usual: Sequence[Usual]) -> tuple[str, ...]:
    """The columns to show of these: series by how much they say of a result, then parameters that vary."""
    series = sorted((one for one in usual if one.type == "float_series"), key=_rank_of_series)
    parameters = sorted(
        (one for one in usual if one.type in ("float", "int", "bool", "string")), key=_rank_of_parameter
    )
    return tuple(dict.fromkeys(one.path for one in (*series[:SERIES], *parameters[:PARAMETERS])))


def _rank_of_series(one: Usual) -> tuple[object, ...]:
    *namespaces, name = one.path.casefold().split("/")
    is_score = any(score in name for score in SCORES)
    is_final = any(part in FINAL for part in namespaces) or name.startswith(FINAL)
    return (not is_score, -one.runs, not is_final, len(namespaces), in_reading_order(one.path))


def _rank_of_parameter(one: Usual) -> tuple[object, ...]:
    return (-one.runs, one.values <= 1, one.path.count("/"), in_reading_order(one.path))
