"""The state of real repositories."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tidelog.source import git
from tidelog.source.git import Repository, look_at_repository


class Work:
    """A repository with a person working in it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.run("init", "-q", "-b", "main")

    def run(self, *arguments: str) -> str:
        """Run git as that person."""
        who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "protocol.file.allow=always")
        done = subprocess.run(["git", *who, *arguments], cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text)

    def commit(self, message: str) -> str:
        self.run("add", "-A")
        self.run("commit", "-q", "-m", message)
        return self.run("rev-parse", "HEAD")


@pytest.fixture(autouse=True)
def nobodys_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test depends on the settings of whoever runs it."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """A repository with one commit."""
    work = Work(tmp_path / "repository")
    work.write("train.py", "one\n")
    work.commit("First\n\nWith a body.")
    return work


def seen(folder: Path) -> Repository:
    """Return what is found out about the folder's repository."""
    found = look_at_repository(str(folder))
    assert found is not None
    return found


def test_a_clean_repository_is_its_commit(work: Work) -> None:
    """Commit, branch, author, date and message; nothing else."""
    found = seen(work.folder)
    assert (found.commit, found.branch, found.dirty) == (work.run("rev-parse", "HEAD"), "main", False)
    assert (found.author, found.message) == ("Ann <ann@example.org>", "First\n\nWith a body.")
    assert found.date is not None
    assert (found.patch, found.upstream, found.untracked, found.problem) == (None, None, (), None)


def test_what_is_not_committed_is_a_patch(work: Work) -> None:
    """Staged or not, from a folder below too; untracked files are named."""
    work.write("train.py", "two\n")
    work.write("src/new.py", "new\n")
    work.run("add", "src/new.py")
    work.write("caf\u00e9.txt", "x")
    work.write("ignored.log", "x")
    work.write(".git/info/exclude", "*.log\n")
    found = seen(work.folder / "src")
    assert found.dirty is True
    assert "-one\n+two" in str(found.patch)
    assert "+new" in str(found.patch)
    assert found.untracked == ("caf\u00e9.txt",)


def test_the_patch_can_be_applied(work: Work, tmp_path: Path) -> None:
    """To the commit, and gives what was there."""
    work.write("train.py", "two\n")
    found = seen(work.folder)
    copy = Work(tmp_path / "copy")
    copy.run("fetch", "-q", str(work.folder), "main")
    copy.run("checkout", "-q", str(found.commit))
    (tmp_path / "patch").write_text(str(found.patch) + "\n")
    copy.run("apply", str(tmp_path / "patch"))
    assert (copy.folder / "train.py").read_text() == "two\n"


def test_what_upstream_does_not_have_is_a_patch_too(work: Work, tmp_path: Path) -> None:
    """Commits that were not pushed, with what is not committed."""
    Work(tmp_path / "bare").run("config", "receive.denyCurrentBranch", "ignore")
    work.run("remote", "add", "origin", str(tmp_path / "bare"))
    work.run("push", "-q", "-u", "origin", "main")
    assert seen(work.folder).upstream_patch is None
    work.write("train.py", "two\n")
    work.commit("Second")
    found = seen(work.folder)
    assert (found.upstream, found.ahead, found.dirty, found.patch) == ("origin/main", 1, False, None)
    assert "-one\n+two" in str(found.upstream_patch)


def test_remotes_have_no_credentials(work: Work) -> None:
    """However often the token is in the address."""
    work.run("remote", "add", "origin", "https://ann:ghp_secret@example.org/a.git")
    work.run("remote", "add", "other", "git@example.org:a.git")
    found = seen(work.folder)
    assert found.remotes == {"origin": "https://example.org/a.git", "other": "git@example.org:a.git"}
    assert "ghp_secret" not in str(found)


def test_a_commit_without_a_branch(work: Work) -> None:
    """As in most build servers."""
    work.run("checkout", "-q", "--detach")
    found = seen(work.folder)
    assert (found.branch, found.commit) == (None, work.run("rev-parse", "HEAD"))


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    """Just begun: its files are untracked."""
    work = Work(tmp_path / "new")
    work.write("train.py", "x")
    found = seen(work.folder)
    assert (found.commit, found.untracked, found.problem) == (None, ("train.py",), None)


def test_a_submodule_is_a_repository_of_its_own_and_a_line_in_its_parents_patch(work: Work, tmp_path: Path) -> None:
    """By the commit that it stands at."""
    inner = Work(tmp_path / "inner")
    inner.write("a", "1")
    first = inner.commit("inner")
    work.run("submodule", "add", "-q", str(inner.folder), "sub")
    work.commit("with a submodule")
    assert seen(work.folder / "sub").commit == first
    sub = Work(work.folder / "sub")
    sub.write("a", "2")
    second = sub.commit("moved")
    assert f"-Subproject commit {first}\n+Subproject commit {second}" in str(seen(work.folder).patch)


def test_where_there_is_no_repository_or_no_git_there_is_nothing(
    tmp_path: Path, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No error: most folders are in no repository."""
    (tmp_path / "plain").mkdir()
    monkeypatch.delenv("GIT_CEILING_DIRECTORIES")
    assert look_at_repository(str(tmp_path / "plain")) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert look_at_repository(str(work.folder)) is None


def test_a_repository_that_takes_too_long_is_left_half_known(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit is there, what took too long is named, and the slow git is not left running."""
    slow = tmp_path / "slow" / "git"
    slow.parent.mkdir()
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    slow.write_text(f'#!/bin/sh\ncase "$*" in *" status "*) exec sleep 60;; esac\nexec {real} "$@"\n')
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}{os.pathsep}{os.environ['PATH']}")
    found = look_at_repository(str(work.folder), time_s=1.5)
    assert found is not None
    assert found.commit == work.run("rev-parse", "HEAD")
    assert found.dirty is None
    assert "changes: it took too long" in str(found.problem)


def test_a_huge_patch_is_cut_and_says_so(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded, and what is left out is said."""
    monkeypatch.setattr(git, "PATCH_BYTES", 10_000)
    work.write("train.py", "line\n" * 100_000)
    found = seen(work.folder)
    assert str(found.patch).endswith("[cut after 10,000 bytes]")
    assert len(str(found.patch)) < 10_100


def test_untracked_files_are_kept_when_they_are_small_and_no_secret(work: Work) -> None:
    """Others are only named."""
    work.write("notes.txt", "x")
    work.write(".env", "TOKEN=1")
    work.write("big.bin", "x" * (git.UNTRACKED_FILE_BYTES + 1))
    (work.folder / "loop").symlink_to("loop")
    found = seen(work.folder)
    assert set(found.untracked) == {"notes.txt", ".env", "big.bin", "loop"}
    assert found.untracked_files() == {"notes.txt": str(work.folder / "notes.txt")}


def test_journals_are_no_part_of_the_source(work: Work) -> None:
    """A job that keeps them where it runs has not changed its repository by that."""
    work.write(".tidelog/p/run/writer.json", "{}")
    work.write("elsewhere/p/run/writer.json", "{}")
    found = look_at_repository(str(work.folder), without=str(work.folder / "elsewhere"))
    assert found is not None
    assert (found.untracked, found.dirty) == ((), False)


def test_nothing_that_the_repository_configures_is_run(work: Work) -> None:
    """A diff program or a file monitor of somebody else's repository."""
    work.run("config", "core.fsmonitor", "touch fsmonitor-ran")
    work.run("config", "diff.external", "touch diff-ran")
    work.write("train.py", "two\n")
    assert "+two" in str(seen(work.folder).patch)
    assert not [path for path in work.folder.iterdir() if path.name.endswith("-ran")]
