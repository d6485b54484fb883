"""No tracker at all: what the loop itself costs, and what handing 28 bytes to the kernel costs."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from benchmarks.loggers import Place

POINT = bytes(28)  # the size of a point in tidelog's journal
ROW_HEADER_BYTES = 28
ROW_VALUE = struct.Struct("<Id")
MOST_BYTES = 16 * 1024 * 1024


class BareLoop:
    """Does nothing with a point: what the call and the clock around it cost."""

    def __init__(self, place: Place) -> None:
        self.last = 0.0

    def log(self, step: int, value: float) -> None:
        """Keep the value."""
        self.last = value

    def log_row(self, step: int, row: dict[str, float]) -> None:
        """Look at each value."""
        for value in row.values():
            self.last = value

    def close(self) -> None:
        """Nothing is open."""


class RawWrite:
    """Writes as many bytes as tidelog's journal would, ready-made."""

    def __init__(self, place: Place) -> None:
        self._file = os.open(place.folder / "points", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self._row = b""

    def log(self, step: int, value: float) -> None:
        """Write the bytes of a point."""
        os.write(self._file, POINT)

    def log_row(self, step: int, row: dict[str, float]) -> None:
        """Write the bytes of a row."""
        size = ROW_HEADER_BYTES + ROW_VALUE.size * len(row)
        if len(self._row) != size:
            self._row = bytes(size)
        os.write(self._file, self._row)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class RawFile:
    """Writes any number of bytes, ready-made, to a file of its own."""

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / "bytes", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self._bytes = memoryview(b"\1" * MOST_BYTES)

    def write(self, size: int) -> None:
        """Write so many."""
        os.write(self._file, self._bytes[:size])

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
