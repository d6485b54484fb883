"""Opening the store that the settings name."""

from __future__ import annotations

from tidelog_server.blobs.local import LocalBlobs
from tidelog_server.blobs.store import BlobStore
from tidelog_server.settings import Settings


def open_store(settings: Settings) -> BlobStore:
    """Open the store. Raises `InvalidStoreError`."""
    if settings.artifacts is None:
        return LocalBlobs(settings.data / "blobs")
    from tidelog_server.blobs.objects import ObjectBlobs  # its library is loaded where it is wanted

    return ObjectBlobs(settings.artifacts)
