"""What is called so: projects, runs, models, artifacts, dashboards, attributes, and values that are texts.

Every word has to occur, anywhere and in any capitals. Each kind is asked for by itself and gives a few, the newest
first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.query.stored_values import contains_word
from tidelog_server.search.phrases import PHRASE_CHARACTERS
from tidelog_server.tables import artifacts, attributes, dashboards, paths, projects, runs

WORDS = 8
NAMES_EACH = 8
SECONDS = 0.5  # for values: those of one attribute after the other are looked through until then
VALUE_CHARACTERS = 200

KINDS = ("project", "run", "model", "dashboard", "artifact", "attribute", "value")


@dataclass(frozen=True)
class NameHit:
    """Something that was found. `label` is that of a run or model, `detail` what else tells it apart."""

    kind: str
    name: str
    project: str
    label: str = ""
    number: int = 0
    detail: str = ""


def search_names(
    connection: sa.Connection,
    text: str,
    *,
    project_id: int | None = None,
    each: int = NAMES_EACH,
    clock: Callable[[], float] = time.monotonic,
) -> list[NameHit]:
    """What has all the words of `text` in its name, at most `each` of a kind; without a word, nothing."""
    words = text[:PHRASE_CHARACTERS].replace("\x00", " ").split()[:WORDS]
    if not words:
        return []
    found: list[NameHit] = []
    for search in (_projects, _runs, _dashboards, _artifacts, _attributes):
        found.extend(search(connection, words, project_id, each))
    found.extend(_values(connection, words, project_id, each, clock() + SECONDS, clock))
    return found


def _all_in(text: sa.ColumnElement[str], words: Sequence[str]) -> sa.ColumnElement[bool]:
    return sa.and_(*(contains_word(text, word) for word in words))


def _projects(connection: sa.Connection, words: Sequence[str], project_id: int | None, each: int) -> list[NameHit]:
    if project_id is not None:
        return []
    query = sa.select(projects.c.name).where(_all_in(projects.c.name, words)).order_by(projects.c.id.desc())
    return [NameHit("project", name, name) for name in connection.scalars(query.limit(each))]


def _runs(connection: sa.Connection, words: Sequence[str], project_id: int | None, each: int) -> list[NameHit]:
    """Runs and models by label, name and id."""
    text = runs.c.label + " " + runs.c.name + " " + runs.c.key
    query = (
        sa.select(runs.c.kind, runs.c.label, runs.c.name, runs.c.number, projects.c.name.label("project"))
        .join(projects, projects.c.id == runs.c.project_id)
        .where(_all_in(text, words), runs.c.trashed_ms.is_(None), runs.c.kind != "project")
        .order_by(runs.c.id.desc())
        .limit(each)
    )
    rows = connection.execute(_within(query, runs.c.project_id, project_id))
    return [
        NameHit("run" if row.kind == "run" else "model", row.name, row.project, row.label, row.number) for row in rows
    ]


def _dashboards(connection: sa.Connection, words: Sequence[str], project_id: int | None, each: int) -> list[NameHit]:
    query = (
        sa.select(dashboards.c.id, dashboards.c.kind, dashboards.c.name, projects.c.name.label("project"))
        .join(projects, projects.c.id == dashboards.c.project_id)
        .where(_all_in(dashboards.c.name, words))
        .order_by(dashboards.c.changed_ms.desc())
        .limit(each)
    )
    rows = connection.execute(_within(query, dashboards.c.project_id, project_id))
    return [NameHit("dashboard", row.name, row.project, number=row.id, detail=row.kind) for row in rows]


def _artifacts(connection: sa.Connection, words: Sequence[str], project_id: int | None, each: int) -> list[NameHit]:
    query = (
        sa.select(artifacts.c.name, projects.c.name.label("project"))
        .join(projects, projects.c.id == artifacts.c.project_id)
        .where(_all_in(artifacts.c.name, words))
        .order_by(artifacts.c.id.desc())
        .limit(each)
    )
    rows = connection.execute(_within(query, artifacts.c.project_id, project_id))
    return [NameHit("artifact", row.name, row.project) for row in rows]


def _attributes(connection: sa.Connection, words: Sequence[str], project_id: int | None, each: int) -> list[NameHit]:
    """Paths, each of which leads to a column of the runs table."""
    query = (
        sa.select(paths.c.path, projects.c.name.label("project"))
        .join(projects, projects.c.id == paths.c.project_id)
        .where(_all_in(paths.c.path, words))
        .order_by(sa.func.length(paths.c.path), paths.c.id)
        .limit(each)
    )
    return [
        NameHit("attribute", row.path, row.project)
        for row in connection.execute(_within(query, paths.c.project_id, project_id))
    ]


def _values(
    connection: sa.Connection,
    words: Sequence[str],
    project_id: int | None,
    each: int,
    deadline: float,
    clock: Callable[[], float],
) -> Iterator[NameHit]:
    """Runs by their texts: tags, descriptions and parameters, the attributes of `sys` first."""
    left = each
    for path_id, path in _paths_of_texts(connection, project_id):
        if left <= 0 or clock() > deadline:
            return
        query = (
            sa.select(
                runs.c.label,
                runs.c.name,
                runs.c.number,
                projects.c.name.label("project"),
                sa.func.substr(attributes.c.text, 1, VALUE_CHARACTERS).label("text"),
            )
            .select_from(attributes)
            .join(runs, runs.c.id == attributes.c.run_id)
            .join(projects, projects.c.id == runs.c.project_id)
            .where(
                attributes.c.path_id == path_id,
                attributes.c.project_id == projects.c.id,
                attributes.c.number.is_(None),
                attributes.c.type.in_(("string", "string_set")),
                _all_in(sa.func.substr(attributes.c.text, 1, VALUE_CHARACTERS), words),
                runs.c.trashed_ms.is_(None),
            )
            .limit(left)
        )
        for row in connection.execute(query):
            left -= 1
            yield NameHit("value", row.name, row.project, row.label, row.number, f"{path}: {row.text}")


def _paths_of_texts(connection: sa.Connection, project_id: int | None) -> list[tuple[int, str]]:
    """The paths that any run has a text at; names of runs are found as names."""
    has_text = sa.exists().where(
        attributes.c.project_id == paths.c.project_id,
        attributes.c.path_id == paths.c.id,
        attributes.c.number.is_(None),
    )
    query = sa.select(paths.c.id, paths.c.path).where(has_text, paths.c.path != "sys/name")
    rows = connection.execute(_within(query, paths.c.project_id, project_id)).all()
    return sorted(((row.id, row.path) for row in rows), key=lambda found: (not found[1].startswith("sys/"), found[0]))


def _within(
    query: sa.Select[tuple[object, ...]], column: sa.ColumnElement[int], project_id: int | None
) -> sa.Select[tuple[object, ...]]:
    return query if project_id is None else query.where(column == project_id)
