"""What is logged to: runs, and with the same machinery a project's own data, models and versions of models.

| kind          | key                         | label       | number              |
|---------------|-----------------------------|-------------|---------------------|
| run           | custom_run_id, or random    | MNIST-3     | counts by project   |
| project       | project                     | MNIST       | 0                   |
| model         | chosen: NET                 | MNIST-NET   | 0                   |
| model_version | custom id, or random        | MNIST-NET-3 | counts by model     |
"""

from __future__ import annotations

import re
from typing import Protocol

import sqlalchemy as sa

from tidelog_server.errors import InvalidRequestError, RunDeletedError, RunNotFoundError
from tidelog_server.runs.projects import ensure_project
from tidelog_server.runs.runs import Run, ensure_run, find_id, find_run, insert_run, take_number
from tidelog_server.series.points import STEP_UNITS
from tidelog_server.tables import projects, purged_writers, runs

PROJECT_KEY = "project"
MODEL_KEY = re.compile(r"[A-Z][A-Z0-9]{0,15}")
MODEL_KEY_RULE = "1 to 16 capital letters and digits, beginning with a letter"


class Registration(Protocol):
    """What has to be known of a writer to find what it logs to."""

    @property
    def project(self) -> str:
        """The name of the project."""

    @property
    def run_key(self) -> str | None:
        """The client's own id."""

    @property
    def with_id(self) -> str | None:
        """The label of what is gone on with."""

    @property
    def name(self) -> str | None:
        """What it is to be called if it is new."""

    @property
    def created_ms(self) -> int:
        """When it began."""

    @property
    def kind(self) -> str:
        """What it is."""

    @property
    def model(self) -> str | None:
        """The label of a version's model."""

    @property
    def number(self) -> int | None:
        """The number that it is to have if it is new, as it had where it was exported."""

    @property
    def project_key(self) -> str | None:
        """The prefix of labels that the project is to have if it is new."""

    @property
    def fork_run(self) -> str | None:
        """The label, or the client's own id, of the run that a new one is forked from."""

    @property
    def fork_step(self) -> float | None:
        """The greatest step that a fork inherits."""


def ensure(connection: sa.Connection, wanted: Registration) -> int:
    """The id of what a writer logs to, made where it is new.

    Raises `RunNotFoundError`, `RunDeletedError` or `InvalidRequestError`.
    """
    if (wanted.run_key is None) == (wanted.with_id is None):
        raise InvalidRequestError("A writer names its run by exactly one of run_key and with_id.")
    if wanted.with_id is not None:
        return _gone_on_with(connection, wanted.with_id, wanted.kind)
    make = {"run": _run, "project": _project, "model": _model, "model_version": _version}[wanted.kind]
    return make(connection, wanted)


def _gone_on_with(connection: sa.Connection, label: str, kind: str) -> int:
    try:
        found = find_run(connection, label)
    except RunNotFoundError:
        if connection.scalar(sa.select(sa.exists().where(purged_writers.c.label == label))):
            raise RunDeletedError(f"The run {label} was deleted on the server. Nothing was stored.") from None
        raise
    if found.kind != kind:
        raise InvalidRequestError(f"{label} is a {_said(found.kind)}, not a {_said(kind)}. Nothing was stored.")
    return found.id


def _run(connection: sa.Connection, wanted: Registration) -> int:
    key, name, created_ms = wanted.run_key or "", wanted.name, wanted.created_ms
    project_id = ensure_project(connection, wanted.project, wanted.project_key)
    fork = {} if find_id(connection, project_id, "run", key) is not None else _fork(connection, project_id, wanted)
    return ensure_run(
        connection, project_id=project_id, key=key, name=name, created_ms=created_ms, number=wanted.number, **fork
    )


def _fork(connection: sa.Connection, project_id: int, wanted: Registration) -> dict[str, int]:
    """The columns that make a new run a fork; none if it is not to be one."""
    if (wanted.fork_run is None) != (wanted.fork_step is None):
        raise InvalidRequestError("A fork is named by both fork_run and fork_step.")
    if wanted.fork_run is None or wanted.fork_step is None:
        return {}
    same = (runs.c.project_id == project_id, runs.c.kind == "run")
    found = connection.scalar(sa.select(runs.c.id).where(*same, runs.c.label == wanted.fork_run))
    found = found or find_id(connection, project_id, "run", wanted.fork_run)
    if found is None:
        raise RunNotFoundError(
            f"The project {wanted.project[:80]!r} has no run {wanted.fork_run[:80]!r} to fork from. Nothing was "
            "stored. Ship that run first, or name one that is there."
        )
    return {"fork_run_id": int(found), "fork_step": round(wanted.fork_step * STEP_UNITS), "inherits_epoch": 1}


def _project(connection: sa.Connection, wanted: Registration) -> int:
    project_id = ensure_project(connection, wanted.project, wanted.project_key)
    found = find_id(connection, project_id, "project", PROJECT_KEY)
    if found is not None:
        return found
    label = _prefix(connection, project_id)
    return insert_run(
        connection, project_id=project_id, kind="project", number=0, label=label, key=PROJECT_KEY,
        name=wanted.name or wanted.project, created_ms=wanted.created_ms,
    )  # fmt: skip


def _model(connection: sa.Connection, wanted: Registration) -> int:
    key = wanted.run_key or ""
    if not MODEL_KEY.fullmatch(key):
        raise InvalidRequestError(f"{key[:80]!r} cannot be the key of a model: {MODEL_KEY_RULE}. Nothing was stored.")
    project_id = ensure_project(connection, wanted.project, wanted.project_key)
    found = find_id(connection, project_id, "model", key)
    if found is not None:
        return found
    return insert_run(
        connection, project_id=project_id, kind="model", number=0, label=f"{_prefix(connection, project_id)}-{key}",
        key=key, name=wanted.name or key, created_ms=wanted.created_ms,
    )  # fmt: skip


def _version(connection: sa.Connection, wanted: Registration) -> int:
    model = find_model(connection, wanted.model or "")
    key = wanted.run_key or ""
    found = find_id(connection, model.project_id, "model_version", key)
    if found is not None:
        return found
    number = take_number(connection, runs, model.id, model.label, wanted.number)
    return insert_run(
        connection, project_id=model.project_id, kind="model_version", parent_id=model.id, number=number,
        label=f"{model.label}-{number}", key=key, name=wanted.name or f"{model.name} {number}",
        created_ms=wanted.created_ms,
    )  # fmt: skip


def find_model(connection: sa.Connection, label: str) -> Run:
    """The model of this label, such as MNIST-NET; raises `RunNotFoundError`."""
    found = find_run(connection, label)
    if found.kind != "model":
        raise RunNotFoundError(f"{label} is a {_said(found.kind)}, not a model. init_model(key=...) makes one.")
    return found


def _prefix(connection: sa.Connection, project_id: int) -> str:
    return str(connection.scalar(sa.select(projects.c.key).where(projects.c.id == project_id)))


def _said(kind: str) -> str:
    return kind.replace("_", " ")
