"""Which files a call of `upload_files` means: names, folders and patterns become files with their names in the set."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from tidelog.errors import ArgumentError, InvalidValueError, UnsupportedTypeError
from tidelog.files.file import File
from tidelog.messages import warn
from tidelog.values.encoding import shown, shown_path

MAGIC = frozenset("*?[")
NAME_BYTES = 4096
SHOWN = 5  # files that a warning names


def found_files(wanted: Any) -> list[tuple[str, File]]:
    """Return name and file of all that is meant, sorted by name; of two of one name the later."""
    found: dict[str, File] = {}
    trouble: list[str] = []
    for name, item in _named(wanted, trouble):
        try:
            found[_clean(name)] = item if isinstance(item, File) else File.from_path(item)
        except ArgumentError as error:
            trouble.append(str(error))
    if trouble:
        more = f" and {len(trouble) - SHOWN:,} more" if len(trouble) > SHOWN else ""
        warn("left out of the upload: %s%s", "; ".join(trouble[:SHOWN]), more)
    return sorted(found.items())


def checked_names(names: Any) -> list[str]:
    """Return the names of files in a set, or raise what is wrong with one."""
    if not isinstance(names, Iterable) or isinstance(names, Mapping):
        raise UnsupportedTypeError(f"{shown(names)} is not the name of a file, or a list of names")
    wanted = [names] if isinstance(names, str) else list(names)
    for name in wanted:
        if not isinstance(name, str):
            raise UnsupportedTypeError(f"{shown(name)} is not the name of a file")
    return [_clean(name) for name in wanted]


def _named(wanted: Any, trouble: list[str]) -> Iterator[tuple[str, str | File]]:
    if isinstance(wanted, Mapping):
        for name, item in wanted.items():
            if not isinstance(name, str) or not isinstance(item, (str, os.PathLike, File)):
                raise UnsupportedTypeError(f"{shown(name)}: {shown(item)} is not the name and the path of a file")
            yield name, item if isinstance(item, File) else os.fspath(item)
        return
    if not isinstance(wanted, (str, os.PathLike, Iterable)):
        raise UnsupportedTypeError(f"{shown(wanted)} is not a path or a pattern of files, nor a list of these")
    for item in [wanted] if isinstance(wanted, (str, os.PathLike)) else list(wanted):
        if not isinstance(item, (str, os.PathLike)):
            raise UnsupportedTypeError(f"{shown(item)} is not a path or a pattern of files")
        yield from _matching(os.path.expanduser(os.fspath(item)), trouble)


def _matching(pattern: str, trouble: list[str]) -> Iterator[tuple[str, str]]:
    if "\0" in pattern:
        raise InvalidValueError(f"{shown_path(pattern)} has a NUL character in it and cannot be a path")
    if os.path.lexists(pattern) or not MAGIC & set(pattern):
        if os.path.isdir(pattern):
            yield from _below(pattern, trouble)
        else:
            yield os.path.basename(pattern), pattern
        return
    parts = pattern.split("/")
    fixed = next(index for index, part in enumerate(parts) if MAGIC & set(part))
    root = "/".join(parts[:fixed]) or ("/" if pattern.startswith("/") else ".")
    count = 0
    for name, path in _below(root, trouble, depth=None if "**" in parts[fixed:] else len(parts) - fixed):
        if _matches(name.split(os.sep), parts[fixed:]):
            count += 1
            yield name, path
    if not count:
        trouble.append(f"no file matches {shown_path(pattern)}")


def _below(root: str, trouble: list[str], depth: int | None = None) -> Iterator[tuple[str, str]]:
    """Yield the files below a folder, each folder once, though links may lead round in circles."""
    seen: set[tuple[int, int]] = set()

    def note(error: OSError) -> None:
        trouble.append(f"{shown_path(str(error.filename))}: {error.strerror or error}")

    for folder, folders, files in os.walk(root, onerror=note, followlinks=True):
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        if depth is not None and os.path.relpath(folder, root).count(os.sep) + (folder != root) >= depth:
            folders.clear()
        folders.sort()
        for name in sorted(files):
            path = os.path.join(folder, name)
            yield os.path.relpath(path, root), path


def _matches(names: list[str], patterns: list[str]) -> bool:
    if not patterns:
        return not names
    if patterns[0] == "**":
        return _matches(names, patterns[1:]) or (bool(names) and _matches(names[1:], patterns))
    return bool(names) and fnmatchcase(names[0], patterns[0]) and _matches(names[1:], patterns[1:])


def _clean(name: str) -> str:
    """Return a name that may stand in a set: relative, without control characters, no part of it empty, `.` or `..`."""
    parts = [part for part in name.replace(os.sep, "/").split("/") if part not in ("", ".")]
    if not parts or ".." in parts:
        raise InvalidValueError(f"{name!r} cannot be the name of a file in a set: it leads out of it, or is empty")
    text = "/".join("".join(letter if letter.isprintable() else "_" for letter in part) for part in parts)
    if len(text.encode("utf-8", "replace")) > NAME_BYTES:
        raise InvalidValueError(f"{shown(name)} is longer than {NAME_BYTES:,} bytes and cannot be a name in a set")
    return text
