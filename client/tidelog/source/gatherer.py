"""Gathers in the background what a run was made by, and logs it below `source_code/`."""

from __future__ import annotations

import _thread
import json
import os
import platform
import shlex
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from tidelog.errors import ArgumentError, RunError
from tidelog.messages import complain, warn

NAMESPACE = "source_code"
START_DELAY_S = 0.2  # the program's first steps come first
STOP_S = 5.0  # how long a run's end waits for what is not gathered yet
ENTRY_POINT_BYTES = 1024 * 1024


class SourceChoice(NamedTuple):
    """What is to be gathered."""

    code: bool  # entry point, command line, Python
    git_folder: str | None  # None: the entry point's
    git: bool
    files: tuple[str, ...] | None  # None: the entry point alone
    packages: bool
    lock_file: str | None
    variables: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.code or self.git or self.files or self.packages or self.lock_file or self.variables)


class SourceLog(Protocol):
    """What is asked of a run."""

    def assign(self, values: Mapping[str, Any]) -> None:
        """Assign attributes by path."""

    def assign_git(self, path: str, reference: Mapping[str, Any]) -> None:
        """Assign a git reference."""

    def upload_files(self, path: str, files: Any) -> None:
        """Add files to a file set."""


class Situation(NamedTuple):
    """What a program may change after the run has begun."""

    arguments: tuple[str, ...]
    entry_point: str | None
    folder: str
    environment: Mapping[str, str]

    @staticmethod
    def now() -> Situation:
        """Return how things are."""
        main = sys.modules.get("__main__")
        file = getattr(main, "__file__", None)
        try:
            folder = os.getcwd()
        except FileNotFoundError:
            folder = "/"
        entry_point = os.path.join(folder, file) if isinstance(file, str) else None
        return Situation(tuple(getattr(sys, "orig_argv", sys.argv)), entry_point, folder, dict(os.environ))


class SourceGatherer:
    """Gathers in a thread of its own, once. `stop` waits for it, but not for long."""

    def __init__(self, log: SourceLog, choice: SourceChoice, importing: threading.RLock) -> None:  # type: ignore[valid-type]
        self._log = log
        self._choice = choice
        self._importing: Any = importing
        self._situation = Situation.now()
        self._done = threading.Event()
        self._hurry = threading.Event()
        _thread.start_new_thread(self._run, ())

    def stop(self) -> None:
        """Wait until all is gathered, for a few seconds at most; a large repository may then be missing."""
        self._hurry.set()
        if not self._done.wait(STOP_S):
            warn("the run ends before its source was gathered: git or the disk took longer than %s s", STOP_S)

    def _run(self) -> None:
        self._hurry.wait(START_DELAY_S)
        try:
            for gather in (self._gather_program, self._gather_variables, self._gather_git, self._gather_files,
                           self._gather_packages):  # fmt: skip
                self._guarded(gather)
        except RunError:  # the run was stopped meanwhile
            return
        finally:
            self._done.set()

    def _guarded(self, gather: Callable[[], None]) -> None:
        """Gather one kind of thing; what goes wrong with it loses nothing else."""
        try:
            gather()
        except (OSError, ArgumentError) as error:
            warn("part of the run's source is not recorded: %s", error)
        except RunError:
            raise
        except Exception:  # noqa: BLE001
            complain("part of the run's source is not recorded; the run is not affected", traceback=True)

    def _gather_program(self) -> None:
        if not self._choice.code:
            return
        from tidelog.source.secrets import masked_arguments

        situation = self._situation
        facts = {
            "command_line": shlex.join(masked_arguments(situation.arguments)),
            "working_directory": situation.folder,
            "python": platform.python_version(),
            "platform": platform.platform(),
            "executable": sys.executable,
        }
        if situation.entry_point is not None:
            facts["entrypoint"] = situation.entry_point
        self._assign(facts)

    def _gather_variables(self) -> None:
        if self._choice.variables:
            from tidelog.source.environment import allowed_variables

            found = allowed_variables(self._choice.variables, self._situation.environment)
            self._assign({f"environment/{name}": value for name, value in found.items()})

    def _gather_git(self) -> None:
        if not self._choice.git:
            return
        with self._importing:
            from tidelog.source.git import look_at_repository

        entry_point = self._situation.entry_point
        beside = os.path.dirname(entry_point) if entry_point is not None else self._situation.folder
        found = look_at_repository(self._choice.git_folder or beside)
        if found is None and self._choice.git_folder is not None:
            warn("%s is in no git repository that can be read", self._choice.git_folder)
        if found is None:
            return
        self._log.assign_git(f"{NAMESPACE}/git", found.reference())
        facts = {
            "commit": found.commit,
            "branch": found.branch,
            "dirty": found.dirty,
            "diff": found.patch or None,
            "diff_upstream": found.upstream_patch or None,
            "untracked": "\n".join(found.untracked) or None,
            "git_problem": found.problem,
        }
        self._assign({name: value for name, value in facts.items() if value is not None})
        if untracked := found.untracked_files():
            self._log.upload_files(f"{NAMESPACE}/untracked_files", untracked)

    def _gather_files(self) -> None:
        entry_point = self._situation.entry_point
        if self._choice.files is not None:
            if self._choice.files:
                folder = self._situation.folder
                self._log.upload_files(
                    f"{NAMESPACE}/files", [os.path.join(folder, pattern) for pattern in self._choice.files]
                )
        elif self._choice.code and entry_point is not None and _is_small_file(entry_point):
            self._log.upload_files(f"{NAMESPACE}/files", {os.path.basename(entry_point): entry_point})

    def _gather_packages(self) -> None:
        with self._importing:
            from tidelog.source import packages
        if self._choice.lock_file is not None:
            path = os.path.join(self._situation.folder, self._choice.lock_file)
            self._assign({"requirements": packages.lock_file(path), "requirements_file": path})
        elif self._choice.packages:
            self._assign({"requirements": packages.installed_packages()})

    def _assign(self, facts: Mapping[str, Any]) -> None:
        if facts:
            self._log.assign({f"{NAMESPACE}/{name}": value for name, value in facts.items()})


def _is_small_file(path: str) -> bool:
    return os.path.isfile(path) and os.path.getsize(path) <= ENTRY_POINT_BYTES


def reference_bytes(reference: Mapping[str, Any]) -> bytes:
    """Return a git reference as a journal holds it."""
    return b"G" + json.dumps(dict(reference), ensure_ascii=False, default=str).encode("utf-8", "replace")


