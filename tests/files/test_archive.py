"""A file set as one ZIP."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from tidelog_server.blobs.local import LocalBlobs
from tidelog_server.blobs.store import new_key
from tidelog_server.files.archive import zipped
from tidelog_server.files.reading import RunFile


@pytest.mark.parametrize(
    ("modified_ms", "year"),
    [(0, 1980), (1_800_000_000_000, 2027), (5_000_000_000_000, 2107), (-5_000_000_000_000, 1980)],
)
def test_any_time_of_change_is_said_as_nearly_as_a_zip_can(tmp_path: Path, modified_ms: int, year: int) -> None:
    """A ZIP knows the years 1980 to 2107."""
    store = LocalBlobs(tmp_path)
    key = new_key("a" * 64)
    store.add(key, b"content")
    file = RunFile("a/b.txt", "txt", "text/plain", None, 7, "received", None, "a" * 64, key, 0, modified_ms)
    with zipfile.ZipFile(io.BytesIO(b"".join(zipped(store, [file])))) as archive:
        [entry] = archive.infolist()
        assert (entry.filename, entry.date_time[0], archive.read(entry)) == ("a/b.txt", year, b"content")
