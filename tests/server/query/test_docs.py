"""The reference page of the query language says what is true."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.server.query.gallery import HOUR_MS, NOW_MS, GalleryRun, Series, store_runs
from tidelog_server.database import Database
from tidelog_server.errors import QueryError
from tidelog_server.query import parser, tokens, value_types
from tidelog_server.query.conditions import condition
from tidelog_server.query.parser import parse
from tidelog_server.query.scope import scope_of
from tidelog_server.tables import runs

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "query-language.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^\| ``(.+?)`` \| ([1-3 ]+) \|$", PAGE, re.MULTILINE)

RUNS = [
    GalleryRun(
        1, "one", "resnet50 baseline", "finished", NOW_MS - 72 * HOUR_MS, NOW_MS - 70 * HOUR_MS,
        {
            "sys/tags": ("string_set", ["baseline", "vision"]), "params/lr": ("float", 0.1),
            "params/optimiser": ("string", "Adam"), "metrics/acc": ("float_series", Series((0.5, 0.8, 0.91))),
            "log": ("string_series", "done"), "model": ("file", {"file": 0, "name": "model.pt"}),
        },
    ),
    GalleryRun(
        2, "two", "resnet101", "running", NOW_MS - HOUR_MS, None,
        {
            "sys/tags": ("string_set", ["vision"]), "params/lr": ("int", 1),
            "params/optimiser": ("string", "SGD"), "metrics/acc": ("float_series", Series((0.6, 0.95, 0.93))),
            "log": ("string_series", "epoch 2"),
        },
    ),
    GalleryRun(
        3, "three", "transformer", "failed", NOW_MS - 5 * HOUR_MS, NOW_MS - 4 * HOUR_MS,
        {
            "sys/tags": ("string_set", ["baseline", "text"]),
            "params/optimiser": ("string", "AdamW"), "metrics/acc": ("float_series", Series((0.2, math.nan))),
            "log": ("string_series", "loss is NaN"),
        },
    ),
]  # fmt: skip


@pytest.fixture
def example_runs(database: Database) -> Iterator[tuple[sa.Connection, int]]:
    """The three runs of the page."""
    with database.write() as connection:
        project_id = store_runs(connection, RUNS, "example", "EXAMPLE")
    with database.read() as connection:
        yield connection, project_id


def test_every_example_finds_the_runs_that_the_page_says(example_runs: tuple[sa.Connection, int]) -> None:
    """On either engine."""
    connection, project_id = example_runs
    assert len(EXAMPLES) > 25
    for query, expected in EXAMPLES:
        tree = parse(query)
        matched = condition(tree, scope_of(connection, project_id, tree, moment_ms=NOW_MS), "collect")
        found = connection.scalars(sa.select(runs.c.number).where(matched).order_by(runs.c.number)).all()
        assert found == [int(number) for number in expected.split()], query


def test_the_error_on_the_page_is_the_error_that_is_raised() -> None:
    """Word for word."""
    shown = json.loads(re.findall(r"```json\n(.+?)\n```", PAGE)[0])["error"]
    with pytest.raises(QueryError) as caught:
        parse("params/lr >")
    assert {"code": caught.value.code, "message": str(caught.value), **caught.value.details} == shown


def test_the_page_names_every_type_operator_function_and_column() -> None:
    """Nothing that the language has goes without saying."""
    for name in (
        *value_types.OPERATORS, *value_types.VIRTUAL, *value_types.STATES, *parser.FUNCTIONS, *value_types.TEXT,
        *value_types.NON_FINITE,
    ):  # fmt: skip
        assert re.search(rf"[`\" (]{re.escape(name)}[`\" (:,]", PAGE), name


@pytest.mark.parametrize(
    "limit",
    [tokens.LENGTH_LIMIT, parser.CONDITION_LIMIT, parser.NESTING_LIMIT, parser.WORD_LIMIT, parser.PATTERN_COUNT_LIMIT],
)
def test_the_page_names_every_limit(limit: int) -> None:
    """As a row of the table of limits."""
    assert f"\n| {limit:,} | " in PAGE
