"""The runs table and the comparison of runs, on each database engine."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

import pytest
import sqlalchemy as sa

from tidelog_server.database import Database
from tidelog_server.errors import InvalidRequestError, QueryError, RunNotFoundError
from tidelog_server.runs import comparison, table
from tidelog_server.runs.attributes import write_attributes
from tidelog_server.runs.paths import intern_paths
from tidelog_server.runs.projects import ensure_project
from tidelog_server.runs.runs import ensure_run
from tidelog_server.tables import series

AGGREGATES = {
    "points": 3,
    "step_last": 2_000_000,
    "open_points": 3,
    "last": 0.5,
    "min": 0.25,
    "max": 1.0,
    "mean": 0.5,
    "m2": 0.75,
}
MOMENT = datetime(2026, 11, 25, 8, 30, tzinfo=timezone.utc)
MOMENT_MS = round(MOMENT.timestamp() * 1000)


class Project:
    """A project to which runs can be added, in a database of its own."""

    def __init__(self, database: Database, name: str = "mnist") -> None:
        self.database = database
        self.name = name
        self.id = 0

    def add(self, key: str, values: dict[str, tuple[str, Any]] | None = None, created_ms: int = 0) -> int:
        """Add a run with these attributes: path -> (type, value)."""
        with self.database.write() as connection:
            self.id = ensure_project(connection, self.name)
            run_id = ensure_run(
                connection, project_id=self.id, key=key, name=f"name of {key}", created_ms=created_ms or MOMENT_MS
            )
            paths = dict(zip(values or {}, intern_paths(connection, self.id, list(values or {})), strict=True))
            write_attributes(
                connection, self.id, run_id, [(paths[path], *value) for path, value in (values or {}).items()]
            )
            for path, (kind, _) in (values or {}).items():
                if kind == "float_series":
                    row = {"run_id": run_id, "path_id": paths[path], "finite": 3, **AGGREGATES}
                    connection.execute(sa.insert(series).values(row))
        return run_id

    def table(self, **arguments: Any) -> table.TablePage:
        with self.database.read() as connection:
            return table.runs_table(connection, self.id, **arguments)

    def columns(self, **arguments: Any) -> list[table.Column]:
        with self.database.read() as connection:
            return table.columns_of(connection, self.id, **arguments)

    def compare(self, *run_ids: int, with_series: bool = True) -> comparison.Comparison:
        with self.database.read() as connection:
            return comparison.compare_runs(connection, run_ids, with_series=with_series)


@pytest.fixture
def project(database: Database) -> Project:
    """A project without runs."""
    return Project(database)


@contextmanager
def counted_statements(database: Database) -> Iterator[list[str]]:
    """Collects the statements that are executed within the block."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("BEGIN", "SET ")):
            statements.append(statement)

    sa.event.listen(database.engine, "before_cursor_execute", note)
    yield statements
    sa.event.remove(database.engine, "before_cursor_execute", note)


def keys(page: table.TablePage) -> list[str]:
    """The keys of the runs of a page."""
    return [row.run.key for row in page.rows]


def test_a_row_has_the_value_of_every_column_that_is_asked_for(project: Project) -> None:
    """Of every type, of the run itself, of series; None where the run has nothing."""
    values = {
        "lr": ("float", 0.5), "layers": ("int", 2**62 + 1), "shuffle": ("bool", False), "name": ("string", "Adam"),
        "when": ("datetime", MOMENT_MS), "sys/tags": ("string_set", ["a", "b"]), "loss": ("float_series", math.nan),
    }  # fmt: skip
    project.add("one", values)
    columns = [
        *values, "last(loss)", "min(loss)", "variance(loss)", "count(loss)", "average(`loss`)", "last(lr)", "min(lr)",
        "no",
        "sys/id", "sys/name", "sys/state", "sys/creation_time", "sys/ended_time", "sys/custom_run_id",
    ]  # fmt: skip
    [row] = project.table(columns=columns).rows
    nan = {name: row.values.pop(name) for name in ("loss", "last(loss)")}
    assert all(isinstance(value, float) and math.isnan(value) for value in nan.values())
    assert row.values == {
        "lr": 0.5, "layers": 2**62 + 1, "shuffle": False, "name": "Adam", "when": MOMENT, "sys/tags": ["a", "b"],
        "min(loss)": 0.25, "variance(loss)": 0.25, "count(loss)": 3, "average(`loss`)": 0.5, "last(lr)": None,
        "min(lr)": None, "no": None,
        "sys/id": row.run.label, "sys/name": "name of one", "sys/state": "running", "sys/creation_time": MOMENT,
        "sys/ended_time": None, "sys/custom_run_id": "one",
    }  # fmt: skip
    assert row.values["shuffle"] is False


def test_a_long_text_or_set_is_cut_in_the_table(project: Project) -> None:
    """A table stays small whatever was logged; a set loses whole items only."""
    tags = sorted(f'tag "{number}"' for number in range(5_000))
    project.add(
        "one", {"log": ("string", "x" * 1_000_000), "fits": ("string", "y" * 1_000), "tags": ("string_set", tags)}
    )
    [row] = project.table(columns=["log", "fits", "tags"]).rows
    assert row.values["log"] == "x" * 1_000 + "…"
    assert row.values["fits"] == "y" * 1_000
    shown = row.values["tags"]
    assert isinstance(shown, list)
    assert 500 < len(shown) < 5_000
    assert shown == tags[: len(shown)]


def test_newest_runs_come_first(project: Project) -> None:
    """Without a sort order, by the time of creation."""
    for key, created_ms in (("old", 1), ("newest", 3), ("new", 2)):
        project.add(key, created_ms=created_ms)
    page = project.table()
    assert (keys(page), page.total, page.total_is_exact, page.next) == (["newest", "new", "old"], 3, True, None)


def test_a_run_that_is_made_between_pages_changes_no_later_page(project: Project) -> None:
    """A page begins behind a place in the order, not after a number of rows."""
    for number in range(1, 7):
        project.add(f"run-{number}", created_ms=number)
    first = project.table(limit=2)
    project.add("run-7", created_ms=7)
    second = project.table(limit=2, after=first.next)
    assert keys(first) + keys(second) == ["run-6", "run-5", "run-4", "run-3"]
    assert second.total == 7


def test_a_query_filters_and_counts(project: Project) -> None:
    """`total` is the number of matching runs, not of rows on the page."""
    for number in range(5):
        project.add(f"run-{number}", {"lr": ("float", number / 10)})
    page = project.table(query="lr >= 0.2", sort="lr", limit=2)
    assert (keys(page), page.total) == (["run-4", "run-3"], 3)
    assert (keys(project.table(query="lr > 5")), project.table(query="lr > 5").total) == ([], 0)


def test_other_projects_are_not_seen(project: Project, database: Database) -> None:
    """Neither in a page, nor in a count, nor among the columns, though their paths have the same names."""
    other = Project(database, "other")
    other.add("theirs", {"lr": ("float", 1.0), "secret": ("float", 1.0)})
    project.add("ours", {"lr": ("float", 1.0)})
    for query in ("", "lr = 1", "ours", "theirs", 'sys/custom_run_id MATCHES "s"'):
        assert set(keys(project.table(query=query, sort="lr"))) <= {"ours"}
    assert [column.path for column in project.columns() if not column.path.startswith("sys/")] == ["lr"]


def test_the_total_is_counted_up_to_a_limit(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above it, the page says that there are more."""
    monkeypatch.setattr(table, "TOTAL_LIMIT", 2)
    for number in range(4):
        project.add(f"run-{number}", {"lr": ("float", 1.0)})
    page = project.table(query="lr = 1", limit=1)
    assert (page.total, page.total_is_exact) == (2, False)
    assert project.table(query="lr = 1", limit=200).next is None
    assert len(project.table(query="lr = 1", limit=200).rows) == 4


@pytest.mark.parametrize("runs_in_project", [1, 30])
def test_the_number_of_statements_does_not_grow(project: Project, runs_in_project: int) -> None:
    """Neither with the runs, nor with the columns, nor with the conditions."""
    for number in range(runs_in_project):
        project.add(f"run-{number}", {f"p{column}": ("float", 1.0) for column in range(20)})
    columns = [f"p{column}" for column in range(20)] + ["min(p0)", "max(p1)"]
    query = " AND ".join(f"p{column} >= 0" for column in range(20))
    with counted_statements(project.database) as statements:
        project.table(query=query, columns=columns, sort="p3", limit=20)
    assert len(statements) <= 8


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"limit": 0}, "limit"), ({"limit": 201}, "limit"), ({"columns": ["x"] * 201}, "columns"),
        ({"after": "nonsense"}, "after"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_refused_by_name(project: Project, arguments: dict[str, Any], field: str) -> None:
    """The error says which one."""
    project.add("one")
    with pytest.raises(InvalidRequestError) as caught:
        project.table(**arguments)
    assert caught.value.details == {"field": field}


def test_a_wrong_query_points_at_its_error(project: Project) -> None:
    """Before anything is read."""
    project.add("one")
    with pytest.raises(QueryError) as caught:
        project.table(query="lr >")
    assert caught.value.details == {"query": "lr >", "position": 4, "length": 1}


def test_columns_are_the_paths_of_a_project_with_their_types(project: Project) -> None:
    """Columns of the runs themselves first; a path of several types is listed with each; a deleted one not at all."""
    project.add(
        "one", {"lr": ("float", 0.5), "mixed": ("int", 1), "sys/tags": ("string_set", []), "deleted": ("int", 1)}
    )
    project.add("two", {"mixed": ("float", 2.0), "loss": ("float_series", 1.0), "Optimiser": ("string", "Adam")})
    project.add("three", {"mixed": ("string", "x")})
    with project.database.write() as connection:
        [deleted] = intern_paths(connection, project.id, ["deleted"])
        connection.exec_driver_sql(f"DELETE FROM attributes WHERE path_id = {deleted}")
    found = [(column.path, column.type) for column in project.columns()]
    assert found[:11] == [
        ("sys/id", "string"), ("sys/name", "string"), ("sys/custom_run_id", "string"), ("sys/state", "run_state"),
        ("sys/creation_time", "datetime"), ("sys/ended_time", "datetime"), ("sys/modification_time", "datetime"),
        ("sys/running_time", "float"), ("sys/size", "float"), ("sys/failed", "bool"), ("sys/trashed", "bool"),
    ]  # fmt: skip
    assert found[11:] == [
        ("Optimiser", "string"), ("loss", "float_series"), ("lr", "float"), ("mixed", "int"), ("mixed", "float"),
        ("mixed", "string"), ("sys/tags", "string_set"),
    ]  # fmt: skip
    assert [column.path for column in project.columns(containing="OPT")] == ["Optimiser"]
    assert [column.path for column in project.columns(containing="l", limit=1)] == ["sys/failed", "loss"]


def test_a_comparison_sets_runs_side_by_side(project: Project) -> None:
    """Parameters first, then series, then sys/*; values in the order of the runs; same only if the type is, too."""
    one = project.add("one", {
        "lr": ("float", 0.1), "seed": ("int", 2**60), "one": ("int", 1), "nan": ("float", math.nan),
        "loss": ("float_series", 0.5),
        "sys/tags": ("string_set", ["a"]), "only": ("bool", True), "text": ("string", "x" * 2_000),
        "set": ("string_set", ["b"]),
    })  # fmt: skip
    two = project.add("two", {
        "lr": ("float", 0.2), "seed": ("int", 2**60 + 1), "one": ("float", 1.0), "nan": ("float", math.nan),
        "loss": ("float_series", 0.5),
        "sys/tags": ("string_set", ["a"]), "text": ("string", "x" * 2_000 + "y"), "set": ("string_set", ["b"]),
    })  # fmt: skip
    compared = project.compare(two, one)
    assert compared.complete
    assert [(each.path, each.same) for each in compared.attributes] == [
        ("lr", False), ("nan", True), ("one", False), ("only", False), ("seed", False), ("set", True),
        ("text", False), ("loss", True),
        ("sys/tags", True),
    ]  # fmt: skip
    found = {each.path: each for each in compared.attributes}
    assert found["lr"].values == (0.2, 0.1)
    assert found["seed"].values == (2**60 + 1, 2**60)
    assert (found["one"].values, found["one"].types) == ((1.0, 1), ("float", "int"))
    assert (found["only"].values, found["only"].types) == ((None, True), (None, "bool"))
    assert [each.path for each in compared.attributes if each.is_series] == ["loss"]
    assert found["text"].values == ("x" * 1_000 + "…",) * 2


def test_runs_of_two_projects_are_compared_by_path(project: Project, database: Database) -> None:
    """Projects number their paths each for itself."""
    one = project.add("one", {"lr": ("float", 0.1), "only": ("int", 1)})
    two = Project(database, "other").add("two", {"first": ("int", 1), "lr": ("float", 0.1)})
    found = {each.path: each.same for each in project.compare(one, two).attributes}
    assert found == {"first": False, "lr": True, "only": False}


def test_a_comparison_of_very_many_attributes_is_cut(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so, and takes as many statements as a small one."""
    monkeypatch.setattr(comparison, "PATHS_LIMIT", 3)
    ids = [project.add(key, {f"p{number}": ("int", number) for number in range(5)}) for key in ("one", "two")]
    with counted_statements(project.database) as statements:
        compared = project.compare(*ids)
    assert [each.path for each in compared.attributes] == ["p0", "p1", "p2"]
    assert not compared.complete
    assert len(statements) <= 4


def test_a_comparison_need_not_read_what_series_came_to(project: Project) -> None:
    """Their names are there all the same; what is a series in one run and a value in another counts as one."""
    one = project.add("one", {"lr": ("float", 0.1), "loss": ("float_series", 0.5), "mixed": ("float_series", 1.0)})
    two = project.add("two", {"lr": ("float", 0.2), "accuracy": ("float_series", 0.9), "mixed": ("float", 2.0)})
    compared = project.compare(one, two, with_series=False)
    assert [each.path for each in compared.attributes] == ["lr"]
    assert compared.series == ("accuracy", "loss", "mixed")
    assert project.compare(one, two).series == compared.series


def test_a_comparison_needs_two_to_two_hundred_different_runs(project: Project) -> None:
    """And runs that there are."""
    one = project.add("one")
    for ids in ((), (one,), (one, one), range(1, 202)):
        with pytest.raises(InvalidRequestError, match="2 to 200 different runs"):
            project.compare(*ids)
    with pytest.raises(RunNotFoundError):
        project.compare(one, one + 1_000)
