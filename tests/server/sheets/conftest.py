"""The gallery of runs as a sheet, on each database engine in turn."""

from __future__ import annotations

from tests.server.query.conftest import gallery

__all__ = ["gallery"]
