"""What reading a whole series gives where pandas is not installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


class SeriesValues(NamedTuple):
    """All points of a series, ascending by step. `timestamps` are seconds since 1970; None where not asked for."""

    steps: Sequence[float]
    values: Sequence[Any]
    timestamps: Sequence[float] | None
