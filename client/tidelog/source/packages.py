"""Which packages are installed, or what a lock file says of them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from importlib import metadata

from tidelog.source.secrets import without_credentials

PAUSE_S = 0.001  # after each so many: reading hundreds of packages must not compete with the training for Python's lock
PACKAGES_AT_ONCE = 10
LOCK_FILE_BYTES = 1024 * 1024


def installed_packages() -> str:
    """Return `name==version` lines, sorted, as `pip freeze` does; of a package from a repository its address."""
    lines: dict[str, str] = {}
    for number, distribution in enumerate(metadata.distributions()):
        if number % PACKAGES_AT_ONCE == 0:
            time.sleep(PAUSE_S)
        for name, line in _requirement(distribution):
            lines.setdefault(name.lower(), line)  # the first is the one that an import finds
    return "\n".join(lines[name] for name in sorted(lines))


def lock_file(path: str) -> str:
    """Return the text of a lock file. Raises OSError."""
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read(LOCK_FILE_BYTES + 1)
    if len(text) > LOCK_FILE_BYTES:
        text = f"{text[:LOCK_FILE_BYTES]}\n[cut after {LOCK_FILE_BYTES:,} characters]"
    return without_credentials(text)


def _requirement(distribution: metadata.Distribution) -> Iterator[tuple[str, str]]:
    """Yield name and line of a package; nothing of one whose files are damaged."""
    try:
        head = (distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or "").partition("\n\n")[0]
        origin = distribution.read_text("direct_url.json")
    except (OSError, UnicodeDecodeError):
        return
    fields = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line and not line.startswith(" "))
    name, version = fields.get("Name"), fields.get("Version")
    if name:
        yield name, _from_repository(name, origin) or f"{name}=={version}"


def _from_repository(name: str, origin: str | None) -> str | None:
    try:
        told = json.loads(origin) if origin else {}
        commit = told["vcs_info"]["commit_id"]
        return f"{name} @ {told['vcs_info']['vcs']}+{without_credentials(told['url'])}@{commit}"
    except (ValueError, KeyError, TypeError):
        return None
