"""The environment as far as an allow-list goes: what changes how a training runs, and nothing secret."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from tidelog.messages import warn
from tidelog.source.secrets import is_secret_name, without_credentials

VALUE_CHARACTERS = 4_000


def allowed_variables(allowed: Iterable[str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the names or patterns allow.

    A name that promises a secret is never returned. If it was written out rather than matched by a pattern, that is
    said.
    """
    patterns = list(allowed)
    refused = [name for name in patterns if name in environment and is_secret_name(name)]
    if refused:
        warn("the environment variables %s are not recorded: such names are those of secrets", ", ".join(refused))
    return {
        name: without_credentials(value)[:VALUE_CHARACTERS]
        for name, value in environment.items()
        if not is_secret_name(name) and any(fnmatchcase(name, pattern) for pattern in patterns)
    }
