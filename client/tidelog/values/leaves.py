"""Nested values: what `run["config"] = config` records, one value for each leaf.

Configurations of OmegaConf and scalars, arrays and frames of other libraries are recognised by what they are, without
importing these libraries: a value can be one of theirs only if they are loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tidelog.errors import InvalidValueError, UnsupportedTypeError
from tidelog.loaded import loaded
from tidelog.values.encoding import as_text_of, encode_value, shown

DEEPEST = 64  # namespaces in namespaces; a structure that holds itself is deeper


def flatten(path: str, value: object, depth: int = 0) -> Iterator[tuple[str, object]]:
    """Yield (path, value) for every leaf of nested dicts, dataclasses, named tuples, argparse namespaces and
    configurations of OmegaConf below the path.
    """
    value = _plain_config(path, value)
    inner = _fields(value)
    if inner is None:
        yield path, value
        return
    if depth == DEEPEST:
        raise UnsupportedTypeError(f"{path[:200]!r} is nested more than {DEEPEST} deep; does it hold itself?")
    for key, item in inner.items():
        if not isinstance(key, (str, int)) or isinstance(key, bool):
            raise UnsupportedTypeError(f"{shown(key)} is a key of the dict for {path!r}; keys are str or int")
        yield from flatten(f"{path}/{key}", item, depth + 1)


def stringify_unsupported(value: Any) -> Any:
    """Return the value with everything that cannot be recorded replaced by its text.

    `run["config"] = tidelog.stringify_unsupported(config)` never raises for a value's type. Nested values stay nested;
    keys that are neither str nor int become texts too.
    """
    return _stringified(value, 0)


def _stringified(value: Any, depth: int) -> Any:
    try:
        value = _plain_config("value", value)
        inner = _fields(value)
    except Exception:  # noqa: BLE001 - an interpolation that leads nowhere, or whatever somebody's __getattr__ raises
        return as_text_of(value)
    if inner is not None and depth < DEEPEST:
        return {
            key if type(key) in (str, int) else as_text_of(key): _stringified(item, depth + 1)
            for key, item in inner.items()
        }
    try:
        encode_value("value", value)
    except (TypeError, ValueError):
        return value if _is_file(value) else as_text_of(value)
    except Exception:  # noqa: BLE001 - the same
        return as_text_of(value)
    return value


def _is_file(value: Any) -> bool:
    """Say whether the value is recorded as a file because it was made to be one: an image, a figure, a `File`."""
    from tidelog.files.file import is_pictured

    return is_pictured(value)


def _fields(value: object) -> Mapping[Any, Any] | None:
    """Return what is nested in the value, by name; None for a leaf."""
    if isinstance(value, (str, int, float)):
        return None
    if isinstance(value, Mapping):
        return value
    names: Mapping[str, object] | None = getattr(type(value), "__dataclass_fields__", None)
    if names is not None:
        return {name: getattr(value, name) for name in names if hasattr(value, name)}
    if type(value).__name__ == "Namespace" and type(value).__module__ == "argparse":
        return vars(value)
    as_dict: Callable[[], Mapping[str, Any]] | None = getattr(value, "_asdict", None)
    return as_dict() if isinstance(value, tuple) and as_dict is not None else None


def _plain_config(path: str, value: Any) -> Any:
    """Return what a configuration of OmegaConf holds, interpolations filled in; other things as they are."""
    omegaconf = loaded("omegaconf")
    if omegaconf is None or not omegaconf.OmegaConf.is_config(value):
        return value
    try:
        return omegaconf.OmegaConf.to_container(value, resolve=True)
    except omegaconf.errors.OmegaConfBaseException as error:
        raise InvalidValueError(f"the configuration for {path!r} cannot be resolved: {error}") from error
