"""Gathers in the background what a run was made by, and logs it below `source_code/`."""

from __future__ import annotations

import _thread
import os
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from tidelog import lifecycle
from tidelog.errors import ArgumentError, RunError
from tidelog.messages import complain, warn
from tidelog.source.choice import SourceChoice
from tidelog.source.entry_point import EntryPoint, entry_point_now

NAMESPACE = "source_code"
START_DELAY_S = 0.2  # the program's first steps come first
STOP_S = 5.0  # how long a run's end waits for what is not gathered yet
CHANGED = "changed-after-start"  # where in the set a program's file is whose text is not what runs


class LoggedRun(Protocol):
    """What is asked of a run."""

    def __getitem__(self, path: str) -> Any:
        """Return the attribute at a path."""

    def __setitem__(self, path: str, value: Any) -> None:
        """Assign a value, or a dict of values."""


class Situation(NamedTuple):
    """What a program may change after the run has begun."""

    arguments: tuple[str, ...]
    entry_point: EntryPoint | None
    folder: str
    environment: Mapping[str, str]

    @staticmethod
    def now() -> Situation:
        """Return how things are."""
        try:
            folder = os.getcwd()
        except FileNotFoundError:
            folder = "/"
        arguments = tuple(getattr(sys, "orig_argv", sys.argv))
        return Situation(arguments, entry_point_now(folder), folder, dict(os.environ))


class SourceGatherer:
    """Gathers in a thread of its own, once. `stop` waits for it, but not for long."""

    def __init__(
        self, run: LoggedRun, choice: SourceChoice, assign_git: Callable[[str, Mapping[str, Any]], None],
        journals: str,
    ) -> None:  # fmt: skip
        self._logged = run
        self._choice = choice
        self._assign_git = assign_git
        self._journals = journals
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
        with lifecycle.importing:
            import platform
            import shlex

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
            facts["entrypoint"] = situation.entry_point.path
        self._assign(facts)

    def _gather_variables(self) -> None:
        if self._choice.variables:
            with lifecycle.importing:
                from tidelog.source.environment import allowed_variables
            found = allowed_variables(self._choice.variables, self._situation.environment)
            self._assign({f"environment/{name}": value for name, value in found.items()})

    def _gather_git(self) -> None:
        if not self._choice.git:
            return
        with lifecycle.importing:
            from tidelog.source.git import look_at_repository

        entry_point = self._situation.entry_point
        beside = os.path.dirname(entry_point.path) if entry_point is not None else self._situation.folder
        found = look_at_repository(self._choice.git_folder or beside, without=self._journals)
        if found is None and self._choice.git_folder is not None:
            warn("%s is in no git repository that can be read", self._choice.git_folder)
        if found is None:
            return
        self._assign_git(f"{NAMESPACE}/git", found.reference())
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
            self._upload("untracked_files", untracked)

    def _gather_files(self) -> None:
        entry_point = self._situation.entry_point
        if self._choice.files is not None:
            if self._choice.files:
                folder = self._situation.folder
                self._upload("files", [os.path.join(folder, pattern) for pattern in self._choice.files])
        elif self._choice.code and entry_point is not None and entry_point.text is not None:
            self._upload_program(entry_point, entry_point.text)

    def _upload_program(self, entry_point: EntryPoint, text: bytes) -> None:
        with lifecycle.importing:
            from tidelog.files.file import File

        name = os.path.basename(entry_point.path)
        file = File.from_content(text, name=name)
        file.modified_ns = entry_point.modified_ns
        if not entry_point.is_what_runs:
            warn("%s was changed after the program began; what the run keeps of it is not what runs", entry_point.path)
            name = f"{CHANGED}/{name}"
        self._upload("files", {name: file})

    def _gather_packages(self) -> None:
        with lifecycle.importing:
            from tidelog.source import packages
        if self._choice.lock_file is not None:
            path = os.path.join(self._situation.folder, self._choice.lock_file)
            self._assign({"requirements": packages.lock_file(path), "requirements_file": path})
        elif self._choice.packages:
            self._assign({"requirements": packages.installed_packages()})

    def _assign(self, facts: Mapping[str, Any]) -> None:
        if facts:
            self._logged[NAMESPACE] = dict(facts)

    def _upload(self, name: str, files: Any) -> None:
        with lifecycle.importing:
            from tidelog.files import sets  # noqa: F401  # `upload_files` needs it
        self._logged[f"{NAMESPACE}/{name}"].upload_files(files)
