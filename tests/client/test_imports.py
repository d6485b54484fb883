"""What `import tidelog` may cost, told by what it loads. How long it takes: benchmarks/."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Each of these costs milliseconds, some hundreds of them.
HEAVY = [
    "httpx",
    "numpy",
    "torch",
    "pandas",
    "psutil",
    "asyncio",
    "dataclasses",
    "inspect",
    "urllib",
    "socket",
    "tempfile",
    "pathlib",
    "argparse",
    "random",
    "decimal",
    "subprocess",
    "multiprocessing",
    "tidelog.fetching",
    "tidelog.files.file",
    "tidelog.journal.reading",
]

LOADED = """
import sys
{program}
print(*(name for name in {heavy!r} if name in sys.modules))
"""


def loaded(program: str) -> list[str]:
    """Return which of the heavy modules a program loads."""
    code = LOADED.format(program=program, heavy=HEAVY)
    return subprocess.run([sys.executable, "-S", "-c", code], check=True, capture_output=True, text=True).stdout.split()


def test_importing_tidelog_loads_nothing_heavy() -> None:
    """What only some programs need is loaded when they need it, in the background where possible."""
    path = f"sys.path[:0] = {sys.path!r}"
    assert loaded(f"{path}; import tidelog") == []


@pytest.mark.parametrize("mode", ["offline", "debug", "async"])
def test_opening_a_run_and_logging_load_nothing_heavy(mode: str, tmp_path: object) -> None:
    """The first append does not wait for an import either."""
    program = f"""
sys.path[:0] = {sys.path!r}
import os, tidelog
run = tidelog.init_run(mode={mode!r}, directory={str(tmp_path)!r}, url="http://127.0.0.1:1")
run["x"].append(1.0)
run["n"].append({{"y": 1.0}})
run["p"] = {{"a": "b"}}
print(*(name for name in {HEAVY!r} if name in sys.modules), flush=True)
os._exit(0)
"""
    assert loaded(program) == []


def test_the_public_names_are_there() -> None:
    """Everything that `tidelog.__all__` names, and nothing that it forgot: errors below the one root."""
    import tidelog
    from tidelog import errors

    for name in tidelog.__all__:
        assert getattr(tidelog, name) is not None
    for error in vars(errors).values():
        if isinstance(error, type) and issubclass(error, Exception):
            assert issubclass(error, tidelog.TidelogError)


def test_names_that_are_loaded_late_are_listed_too() -> None:
    """Completion in a notebook, and `from tidelog import *`, know what nothing has asked for yet."""
    program = f"""
sys.path[:0] = {sys.path!r}
import tidelog
assert set(tidelog.__all__) <= set(dir(tidelog))
from tidelog import *
assert fetch_metrics is tidelog.fetch_metrics and File is tidelog.File
try:
    tidelog.no_such_name
except AttributeError as error:
    assert "no_such_name" in str(error)
else:
    raise AssertionError
"""
    assert loaded(program)


def test_the_tree_of_errors_in_the_docstring_is_the_real_one() -> None:
    """Each error stands in it, with its indentation."""
    from tidelog import errors

    lines = (errors.__doc__ or "").splitlines()
    for name, error in vars(errors).items():
        if isinstance(error, type) and error.__module__ == errors.__name__:
            depth = len([base for base in error.__mro__ if base.__module__ == errors.__name__]) - 1
            [line] = [line for line in lines if name in line.replace("(", " ").split()]
            assert line.index(name) == 4 + 4 * depth, name
