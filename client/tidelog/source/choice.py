"""What of a run's source is to be gathered."""

from __future__ import annotations

from typing import NamedTuple


class SourceChoice(NamedTuple):
    """What is to be gathered."""

    code: bool  # entry point, command line, Python
    git_folder: str | None  # None: the entry point's
    git: bool
    files: tuple[str, ...] | None  # None: the entry point alone
    packages: bool
    lock_file: str | None
    variables: tuple[str, ...]

    @property
    def asks_for_anything(self) -> bool:
        """Whether there is anything to gather."""
        return bool(self.code or self.git or self.files or self.packages or self.lock_file or self.variables)


NOTHING = SourceChoice(False, None, False, (), False, None, ())
