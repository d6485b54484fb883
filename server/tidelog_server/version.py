"""The version of the installed distribution."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def _installed() -> str:
    try:
        return version("tidelog")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "0.1.0.dev0"


VERSION = _installed()
