"""Runs as pages get them, made without a database."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from tidelog_server.runs.runs import Run

TEXTS = {"project": "mnist", "name": "run", "state": "finished", "kind": "run"}


def a_run(number: int, **values: Any) -> Run:
    """The run MNIST-<number>."""
    given = {"id": number, "number": number, "label": f"MNIST-{number}", "key": f"key-{number}", **TEXTS, **values}
    wanted = {field.name: field.type for field in fields(Run)}
    empty = {name: None if "None" in str(kind) else 0 for name, kind in wanted.items()}
    return Run(**{**empty, **{name: value for name, value in given.items() if name in wanted}})
