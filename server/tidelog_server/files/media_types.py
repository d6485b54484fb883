"""What kind of thing a file is, by its extension, and what a browser may be trusted to show of it."""

from __future__ import annotations

# As the client has them; the server does not import the client.
MEDIA_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "svg": "image/svg+xml",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "ogg": "audio/ogg",
    "oga": "audio/ogg",
    "opus": "audio/ogg",
    "flac": "audio/flac",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "webm": "video/webm",
    "ogv": "video/ogg",
    "html": "text/html",
    "htm": "text/html",
}
TEXT = frozenset(
    {
        "txt",
        "log",
        "md",
        "csv",
        "tsv",
        "py",
        "sh",
        "json",
        "jsonl",
        "yaml",
        "yml",
        "toml",
        "ini",
        "cfg",
        "patch",
        "diff",
        "xml",
        "ipynb",
        "c",
        "h",
        "cpp",
        "hpp",
        "cu",
        "rs",
        "go",
        "js",
        "ts",
        "css",
        "sql",
        "r",
        "jl",
        "java",
        "tex",
        "bib",
        "rst",
        "lock",
        "env",
    }
)
# What a browser draws or plays without running anything in it. SVG is not among them: it can hold scripts.
HARMLESS = frozenset(kind for kind in MEDIA_TYPES.values() if kind.startswith(("image/", "audio/", "video/"))) - {
    "image/svg+xml"
}
FRAMED = frozenset({"text/html", "image/svg+xml"})  # shown in a frame of its own origin, which can reach nothing
OTHER = "application/octet-stream"
EXTENSION_CHARACTERS = 16


def extension_of(name: str) -> str:
    """What stands behind the last dot of a file's name, lower case; empty if there is no such thing."""
    stem, dot, extension = name.rpartition(".")
    return extension.lower() if dot and stem and len(extension) <= EXTENSION_CHARACTERS and extension.isalnum() else ""


def media_type_of(extension: str) -> str:
    """The media type of files with this extension, as far as it matters for showing them."""
    return MEDIA_TYPES.get(extension, OTHER)


def kind_of(extension: str) -> str:
    """How a file is shown: image, audio, video, frame, text, or other (to download only).

    What the client says of the media type is not believed: the extension decides.
    """
    media_type = media_type_of(extension)
    if media_type in HARMLESS:
        return media_type.partition("/")[0]
    if media_type in FRAMED:
        return "frame"
    return "text" if extension in TEXT else "other"
