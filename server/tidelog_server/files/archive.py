"""A file set as one ZIP, made while it is sent, in constant memory."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from typing import IO, cast

from tidelog_server.blobs.store import BlobStore
from tidelog_server.files.reading import RunFile

EARLIEST, LATEST = (1980, 1, 1, 0, 0, 0), (2107, 12, 31, 23, 59, 58)  # of ZIP


class _Outbox:
    """Takes what zipfile writes; it cannot go back, which zipfile understands."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self._position = 0

    def write(self, data: bytes) -> int:
        self.parts.append(bytes(data))
        self._position += len(data)
        return len(data)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        return

    def taken(self) -> bytes:
        data = b"".join(self.parts)
        self.parts.clear()
        return data


def zipped(store: BlobStore, files: Iterable[RunFile]) -> Iterator[bytes]:
    """Yield the bytes of a ZIP with those files that have arrived. Stored, not compressed: most are already."""
    outbox = _Outbox()
    with zipfile.ZipFile(cast("IO[bytes]", outbox), "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for file in files:
            if file.key is None:
                continue
            entry = zipfile.ZipInfo(file.name, _moment(file.modified_ms))
            entry.file_size = file.size
            with archive.open(entry, "w", force_zip64=True) as writer:
                for chunk in store.read(file.key, 0, file.size):
                    writer.write(chunk)
                    yield outbox.taken()
    yield outbox.taken()


def _moment(modified_ms: int | None) -> tuple[int, int, int, int, int, int]:
    moment = datetime.fromtimestamp((modified_ms or 0) / 1000, timezone.utc)
    time = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    return min(LATEST, max(EARLIEST, time))
