"""The state of the git repository that a program lies in: commit, branch, remotes, and what is not committed."""

from __future__ import annotations

import os
import select
import subprocess
import tempfile
import time
from collections.abc import Mapping
from typing import NamedTuple

from tidelog.settings import DEFAULT_DIRECTORY
from tidelog.source.secrets import is_secret_file, without_credentials

TIME_S = 10.0  # for all questions about one repository
PATCH_BYTES = 512 * 1024
ANSWER_BYTES = 4 * 1024 * 1024
UNTRACKED_FILES = 200
UNTRACKED_FILE_BYTES = 100 * 1024
UNTRACKED_BYTES = 1024 * 1024
READ_BYTES = 64 * 1024

# Nothing that the repository or the user configured may run, ask, colour or write.
OPTIONS = ("--no-pager", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "-c", "color.ui=false")
DIFF = ("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--submodule=short", "--full-index")


class GitError(Exception):
    """git is not there, took too long, or did not say what it was asked."""


class Repository(NamedTuple):
    """What a repository was like. `problem` says what could not be found out, and why."""

    root: str
    commit: str | None = None
    branch: str | None = None
    author: str | None = None
    message: str | None = None
    date: str | None = None
    remotes: Mapping[str, str] | None = None
    dirty: bool | None = None
    upstream: str | None = None
    ahead: int | None = None
    patch: str | None = None
    upstream_patch: str | None = None
    untracked: tuple[str, ...] = ()
    problem: str | None = None

    def reference(self) -> dict[str, object]:
        """Return what identifies the state, without what is long."""
        long = ("patch", "upstream_patch", "untracked", "problem")
        found = {name: value for name, value in self._asdict().items() if value is not None and name not in long}
        return {**found, "message": (self.message or "")[:1_000]}

    def untracked_files(self) -> dict[str, str]:
        """Return name and path of the untracked files that are small enough to keep and promise no secret."""
        found: dict[str, str] = {}
        room = UNTRACKED_BYTES
        for name in self.untracked:
            path = os.path.join(self.root, name)
            try:
                size = os.lstat(path).st_size
            except OSError:  # it has gone since
                continue
            if size <= min(room, UNTRACKED_FILE_BYTES) and not is_secret_file(name) and os.path.isfile(path):
                found[name] = path
                room -= size
        return found


def look_at_repository(folder: str, time_s: float = TIME_S, without: str | None = None) -> Repository | None:
    """Return the state of the repository that the folder is in; None if it is in none, or there is no git.

    Untracked files below `without` are none: that is where this run's own journal is.
    What a large repository does not answer in time is left out and named in `problem`.
    """
    git = _Git(folder, time.monotonic() + time_s, without)
    try:
        root = git.ask("rev-parse", "--show-toplevel")
    except GitError as error:
        # A repository of somebody else is one that git refuses to look at: that has to be said.
        return Repository(folder, problem=str(error)) if "dubious ownership" in str(error) else None
    git.folder = root
    return _looked_at(git, Repository(root))


def _looked_at(git: _Git, found: Repository) -> Repository:
    """Ask one thing after the other, the most important first, until the time is up."""
    for question in (_commit, _branch, _remotes, _changes, _patch, _upstream):
        try:
            found = question(git, found)
        except GitError as error:
            problem = f"{question.__name__.strip('_')}: {error}"
            found = found._replace(problem="; ".join(filter(None, (found.problem, problem))))
    return found


def _commit(git: _Git, found: Repository) -> Repository:
    if git.fails("rev-parse", "--verify", "--quiet", "HEAD"):
        return found  # nothing is committed yet
    commit, author, date, message = git.ask("log", "-1", "--format=%H%x00%an <%ae>%x00%aI%x00%B").split("\0", 3)
    return found._replace(commit=commit, author=author, date=date, message=message.strip())


def _branch(git: _Git, found: Repository) -> Repository:
    if git.fails("symbolic-ref", "--quiet", "HEAD"):
        return found  # a commit is checked out, and no branch
    return found._replace(branch=git.ask("symbolic-ref", "--short", "HEAD"))


def _remotes(git: _Git, found: Repository) -> Repository:
    if git.fails("config", "--get-regexp", r"^remote\..*\.url$"):
        return found._replace(remotes={})
    remotes: dict[str, str] = {}
    for line in git.ask("config", "--get-regexp", r"^remote\..*\.url$").splitlines():
        key, _, url = line.partition(" ")
        remotes[key[len("remote.") : -len(".url")]] = without_credentials(url)
    return found._replace(remotes=remotes)


def _changes(git: _Git, found: Repository) -> Repository:
    changed = git.ask("status", "--porcelain", "-z", "--untracked-files=no")
    untracked = git.ask("ls-files", "--others", "--exclude-standard", "-z").split("\0")
    names = tuple(name for name in untracked if name and not _is_own(git, name))
    return found._replace(dirty=bool(changed or names), untracked=names[:UNTRACKED_FILES])


def _is_own(git: _Git, name: str) -> bool:
    """Say whether a file is part of a journal: of this run's, or of others in the usual folder."""
    if name.startswith(f"{DEFAULT_DIRECTORY}/") or f"/{DEFAULT_DIRECTORY}/" in name:
        return True
    return git.without is not None and os.path.join(git.folder, name).startswith(git.without)


def _patch(git: _Git, found: Repository) -> Repository:
    if found.commit is None or found.dirty is False:
        return found
    return found._replace(patch=git.patch("HEAD"))


def _upstream(git: _Git, found: Repository) -> Repository:
    if found.commit is None or git.fails("rev-parse", "--verify", "--quiet", "@{upstream}"):
        return found
    upstream = git.ask("rev-parse", "--abbrev-ref", "--symbolic-full-name", "@{upstream}")
    ahead = int(git.ask("rev-list", "--count", "@{upstream}..HEAD"))
    found = found._replace(upstream=upstream, ahead=ahead)
    if not ahead:
        return found  # the diff against it is the diff against HEAD
    return found._replace(upstream_patch=git.patch(git.ask("merge-base", "HEAD", "@{upstream}")))


class _Git:
    """Asks git about a folder, until a moment of the monotonic clock."""

    def __init__(self, folder: str, until: float, without: str | None) -> None:
        self.folder = folder
        self.without = os.path.join(os.path.realpath(without), "") if without else None
        self._until = until
        # What a hook or a wrapper around the job left would make git look elsewhere.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        self._environment = {**kept, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}

    def ask(self, *arguments: str) -> str:
        """Return what git prints. Raises `GitError`."""
        return self._run(arguments, ANSWER_BYTES)[0].rstrip("\n")

    def fails(self, *arguments: str) -> bool:
        """Say whether git answers no."""
        try:
            self._run(arguments, ANSWER_BYTES)
        except _RefusedError:
            return True
        return False

    def patch(self, since: str) -> str:
        """Return the changes since a commit, cut where they are very long."""
        text, is_cut = self._run((*DIFF, since), PATCH_BYTES)
        return f"{text}\n[cut after {PATCH_BYTES:,} bytes]" if is_cut else text

    def _run(self, arguments: tuple[str, ...], limit: int) -> tuple[str, bool]:
        with tempfile.TemporaryFile() as complaints:
            try:
                process = subprocess.Popen(
                    ["git", *OPTIONS, *arguments], cwd=self.folder, env=self._environment,
                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints,
                )  # fmt: skip
            except OSError as error:
                raise GitError(f"git cannot be run ({error.strerror or error})") from error
            with process:
                data = self._read(process, limit)
                if len(data) > limit:
                    process.kill()
                    return data[:limit].decode("utf-8", "replace"), True
                if process.wait() == 0:
                    return data.decode("utf-8", "replace"), False
            complaints.seek(0)
            said = complaints.read(1_000).decode("utf-8", "replace").strip()
        raise _RefusedError(said or f"git {arguments[0]} failed")

    def _read(self, process: subprocess.Popen[bytes], limit: int) -> bytes:
        assert process.stdout is not None
        data = bytearray()
        while len(data) <= limit:
            left_s = self._until - time.monotonic()
            if left_s <= 0 or not select.select([process.stdout], [], [], left_s)[0]:
                process.kill()
                raise GitError("it took too long")
            part = os.read(process.stdout.fileno(), READ_BYTES)
            if not part:
                break
            data += part
        return bytes(data)


class _RefusedError(GitError):
    """git ended with a status other than 0."""
