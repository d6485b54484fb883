"""Progress bars of real libraries in the console of a run, several at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.client.programs import programs_end_with_their_test, run_program
from tidelog.journal.reading import Define, TextPoint, read_records
from tidelog.journal.segments import find_journals

__all__ = ["programs_end_with_their_test"]

OPEN = """
import sys, tidelog
run = tidelog.init_run("p", mode="offline", directory=sys.argv[1], capture_hardware=False, capture_source=False)
"""
TQDM = """
from tqdm import tqdm
for epoch in tqdm(range(3), desc="train", position=0, mininterval=0):
    for batch in tqdm(range(20), desc=f"val {epoch}", position=1, leave=LEAVE, mininterval=0):
        pass
print("done", file=sys.stderr)
"""
RICH = """
from rich.console import Console
from rich.progress import Progress
with Progress(console=Console(force_terminal=True, file=sys.stderr, width=60), auto_refresh=False) as progress:
    train, val = progress.add_task("train", total=30), progress.add_task("val", total=30)
    for number in range(30):
        progress.update(train, advance=1)
        progress.update(val, advance=1)
        progress.refresh()
        if number == 10:
            progress.print("a line between")
print("done", file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("program", "beginnings"),
    [
        (TQDM.replace("LEAVE", "False"), ["train: 100%", "done"]),
        (TQDM.replace("LEAVE", "True"), ["val 0: 100%", "val 1: 100%", "val 2: 100%", "train: 100%", "done"]),
        (RICH, ["a line between", "train ", "val ", "done"]),
    ],
    ids=["tqdm", "tqdm that leaves its bars", "rich"],
)
def test_bars_above_each_other_are_a_line_each(program: str, beginnings: list[str], tmp_path: Path) -> None:
    """As it stood last; hundreds of updates are no hundreds of lines."""
    done = run_program(OPEN + program, tmp_path, TIDELOG_CAPTURE_STDERR="yes")
    assert done.returncode == 0, done.stderr
    lines = stderr_of_run(tmp_path)
    rest = iter(lines)
    assert all(any(line.startswith(beginning) for line in rest) for beginning in beginnings), lines
    assert len(lines) <= 2 * len(beginnings), lines  # as many, but where the machine stood still within a bar


def stderr_of_run(journals: Path) -> list[str]:
    """Return the lines that are kept of stderr, without those of tidelog."""
    [folder] = find_journals(str(journals))
    records = list(read_records(folder.read(0, 1 << 40)))
    paths = {record.number: record.path for record in records if isinstance(record, Define)}
    points = [record for record in records if isinstance(record, TextPoint)]
    texts = [point.text for point in points if paths[point.number] == "monitoring/stderr"]
    return [text for text in texts if not text.startswith("tidelog: ")]
