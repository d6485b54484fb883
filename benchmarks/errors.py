"""What can go wrong while measuring. A benchmark that loses a point is an error, not a slow benchmark."""

from __future__ import annotations


class BenchmarkError(Exception):
    """A measurement could not be made; nothing of it is to be believed."""


class NotInstalledError(BenchmarkError):
    """The peer's package is not in this environment."""


class PointsLostError(BenchmarkError):
    """What was logged could not be read back in full."""
