"""Projects: the folders that runs live in."""

from __future__ import annotations

import re
from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.clock import now_ms
from tidelog_server.errors import InvalidRequestError, ProjectNotFoundError
from tidelog_server.tables import projects, runs

NAME_CHARACTERS = 255
KEY_CHARACTERS = 8
LISTED = 1_000
# Behind the name of a project these lead to its pages, so that no later part of a name may be one: `x/compare` would be
# the comparison of `x`. The client has the same list.
RESERVED_PARTS = (
    *("artifacts", "chart.svg", "columns", "compare", "dashboards", "models", "paths", "runs", "runs.csv"),
    *("runs.parquet", "trash", "views"),
)
FOLDERS = (".", "..")  # which browsers take out of an address


@dataclass(frozen=True)
class Project:
    """A project; `key` is the prefix of its runs' labels. Times are milliseconds since 1970 UTC."""

    id: int
    name: str
    key: str
    runs: int
    running: int
    created_ms: int
    last_activity_ms: int


def list_projects(connection: sa.Connection) -> list[Project]:
    """The projects, the one with the latest activity first; at most `LISTED` of them."""
    return [_project(row) for row in connection.execute(_projects_with_activity().limit(LISTED))]


def find_project(connection: sa.Connection, name: str) -> Project:
    """The project of this name; raises `ProjectNotFoundError`."""
    row = None
    if "\x00" not in name:  # PostgreSQL takes no such text
        row = connection.execute(_projects_with_activity().where(projects.c.name == name)).one_or_none()
    if row is None:
        raise ProjectNotFoundError(f"There is no project {name[:80]!r}. It is made when the first run is logged to it.")
    return _project(row)


def project_above(connection: sa.Connection, path: str) -> str | None:
    """The name of the project that an address below /projects/ begins with, the longest one; None if there is none."""
    parts = path[: NAME_CHARACTERS + 1].replace("\x00", "").split("/")
    beginnings = ("/".join(parts[:length]) for length in range(1, len(parts) + 1))
    names = [name for name in beginnings if len(name) <= NAME_CHARACTERS]
    found = connection.scalars(sa.select(projects.c.name).where(projects.c.name.in_(names)))
    return max(found, key=len, default=None)


def ensure_project(connection: sa.Connection, name: str, key: str | None = None) -> int:
    """The id of the project of this name, which is made if it is new: with this key, if no other project has it."""
    found = connection.scalar(sa.select(projects.c.id).where(projects.c.name == name))
    if found is not None:
        return int(found)
    check_project_name(name)
    taken = set(connection.scalars(sa.select(projects.c.key)))
    values = {"name": name, "key": key if key and key not in taken else _free_key(name, taken), "created_ms": now_ms()}
    return int(connection.scalar(sa.insert(projects).values(values).returning(projects.c.id)) or 0)


def check_project_name(name: str) -> None:
    """Raise `InvalidRequestError` unless `name` may be the name of a project."""
    if not 1 <= len(name) <= NAME_CHARACTERS or not name.isprintable() or name != name.strip():
        raise InvalidRequestError(
            f"{name[:80]!r} cannot be the name of a project: 1 to {NAME_CHARACTERS} printable characters, without "
            "spaces around."
        )
    first, *later = name.split("/")
    wrong = [part for part in later if part in RESERVED_PARTS] + [part for part in (first, *later) if part in FOLDERS]
    if wrong:
        raise InvalidRequestError(
            f"{name[:80]!r} cannot be the name of a project: its part {wrong[0]!r} means something else in the "
            f"addresses of pages. Nothing was stored. Write that part in another way."
        )


def _projects_with_activity() -> sa.Select[tuple[object, ...]]:
    """Each figure by an index of its own: a page of a project with 100,000 runs begins with this."""
    in_project = (runs.c.project_id == projects.c.id, runs.c.kind == "run", runs.c.trashed_ms.is_(None))
    counted = sa.select(sa.func.count()).select_from(runs).where(*in_project)
    # Written out, since SQLite uses an index of the running ones only where it sees that they are asked for.
    running = counted.where(runs.c.state == sa.literal_column("'running'"))
    newest = sa.select(sa.func.max(runs.c.modified_ms)).where(runs.c.project_id == projects.c.id)
    last_activity = sa.func.coalesce(newest.scalar_subquery(), projects.c.created_ms).label("last_activity_ms")
    return sa.select(
        projects.c.id,
        projects.c.name,
        projects.c.key,
        projects.c.created_ms,
        counted.scalar_subquery().label("runs"),
        running.scalar_subquery().label("running"),
        last_activity,
    ).order_by(last_activity.desc(), projects.c.name)


def _project(row: sa.Row[tuple[object, ...]]) -> Project:
    return Project(**row._mapping)


def _free_key(name: str, taken: set[str]) -> str:
    """A short prefix for run labels that no other project has: MNIST, then MNIST2, MNIST3 ..."""
    letters = re.sub(r"[^A-Z0-9]", "", name.rsplit("/", 1)[-1].upper())[:KEY_CHARACTERS]
    stem = letters if letters[:1].isalpha() else f"P{letters}"[:KEY_CHARACTERS]
    key, number = stem, 2
    while key in taken:
        key, number = f"{stem}{number}", number + 1
    return key
