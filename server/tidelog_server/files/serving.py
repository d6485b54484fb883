"""Give a file to a browser or a program: in ranges, cached by its content, and never as something that runs here.

Images, sound and films that a browser merely draws or plays are given as what they are. HTML and SVG come with a policy
that puts them into an origin of their own, without cookies and network, and only for a frame. Everything else is a
download.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from tidelog_server.blobs.store import BlobStore
from tidelog_server.errors import FileNotHereError
from tidelog_server.files.media_types import FRAMED, HARMLESS, OTHER, extension_of, media_type_of
from tidelog_server.files.reading import RunFile

# No network, no forms, no top-level navigation; scripts run in an origin that nothing else has.
SANDBOX = "; ".join(
    (
        "sandbox allow-scripts",
        "default-src 'none'",
        "script-src 'unsafe-inline' 'unsafe-eval' blob: data:",
        "style-src 'unsafe-inline' data:",
        "img-src data: blob:",
        "font-src data:",
        "media-src data: blob:",
        "worker-src blob:",
        "connect-src data: blob:",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
    )
)
YEAR_S = 31_536_000


class Wanted(NamedTuple):
    """What a request asks for: `view` to show it in a page, and its conditions."""

    view: bool
    range: str | None
    if_range: str | None
    if_none_match: str | None
    pinned: bool  # the address names the content, so what is there never changes


def answer(store: BlobStore, file: RunFile, wanted: Wanted) -> Response:
    """The answer with the file's bytes; raises `FileNotHereError` while it is not here."""
    if file.key is None or file.sha256 is None:
        raise FileNotHereError(missing(file))
    etag = f'"{file.sha256}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": f"private, max-age={YEAR_S}, immutable" if wanted.pinned else "private, no-cache",
        **_presentation(file.name, wanted.view),
    }
    if wanted.if_none_match is not None and etag in [part.strip() for part in wanted.if_none_match.split(",")]:
        return Response(status_code=304, headers=headers)
    start, stop, status = 0, file.size, 200
    if wanted.range is not None and wanted.if_range in (None, etag):
        found = parsed_range(wanted.range, file.size)
        if found is None:
            return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{file.size}"})
        start, stop = found
        if (start, stop) != (0, file.size):
            status = 206
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{file.size}"
    headers["Content-Length"] = str(stop - start)
    content: Iterator[bytes] = store.read(file.key, start, stop)
    return StreamingResponse(content, status_code=status, headers=headers)


def missing(file: RunFile) -> str:
    """Why there is nothing to be given."""
    if file.state == "lost":
        return f"The file {file.name[:200]!r} never arrived: {file.problem or 'it is lost'}."
    return f"The file {file.name[:200]!r} has not arrived yet: its job, or `tidelog sync` there, sends it."


def parsed_range(header: str, size: int) -> tuple[int, int] | None:
    """Start and stop of the one range that is asked for; all of it if it is several or something else (RFC 9110).

    None if it lies outside of the file.
    """
    match = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", header.strip())
    if match is None or match.group(0).strip() == "bytes=-":
        return 0, size
    first, last = match.groups()
    if not first:
        start = max(0, size - int(last))
        return (start, size) if int(last) and size else None
    start, stop = int(first), min(size, int(last) + 1) if last else size
    return (start, stop) if start < stop else None


def _presentation(name: str, view: bool) -> dict[str, str]:
    """Type and disposition: by the extension alone, whatever the client said that the file is."""
    media_type = media_type_of(extension_of(name))
    if media_type in HARMLESS:
        return {"Content-Type": media_type, "Content-Disposition": disposition("inline", name)}
    if media_type in FRAMED and view:
        return {
            "Content-Type": f"{media_type}; charset=utf-8",
            "Content-Disposition": disposition("inline", name),
            "Content-Security-Policy": SANDBOX,
        }
    return {"Content-Type": OTHER, "Content-Disposition": disposition("attachment", name)}


def disposition(kind: str, name: str) -> str:
    """A Content-Disposition header with a name of any characters (RFC 6266)."""
    last = name.rsplit("/", 1)[-1]
    plain = "".join(letter if letter.isascii() and letter.isprintable() else "_" for letter in last)
    plain = plain.translate({ord(letter): "_" for letter in '"\\%'})
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(last, safe='')}"
