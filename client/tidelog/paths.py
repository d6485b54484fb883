"""Paths of attributes: names in namespaces, separated by slashes, such as `train/loss`."""

from __future__ import annotations

from tidelog.errors import InvalidPathError, UnsupportedTypeError
from tidelog.values.encoding import shown

PATH_BYTES = 1024
UNQUOTED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")
ACCEPTED = (
    f"a path is text such as 'train/loss': names separated by '/', no control characters, at most {PATH_BYTES} bytes"
)


def normal_path(path: object) -> str:
    """Return the path without slashes around it, or raise what is wrong with it."""
    if not isinstance(path, str):
        raise UnsupportedTypeError(f"{shown(path)} is not a path; {ACCEPTED}")
    normal = path.strip("/")
    if not normal:
        raise InvalidPathError(f"the path {path!r} is empty; {ACCEPTED}")
    if "//" in normal:
        raise InvalidPathError(f"the path {_shown(path)} has an empty name in it; {ACCEPTED}")
    if normal.startswith(".") or "/." in normal:
        _refuse_dots(path, normal)
    if has_control_characters(normal):
        raise InvalidPathError(f"the path {_shown(path)} has control characters in it; {ACCEPTED}")
    if len(_utf8(normal)) > PATH_BYTES:
        raise InvalidPathError(f"the path {_shown(path)} is {len(_utf8(normal)):,} bytes long; {ACCEPTED}")
    return normal


def _refuse_dots(path: str, normal: str) -> None:
    if any(part in (".", "..") for part in normal.split("/")):
        raise InvalidPathError(f"the path {_shown(path)} has the name '.' or '..' in it; {ACCEPTED}")


def quoted(text: str) -> str:
    """Percent-encode a text for a URL or a file name. urllib can too, but costs an import of several milliseconds."""
    return "".join(character if character in UNQUOTED else _percent_encoded(character) for character in text)


def has_control_characters(text: str) -> bool:
    """Say whether the text holds characters that no name may have: control characters and lone surrogates."""
    return not text.isprintable() and any(_is_control(character) for character in text)


def _percent_encoded(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "replace"))


def _is_control(character: str) -> bool:
    return character < " " or "\x7f" <= character <= "\x9f" or "\ud800" <= character <= "\udfff"


def _utf8(path: str) -> bytes:
    return path.encode("utf-8")


def _shown(path: str) -> str:
    return repr(path if len(path) <= 80 else path[:77] + "...")
