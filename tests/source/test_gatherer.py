"""What a run has of the program that made it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.client.programs import programs_end_with_their_test, run_program
from tidelog.journal.kept_files import FOLDER, find, numbers
from tidelog.journal.reading import Assign, Define, SetChange, read_records
from tidelog.journal.segments import find_journals
from tidelog.source.packages import installed_packages

__all__ = ["programs_end_with_their_test"]

SCRIPT = """
import sys, tidelog
run = tidelog.init_run("p", mode="offline", directory=sys.argv[1], capture_hardware=False, **eval(sys.argv[2]))
run.stop()
"""
ON = {"TIDELOG_CAPTURE_SOURCE": "yes"}


def recorded(journals: Path) -> dict[str, Any]:
    """Return what is set below source_code/, by path without it; of file sets the names."""
    [folder] = find_journals(str(journals))
    records = list(read_records(folder.read(0, 1 << 40)))
    paths = {record.number: record.path for record in records if isinstance(record, Define)}
    found: dict[str, Any] = {}
    for record in records:
        path = paths.get(getattr(record, "number", -1), "")
        if not path.startswith("source_code/"):
            continue
        name = path.removeprefix("source_code/")
        if isinstance(record, Assign):
            found[name] = decoded(record.value)
        elif isinstance(record, SetChange):
            found.setdefault(name, []).extend(item["name"] for item in record.items)
    return found


def decoded(value: bytes) -> Any:
    """Return the text, truth or git reference that was assigned."""
    kind, content = value[:1], value[1:]
    return content == b"\x01" if kind == b"b" else json.loads(content) if kind == b"G" else content.decode()


def kept_text(journals: Path) -> str:
    """Return what is kept of the only file, which nothing has sent away."""
    [folder] = find_journals(str(journals))
    [number] = [number for number in numbers(folder.path) if find(folder.path, number).name == "train.py"]  # type: ignore[union-attr]
    return Path(folder.path, FOLDER, str(number)).read_text()


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A program in a repository, with a change that is not committed."""
    folder = tmp_path / "project"
    folder.mkdir()
    path = folder / "train.py"
    path.write_text(SCRIPT)
    (folder / "model.py").write_text("layers = 3\n")
    (folder / "uv.lock").write_text('version = 1\nsource = "https://u:p@index/simple"\n')
    who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "First"]):
        subprocess.run(["git", *who, *command], cwd=folder, check=True)
    (folder / "model.py").write_text("layers = 4\n")
    (folder / "notes.txt").write_text("untracked")
    return path


def start_script(script: Path, journals: Path, settings: str = "{}", **environment: str) -> dict[str, Any]:
    """Run the program as a person does: `python train.py`."""
    done = subprocess.run(
        [sys.executable, "train.py", str(journals), settings], cwd=script.parent, capture_output=True, text=True,
        timeout=60, check=False, env={**os.environ, **ON, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return recorded(journals)


def test_a_run_has_what_made_it(script: Path, tmp_path: Path) -> None:
    """Entry point with its file, command line, Python, commit, patch, untracked files and packages."""
    found = start_script(script, tmp_path / "journals")
    assert found["entrypoint"] == str(script)
    assert found["command_line"].endswith(f"train.py {tmp_path / 'journals'} '{{}}'")
    assert found["working_directory"] == str(script.parent)
    assert found["python"] == sys.version.split()[0]
    assert (found["branch"], found["dirty"]) == ("main", True)
    assert found["git"]["commit"] == found["commit"]
    assert "-layers = 3\n+layers = 4" in found["diff"]
    assert found["untracked"] == "notes.txt"
    assert found["untracked_files"] == ["notes.txt"]
    assert found["files"] == ["train.py"]
    assert any(line.startswith("httpx==") for line in found["requirements"].splitlines())


def test_each_part_can_be_switched(script: Path, tmp_path: Path) -> None:
    """By argument."""
    everything_off = "dict(git_ref=False, source_files=[], dependencies=False, environment=[])"
    found = start_script(script, tmp_path / "journals", everything_off)
    assert set(found) == {"entrypoint", "command_line", "working_directory", "python", "platform", "executable"}


def test_the_text_is_the_one_that_runs(script: Path, tmp_path: Path) -> None:
    """Somebody goes on editing while the job runs."""
    ran = SCRIPT.replace("run.stop()", "open(__file__, 'w').write('changed')\nrun.stop()")
    script.write_text(ran)
    assert start_script(script, tmp_path / "journals")["files"] == ["train.py"]
    assert kept_text(tmp_path / "journals") == ran


def test_a_file_that_was_changed_before_the_run_was_opened_is_not_taken_for_the_program(
    script: Path, tmp_path: Path
) -> None:
    """Frameworks take seconds to import. A remark behind its last line changes nothing."""
    script.write_text(f"import sys\nopen(__file__, 'a').write('# later')\n{SCRIPT}")
    assert start_script(script, tmp_path / "journals")["files"] == ["train.py"]
    script.write_text(f"import sys\nopen(__file__, 'a').write('print(1)')\n{SCRIPT}")
    assert start_script(script, tmp_path / "others")["files"] == ["changed-after-start/train.py"]


def test_a_file_that_was_only_touched_is_the_program(script: Path, tmp_path: Path) -> None:
    """What its functions have become by running many times does not count."""
    script.write_text(f"""
import os
def count(numbers):
    return sum(number * 2 for number in numbers)
for _ in range(1000):
    count(range(10))
os.utime(__file__)
{SCRIPT}""")
    assert start_script(script, tmp_path / "journals")["files"] == ["train.py"]


def test_without_source_there_is_nothing_but_what_is_asked_for(script: Path, tmp_path: Path) -> None:
    """A rank that is not the main one may still give its variables."""
    found = start_script(
        script, tmp_path / "journals", "dict(environment=['MINE', 'MY_TOKEN'])", TIDELOG_CAPTURE_SOURCE="no", MINE="1",
        MY_TOKEN="s",
    )  # fmt: skip
    assert found == {"environment/MINE": "1"}


def test_other_ranks_gather_nothing(script: Path, tmp_path: Path) -> None:
    """The source of a job is the same in all of them."""
    environment = {name: value for name, value in os.environ.items() if name != "TIDELOG_CAPTURE_SOURCE"}
    environment |= {"RANK": "1", "WORLD_SIZE": "2"}
    command = [sys.executable, "train.py", str(tmp_path / "journals"), "dict(log_all_ranks=True)"]
    subprocess.run(command, cwd=script.parent, env=environment, check=True, capture_output=True, timeout=60)
    assert recorded(tmp_path / "journals") == {}


def test_files_are_chosen_by_patterns(script: Path, tmp_path: Path) -> None:
    """From where the program began, whatever folder it goes to."""
    found = start_script(script, tmp_path / "journals", "dict(source_files=['*.py'])")
    assert sorted(found["files"]) == ["model.py", "train.py"]


def test_a_lock_file_takes_the_place_of_the_packages(script: Path, tmp_path: Path) -> None:
    """Without the credentials of its index; one that is not there is said and loses nothing else."""
    found = start_script(script, tmp_path / "journals", "dict(dependencies='uv.lock')")
    assert found["requirements"] == 'version = 1\nsource = "https://index/simple"\n'
    assert found["requirements_file"] == str(script.parent / "uv.lock")
    found = start_script(script, tmp_path / "others", "dict(dependencies='poetry.lock')")
    assert "requirements" not in found
    assert "commit" in found


def test_another_repository_can_be_named(script: Path, tmp_path: Path) -> None:
    """Where the program lies beside what it trains."""
    (tmp_path / "elsewhere").mkdir()
    moved = tmp_path / "elsewhere" / "train.py"
    moved.write_text(SCRIPT)
    found = start_script(moved, tmp_path / "journals", f"dict(git_ref={str(script.parent)!r})")
    assert found["git"]["root"] == str(script.parent)


def test_variables_of_the_environment_are_kept_by_name(script: Path, tmp_path: Path) -> None:
    """The usual ones, or those of the list."""
    found = start_script(script, tmp_path / "journals", CUDA_VISIBLE_DEVICES="0", NCCL_DEBUG="INFO", HOME="/root")
    assert found["environment/CUDA_VISIBLE_DEVICES"] == "0"
    assert found["environment/NCCL_DEBUG"] == "INFO"
    assert "environment/HOME" not in found


def test_a_program_without_a_file_has_no_entry_point(tmp_path: Path) -> None:
    """`python -c`, a notebook: everything else is there."""
    run_program(SCRIPT, tmp_path / "journals", "{}", **ON)
    found = recorded(tmp_path / "journals")
    assert "entrypoint" not in found
    assert "files" not in found
    assert "requirements" in found


def test_opening_a_run_imports_nothing_for_it(tmp_path: Path) -> None:
    """Subprocesses, metadata and the like are loaded in the background, after the program's first steps."""
    program = SCRIPT.replace("run.stop()", """
heavy = ("subprocess", "platform", "importlib.metadata", "tempfile", "shlex", "pathlib")
print(*(name for name in heavy if name in sys.modules))
""")  # fmt: skip
    done = run_program(f"import sys\n{program}", tmp_path / "journals", "{}", **ON)
    assert done.stdout.strip() == ""


def test_packages_are_listed_as_pip_does() -> None:
    """Sorted lines of name and version, each package once."""
    lines = installed_packages().splitlines()
    assert lines == sorted(lines, key=lambda line: line.replace(" @", "==").split("==")[0].lower())
    assert len({line.split("==")[0].lower() for line in lines}) == len(lines)
    assert all("==" in line or " @ " in line for line in lines)
