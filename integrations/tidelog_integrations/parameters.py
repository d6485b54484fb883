"""Hyper-parameters as frameworks hand them over, turned into what a run records."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any

INT64_LIMIT = 2**63

Parameter = float | int | bool | str | datetime
Parameters = dict[str, "Parameter | Parameters"]


def loggable(parameters: Mapping[Any, Any] | Namespace) -> Parameters:
    """Return nested dicts of single values: dataclasses and Namespaces become dicts, everything else text.

    Empty dicts are left out: a namespace with nothing in it does not exist. Slashes within a name make
    namespaces, as in any path.
    """
    found: Parameters = {}
    for key, value in _items(parameters):
        nested = _as_mapping(value)
        if nested is None:
            found[_name(key)] = _single(value)
        elif below := loggable(nested):
            found[_name(key)] = below
    return found


def _items(parameters: Mapping[Any, Any] | Namespace) -> list[tuple[Any, Any]]:
    return list((vars(parameters) if isinstance(parameters, Namespace) else parameters).items())


def _as_mapping(value: Any) -> Mapping[Any, Any] | None:
    if isinstance(value, Mapping):
        return value
    if isinstance(value, Namespace):
        return vars(value)
    if is_dataclass(value) and not isinstance(value, type):
        # Not asdict(): it copies the values deeply, and a hyper-parameter may hold a model.
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return None


def _name(key: Any) -> str:
    """Return the key as a path: text, with no empty name in it (`"/lr"` and `"opt//lr"` are used as keys)."""
    names = [name for name in str(key).split("/") if name]
    return "/".join(names) or "_"


def _single(value: Any) -> Parameter:
    """Return numbers, texts and dates as they are, scalars of numpy and torch as numbers, the rest as text."""
    if isinstance(value, Enum):
        return _single(value.value)
    if isinstance(value, (bool, float, str, datetime)):
        return value
    if isinstance(value, int) and -INT64_LIMIT <= value < INT64_LIMIT:
        return value
    if callable(item := getattr(value, "item", None)) and getattr(value, "shape", None) == ():
        return _single(item())
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    return str(value)
