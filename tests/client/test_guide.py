"""The guide's examples, run as they stand."""

from __future__ import annotations

import argparse
import inspect
import re
from pathlib import Path

import pytest

from tests.client.programs import run_program
from tests.conftest import ServerProcess
from tidelog import init_run, settings, switches
from tidelog.cli import parser

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "client.md"
PAGES = [GUIDE, *(GUIDE.with_name(f"{name}.md") for name in ("capture", "models", "files", "artifacts"))]
EXAMPLES = [text for page in PAGES for text in re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)]


def test_the_examples_of_the_guide_work(server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each as a program of its own, with nothing but the server's address from outside."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert len(EXAMPLES) >= 4
    for example in EXAMPLES:
        done = run_program(example, TIDELOG_URL=server.url, TIDELOG_DIR=str(tmp_path / "journals"))
        assert done.returncode == 0, example + done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", [*settings.MODES, settings.DEFAULT_URL, settings.DEFAULT_DIRECTORY])
def test_the_guide_names_every_mode_and_default(name: str) -> None:
    """What the code accepts stands in the guide."""
    assert f"`{name}`" in GUIDE.read_text("utf-8")


def test_the_guide_names_every_variable_of_the_environment() -> None:
    """Those that the client reads, and no others; those of its switches are made of their arguments' names."""
    package = Path(settings.__file__).parent
    read = set(re.findall(r"TIDELOG_[A-Z_]+[A-Z]", "".join(path.read_text("utf-8") for path in package.glob("*.py"))))
    pages = [GUIDE, *(GUIDE.with_name(name) for name in ("capture.md", "monitoring.md"))]
    named = set(re.findall(r"TIDELOG_[A-Z_]+[A-Z]", "".join(page.read_text("utf-8") for page in pages)))
    assert named == read | {f"TIDELOG_{name.upper()}" for name in switches.VARIABLES}


def test_the_guide_names_every_argument_of_init_run() -> None:
    """Where it tells of settings, of what is captured, or of monitoring."""
    pages = [GUIDE, *(GUIDE.with_name(name) for name in ("capture.md", "monitoring.md"))]
    named = set(re.findall(r"`(\w+)`", "".join(page.read_text("utf-8") for page in pages)))
    assert set(inspect.signature(init_run).parameters) <= named


def test_the_guide_names_every_command_and_no_option_that_there_is_not() -> None:
    """A chapter for each command."""
    page = GUIDE.with_name("command-line.md").read_text("utf-8")
    [commands] = [action.choices for action in parser()._actions if isinstance(action, argparse._SubParsersAction)]
    assert set(re.findall(r"^## tidelog (\w+)$", page, re.MULTILINE)) == set(commands)
    options = {option for one in commands.values() for action in one._actions for option in action.option_strings}
    assert set(re.findall(r"(?<!\S)`?(--[a-z-]+)", page)) <= options
