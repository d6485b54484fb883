"""Libraries that the program may be importing at this very moment, in another thread."""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from pathlib import Path

import pytest

from tidelog.loaded import loaded

IMPORTED = """
import threading
begun, goes_on = threading.Event(), threading.Event()
begun.set()
assert goes_on.wait(30)
complete = True
"""


def test_a_module_counts_when_it_is_imported_wholly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of one has few of its names; a thread that logs meanwhile must not trip over that."""
    (tmp_path / "slow_library.py").write_text(IMPORTED)
    monkeypatch.syspath_prepend(tmp_path)
    assert loaded("slow_library") is None
    thread = threading.Thread(target=import_module, args=("slow_library",))
    thread.start()
    while not hasattr(sys.modules.get("slow_library"), "begun"):
        assert thread.is_alive()
    half = sys.modules["slow_library"]
    assert half.begun.wait(30)
    assert loaded("slow_library") is None
    half.goes_on.set()
    thread.join()
    assert loaded("slow_library").complete
    monkeypatch.delitem(sys.modules, "slow_library")
