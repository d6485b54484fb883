"""Hashes of local files, and those that are known from last time, by place, size and time of change.

A data set of terabytes is hashed once, not by every run. The cache is a file of lines that processes only ever append
to; it may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import time

SETTLED_NS = 2_000_000_000  # a file that changed later than that before it was hashed may change again unseen


def hash_of(path: str) -> str:
    """Return the SHA-256 of a file, in constant memory."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1024 * 1024):
            digest.update(piece)
    return digest.hexdigest()


class HashCache:
    """The hashes known on this machine; what was learnt is written when the block ends."""

    def __init__(self, path: str | None = None) -> None:
        caches = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        self._path = path or os.path.join(caches, "tidelog", "hashes.jsonl")
        self._known: dict[tuple[str, int, int, int], str] = {}
        self._learnt: list[str] = []

    def __enter__(self) -> HashCache:
        try:
            with open(self._path, encoding="utf-8") as lines:
                for line in lines:
                    self._note(line)
        except OSError:
            return self
        return self

    def __exit__(self, *_: object) -> None:
        if not self._learnt:
            return
        try:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            with open(self._path, "a", encoding="utf-8") as lines:
                lines.write("".join(self._learnt))
        except OSError:
            return  # next time they are hashed again

    def hash_of(self, path: str) -> str:
        """Return the SHA-256 of a file, read only if it is not known or has changed."""
        real = os.path.realpath(path)
        before = os.stat(real)
        key = (real, before.st_ino, before.st_size, before.st_mtime_ns)
        known = self._known.get(key)
        if known is not None:
            return known
        sha256 = hash_of(real)
        after = os.stat(real)
        unchanged = (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
        if unchanged and time.time_ns() - after.st_mtime_ns > SETTLED_NS:
            self._known[key] = sha256
            self._learnt.append(json.dumps([*key, sha256]) + "\n")
        return sha256

    def _note(self, line: str) -> None:
        try:
            path, inode, size, modified_ns, sha256 = json.loads(line)
            self._known[(path, inode, size, modified_ns)] = sha256
        except (ValueError, TypeError):
            return  # a line that was being written when its process was killed
