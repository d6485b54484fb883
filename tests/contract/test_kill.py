"""`kill -9` in the middle of what the server does by itself, on every engine."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.contract.conftest import Store
from tests.contract.test_series import bits

# Dies in the transaction of the fold or of the compaction, when all is written but not committed.
PROGRAM = """
import os, signal, sys
from tidelog_server.database import Database
from tidelog_server.ingest import log
from tidelog_server.ingest.batches import BatchCache
from tidelog_server.series import compaction
from tidelog_server.series.fold import Folder

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

url, run_id, action = sys.argv[1], int(sys.argv[2]), sys.argv[3]
database = Database(url)
if action == "fold":
    log.remove = die
    Folder(database, BatchCache()).fold(run_id)
else:
    compaction._update_open_chunks = die
    compaction.compact(database, run_id)
"""


@pytest.mark.parametrize("action", ["fold", "compact"])
def test_killed_in_the_middle(store: Store, database_url: str, action: str) -> None:
    """A server killed in the middle of a fold or a compaction has everything, once, when it starts again."""
    sender = store.sender()
    for part in range(3):
        for step in range(part * 50, part * 50 + 70):
            sender.journal.text("logs", f"{part} {step}", step)
        sender.journal.change_set("tags", b"+", f"tag {part}")
        sender.journal.event(f"event {part}")
        sender.journal.column("a", ((float(step), float(step % 7)) for step in range(part * 500, part * 500 + 700)))
        sender.ship()
        if part == 0 or action == "compact":
            store.folder.fold(sender.run_id)
    command = [sys.executable, "-c", PROGRAM, database_url, str(sender.run_id), action]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    for _ in ("after the kill", "after the next fold"):
        points = store.points(sender.run_id, "a")
        assert points is not None
        assert points.steps.tolist() == [step * 1_000_000 for step in range(1700)]
        assert bits(points.values) == bits(float(step % 7) for step in range(1700))
        texts = [(float(step), f"{min(step // 50, 2)} {step}".encode()) for step in range(170)]
        assert store.objects(sender.run_id, "logs") == texts
        assert len(store.events(sender.run_id)) == 3
        store.folder.fold(sender.run_id)
    assert store.attributes(sender.run_id)["tags"].value == ["tag 0", "tag 1", "tag 2"]
    assert store.run(sender.run_id).points == 2310


def test_killed_while_an_attempt_takes_over(store: Store, database_url: str) -> None:
    """The abandoned tail is there once, beside the curve, of numbers and of texts."""
    for attempt, steps in enumerate((range(10), range(5, 7))):
        sender = store.sender(created_ms=1_700_000_000_000 + attempt * 100_000)
        for step in steps:
            sender.journal.text("logs", f"attempt {attempt}", step)
            sender.journal.point("a", float(attempt), step)
        sender.journal.end(time_s=1_700_000_050.0 + attempt * 100)
        sender.ship()
        if attempt == 0:
            store.folder.fold(sender.run_id)
    command = [sys.executable, "-c", PROGRAM, database_url, str(sender.run_id), "fold"]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    for _ in ("after the kill", "after the next fold"):
        for by, attempts in ((0, {**dict.fromkeys(range(5), 0), 5: 1, 6: 1}), (1, dict.fromkeys(range(5, 10), 0))):
            points = store.points(sender.run_id, "a", abandoned_by=by)
            assert points is not None
            assert dict(zip(points.steps // 1_000_000, points.values, strict=True)) == attempts
            texts = [(float(step), f"attempt {attempt}".encode()) for step, attempt in attempts.items()]
            assert store.objects(sender.run_id, "logs", abandoned_by=by) == texts
        store.folder.fold(sender.run_id)
    assert store.run(sender.run_id).points == 24
