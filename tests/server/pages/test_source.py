"""The tabs of what made a run, what it printed, and what its hardware did in all."""

from __future__ import annotations

import json

from tests.journals import Sender
from tests.server.pages.conftest import Pages
from tidelog.values.encoding import encode_value
from tidelog_server.pages.run.hardware import hardware_view
from tidelog_server.pages.run.source import patch_of, source_view
from tidelog_server.runs.attributes import Attribute

PATCH = """diff --git a/a.py b/a.py
index 1..2 100644
--- a/a.py
+++ b/a.py
@@ -1,3 +1,3 @@ def f():
 same
-<b>old</b>
---- looks like a head
+new"""


def test_a_patch_is_coloured_by_its_lines() -> None:
    """Heads of files are no changes, and a removed line that begins with dashes is one."""
    patch = patch_of("Changes", PATCH)
    assert [line.kind for line in patch.lines] == [
        "file", "file", "file", "file", "hunk", "same", "removed", "removed", "added",
    ]  # fmt: skip
    assert (patch.added, patch.removed, patch.hidden) == (1, 2, 0)


def test_a_long_patch_is_shown_in_part_and_counted_whole() -> None:
    """The page stays light."""
    patch = patch_of("Changes", "@@ -1 +1 @@\n" + "+x\n" * 6_000)
    assert (len(patch.lines), patch.hidden, patch.added) == (5_000, 1_001, 6_000)


def test_values_of_another_type_are_no_error() -> None:
    """Anybody may write below source_code."""
    assert source_view({"git": 3, "commit": 1.0, "diff": ["x"], "dirty": "no"}).facts == ()


def a_run(pages: Pages) -> Sender:
    """A run with its source."""
    sender = Sender(pages.services.receiver, project="p")
    reference = {"author": "Ann <ann@example.org>", "message": "First", "remotes": {"origin": "https://example.org/a"}}
    sender.journal.assign("source_code/git", b"G" + json.dumps(reference).encode())
    values = {"commit": "0123abcd", "dirty": True, "diff": PATCH, "requirements": "httpx==1\nnumpy==2"}
    for name, value in {**values, "environment/NCCL_DEBUG": "INFO", "command_line": "python <train>.py"}.items():
        sender.journal.assign(f"source_code/{name}", encode_value(name, value))
    sender.ship()
    return sender


def test_the_tab_of_the_source(pages: Pages) -> None:
    """Commit, author, remotes, the patch, packages and variables, all escaped."""
    a_run(pages)
    page = pages.get("/projects/p/runs/P-1?tab=source").text
    for text in ("0123abcd", "Ann &lt;ann@example.org&gt;", "https://example.org/a", "httpx==1", "NCCL_DEBUG"):
        assert text in page
    assert 'class="patch-removed">-&lt;b&gt;old&lt;/b&gt;' in page
    assert "python &lt;train&gt;.py" in page
    assert "<b>old" not in page


def test_the_files_of_the_source_are_listed(pages: Pages) -> None:
    """Those that were kept, and those that git does not know, each a link, and all as an archive."""
    sender = a_run(pages)
    for number, (path, name) in enumerate({"files": "train<1>.py", "untracked_files": "notes.txt"}.items()):
        entry: dict[str, object] = {"name": name, "file": number, "size": 3, "modified_ms": 0}
        sender.journal.change_files(f"source_code/{path}", b"+", entry)
    sender.ship()
    page = pages.get("/projects/p/runs/P-1?tab=source").text
    for title, name, path in (
        ("Source files", "train&lt;1&gt;.py", "files"),
        ("Files that git", "notes.txt", "untracked_files"),
    ):
        assert title in page
        assert f">{name}</a>" in page
        assert f"/files/archive?path=source_code/{path}" in page


def test_a_run_without_source_has_no_such_tab(pages: Pages) -> None:
    """Asked for all the same, the page says how it is kept."""
    Sender(pages.services.receiver, project="p")
    assert "tab=source" not in pages.get("/projects/p/runs/P-1").text
    assert "capture_source=True" in pages.get("/projects/p/runs/P-1?tab=source").text
    assert "capture_stdout=True" in pages.get("/projects/p/runs/P-1?tab=console").text


def test_the_hardware_is_summed_up_over_all_processes() -> None:
    """GPU-hours and energy add up; idleness is weighed by time; a GPU that was idle for long is named."""
    values = {
        "monitoring/a-0/gpu/0/hours": 1.0,
        "monitoring/a-0/gpu/0/idle_percent": 0.0,
        "monitoring/a-0/gpu/hours": 1.0,
        "monitoring/a-0/gpu/energy_kwh": 0.25,
        "monitoring/b-1/gpu/1/hours": 3.0,
        "monitoring/b-1/gpu/1/idle_percent": 38.0,
        "monitoring/b-1/gpu/1/throttled_percent": 9.0,
        "monitoring/b-1/gpu/hours": 3.0,
        "monitoring/b-1/gpu/energy_kwh": 0.5,
        "monitoring/b-1/process/cpu_hours": 0.2,
        "train/gpu/0/hours": 7.0,
    }
    view = hardware_view([Attribute(path, "float", value) for path, value in values.items()])
    assert {total.name: total.text for total in view.totals} == {
        "GPU time": "4 h on 2 GPUs",
        "GPU energy": "0.75 kWh",
        "GPUs idle": "28 % of the time",
        "CPU time": "12 min",
    }
    assert view.hints == ("GPU 1 of b-1 was idle 38 % of the time.",)


def test_the_tab_of_the_hardware_says_it_in_words(pages: Pages) -> None:
    """Above its charts; a run without GPUs has nothing there."""
    sender = Sender(pages.services.receiver, project="p")
    for name, value in {"gpu/1/hours": 2.0, "gpu/hours": 2.0, "gpu/1/idle_percent": 38.2}.items():
        sender.journal.assign(f"monitoring/{name}", encode_value(name, value))
    sender.ship()
    page = pages.get("/projects/p/runs/P-1?tab=monitoring").text
    assert "GPU 1 was idle 38 % of the time." in page
    assert "idle 38 %" not in pages.get("/projects/p/runs/P-1").text
