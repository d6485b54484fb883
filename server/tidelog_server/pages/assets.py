"""Scripts, styles and pictures under /static, each at an address that changes with its content."""

from __future__ import annotations

import gzip
import hashlib
import logging
from pathlib import Path
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

logger = logging.getLogger(__name__)

STATIC = Path(__file__).parent.parent / "static"
BUNDLES = ("dist/app.js", "dist/style.css")
HASH_CHARACTERS = 12
GZIP_LEVEL = 9
FOREVER = "public, max-age=31536000, immutable"


class Assets(StaticFiles):
    """The folder of static files. What is asked for by its content's hash may be cached for ever, anything else not."""

    def __init__(self, folder: Path = STATIC) -> None:
        super().__init__(directory=folder, check_dir=False)
        self.folder = folder
        self._hashes: dict[str, tuple[int, str]] = {}
        self._packed: dict[str, tuple[int, bytes]] = {}

    def address(self, name: str) -> str:
        """The address of the file `name`, with the hash of what it holds now (a rebuilt bundle gets a new one)."""
        try:
            changed = (self.folder / name).stat().st_mtime_ns
            known = self._hashes.get(name)
            if known is None or known[0] != changed:
                digest = hashlib.sha256((self.folder / name).read_bytes()).hexdigest()[:HASH_CHARACTERS]
                known = self._hashes[name] = (changed, digest)
        except FileNotFoundError:
            return f"/static/{name}"
        return f"/static/{name}?v={known[1]}"

    def text(self, name: str) -> str:
        """What the file `name` holds; nothing where it was not built."""
        try:
            return (self.folder / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""

    def warn_if_not_built(self) -> None:
        """Say what to do where a checkout has no bundles: pages are then readable, but bare."""
        missing = [name for name in BUNDLES if not (self.folder / name).exists()]
        if missing:
            logger.warning(
                "The pages lack %s, so they are readable, but bare. Run `npm ci && npm run build` in server/frontend.",
                " and ".join(missing),
            )

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, compressed where the browser takes that, with how long it may be kept."""
        response = await super().get_response(path, scope)
        if isinstance(response, FileResponse) and response.status_code == 200 and path in BUNDLES:
            response = self._compressed(path, response, Headers(scope=scope).get("accept-encoding", ""))
        versioned = b"v" in parse_qs(scope.get("query_string", b""))
        response.headers["cache-control"] = FOREVER if versioned and response.status_code in (200, 304) else "no-cache"
        return response

    def _compressed(self, name: str, response: FileResponse, accepted: str) -> Response:
        """The bundle as gzip, kept in memory until it is built anew."""
        response.headers["vary"] = "Accept-Encoding"
        if "gzip" not in accepted:
            return response
        changed = (self.folder / name).stat().st_mtime_ns
        known = self._packed.get(name)
        if known is None or known[0] != changed:
            packed = gzip.compress((self.folder / name).read_bytes(), GZIP_LEVEL, mtime=0)
            known = self._packed[name] = (changed, packed)
        kept = {key: value for key, value in response.headers.items() if key not in ("content-length", "accept-ranges")}
        return Response(known[1], headers={**kept, "content-encoding": "gzip"})
