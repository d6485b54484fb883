"""What a run says of itself under sys/: columns of the run that read like attributes, and those that people edit.

The columns win over attributes that a client may have logged at the same path.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from tidelog_server.clock import now_ms
from tidelog_server.errors import InvalidRequestError
from tidelog_server.query.expressions import in_ids
from tidelog_server.query.value_types import VIRTUAL
from tidelog_server.runs import attributes
from tidelog_server.runs.attributes import EPOCH, Attribute, Part, Value, delete_attributes, write_attributes
from tidelog_server.runs.paths import intern_paths
from tidelog_server.runs.runs import NAME_CHARACTERS, Run
from tidelog_server.tables import attributes as attributes_table
from tidelog_server.tables import runs

TEXT_CHARACTERS = 100_000
TAGS = 1_000
TAG_CHARACTERS = 1_000
STAGES = ("none", "staging", "production", "archived")
EDITABLE = {
    "name": "sys/name",
    "description": "sys/description",
    "tags": "sys/tags",
    "group_tags": "sys/group_tags",
    "stage": "sys/stage",
}
_STORED_TYPES = {"runState": "string"}


def system_value(run: Run, path: str, now: int) -> Value:
    """The value of one of the columns of a run that look like attributes; None for the end of a run that goes on."""
    values: dict[str, Value] = {
        "sys/id": run.label,
        "sys/name": run.name,
        "sys/custom_run_id": run.key,
        "sys/state": run.state,
        "sys/creation_time": _moment(run.created_ms),
        "sys/ended_time": None if run.ended_ms is None else _moment(run.ended_ms),
        "sys/modification_time": _moment(run.modified_ms or run.created_ms),
        "sys/running_time": run.running_ms(now) / 1000,
        "sys/size": float(run.bytes),
        "sys/failed": run.state == "failed",
        "sys/trashed": run.trashed_ms is not None,
    }
    return values[path]


def with_system(run: Run, found: Sequence[Attribute], prefix: str = "", now: int | None = None) -> list[Attribute]:
    """The attributes of a run together with its columns at or below `prefix`, sorted by path."""
    moment = now_ms() if now is None else now
    columns = [
        Attribute(path, _STORED_TYPES.get(kind, kind), value, None)
        for path, kind in VIRTUAL.items()
        if not prefix or path == prefix or path.startswith(f"{prefix}/")
        if (value := system_value(run, path, moment)) is not None
    ]
    others = [attribute for attribute in found if attribute.path not in VIRTUAL]
    return sorted([*columns, *others], key=lambda attribute: attribute.path)


def attributes_in(connection: sa.Connection, run: Run, part: Part) -> list[Attribute]:
    """The attributes of a run that are meant, its columns among them, sorted by path."""
    columns = [
        column
        for column in with_system(run, [], part.prefix)
        if column.path > part.after and (not part.types or column.type in part.types)
    ]
    # Of what is stored at the paths of columns nothing is shown, so that as many more are read.
    wider = part if part.limit is None else replace(part, limit=part.limit + len(VIRTUAL))
    stored = (one for one in attributes.attributes_in(connection, run.id, wider) if one.path not in VIRTUAL)
    return sorted([*columns, *stored], key=lambda attribute: attribute.path)[: part.limit]


def edit(connection: sa.Connection, run: Run, changes: Mapping[str, str | Sequence[str] | None]) -> None:
    """Set what people may set of a run: the keys of `EDITABLE`. An empty value takes it away, but for the name.

    Fold the run first: what its processes logged before would win otherwise. Raises `InvalidRequestError`, and then
    nothing is changed.
    """
    values = {key: _checked(run, key, value) for key, value in changes.items()}
    paths = dict(zip(values, intern_paths(connection, run.project_id, [EDITABLE[key] for key in values]), strict=True))
    gone = [paths[key] for key, value in values.items() if not value]
    delete_attributes(connection, run.id, gone)
    kept = ((key, value) for key, value in values.items() if value)
    typed = [(paths[key], "string" if isinstance(value, str) else "string_set", value) for key, value in kept]
    write_attributes(connection, run.project_id, run.id, typed)
    columns = {"modified_ms": now_ms(), **({"name": values["name"]} if "name" in values else {})}
    connection.execute(sa.update(runs).where(runs.c.id == run.id).values(columns))


def change_tags(connection: sa.Connection, ids: Sequence[int], *, add: Sequence[str], remove: Sequence[str]) -> None:
    """Give these runs some tags and take others away. Fold the runs first, as for `edit`."""
    added, removed = set(_tags("add", add)), set(_tags("remove", remove))
    projects = dict(connection.execute(sa.select(runs.c.id, runs.c.project_id).where(in_ids(runs.c.id, ids))).all())
    for project_id in sorted(set(projects.values())):
        [path_id] = intern_paths(connection, project_id, [EDITABLE["tags"]])
        here = [run_id for run_id, found in projects.items() if found == project_id]
        stored = sa.select(attributes_table.c.run_id, attributes_table.c.text).where(
            in_ids(attributes_table.c.run_id, here),
            attributes_table.c.path_id == path_id,
            attributes_table.c.type == "string_set",
        )
        before = {run_id: set(json.loads(text)) for run_id, text in connection.execute(stored)}
        for run_id in here:
            tags = sorted((before.get(run_id, set()) | added) - removed)
            write_attributes(connection, project_id, run_id, [(path_id, "string_set", tags)])
    connection.execute(sa.update(runs).where(in_ids(runs.c.id, ids)).values(modified_ms=now_ms()))


def _checked(run: Run, key: str, value: str | Sequence[str] | None) -> str | list[str]:
    if key in ("tags", "group_tags"):
        return _tags(key, [] if value is None else value)
    text = value or ""
    if not isinstance(text, str) or len(text) > (NAME_CHARACTERS if key == "name" else TEXT_CHARACTERS):
        raise _wrong(key, "is no text, or too long a one")
    if "\x00" in text:
        raise _wrong(key, "holds the character U+0000, which no database keeps")
    if key == "name" and not text.strip():
        raise _wrong(key, "is empty; a run has a name")
    if key == "stage" and (run.kind != "model_version" or text not in STAGES):
        raise _wrong(key, f"is for model versions only, and one of {', '.join(STAGES)}")
    return text


def _tags(key: str, value: object) -> list[str]:
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) > TAGS:
        raise _wrong(key, f"is no list of up to {TAGS:,} texts")
    tags = sorted({str(tag).strip() for tag in value} - {""})
    if any(len(tag) > TAG_CHARACTERS or not tag.isprintable() for tag in tags):
        raise _wrong(key, f"has a tag that is longer than {TAG_CHARACTERS:,} characters, or holds control characters")
    return tags


def _wrong(key: str, what: str) -> InvalidRequestError:
    return InvalidRequestError(f"{key} {what}. Nothing was changed.", field=key)


def _moment(time_ms: int) -> datetime:
    return EPOCH + timedelta(milliseconds=time_ms)
