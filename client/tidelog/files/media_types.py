"""Media types by extension: of what is logged from training jobs. The module mimetypes reads the machine's own tables,
which differ and take milliseconds.
"""

from __future__ import annotations

OTHER = "application/octet-stream"
MEDIA_TYPES = {
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
    "avif": "image/avif", "bmp": "image/bmp", "svg": "image/svg+xml", "tif": "image/tiff", "tiff": "image/tiff",
    "mp3": "audio/mpeg", "wav": "audio/wav", "ogg": "audio/ogg", "oga": "audio/ogg", "opus": "audio/ogg",
    "flac": "audio/flac", "m4a": "audio/mp4", "aac": "audio/aac",
    "mp4": "video/mp4", "m4v": "video/mp4", "webm": "video/webm", "ogv": "video/ogg", "mov": "video/quicktime",
    "html": "text/html", "htm": "text/html", "txt": "text/plain", "log": "text/plain", "md": "text/markdown",
    "csv": "text/csv", "tsv": "text/tab-separated-values", "py": "text/x-python", "sh": "text/x-shellscript",
    "json": "application/json", "jsonl": "application/jsonl", "yaml": "application/yaml", "yml": "application/yaml",
    "toml": "application/toml", "ini": "text/plain", "cfg": "text/plain", "patch": "text/x-diff", "diff": "text/x-diff",
    "xml": "application/xml", "pdf": "application/pdf", "ipynb": "application/x-ipynb+json",
    "zip": "application/zip", "gz": "application/gzip", "tar": "application/x-tar",
}  # fmt: skip
EXTENSION_CHARACTERS = 16


def extension_of(name: str) -> str:
    """Return what stands behind the last dot of a file's name, lower case; empty if there is no such thing."""
    stem, dot, extension = name.rpartition(".")
    return extension.lower() if dot and stem and len(extension) <= EXTENSION_CHARACTERS and extension.isalnum() else ""


def media_type_of(extension: str) -> str:
    """Return the media type of files with this extension."""
    return MEDIA_TYPES.get(extension, OTHER)
