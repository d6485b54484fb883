"""One run that goes on on other machines: their journals come home in any order, and the run is the same."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest

import tidelog
from tests.client.programs import programs_end_with_their_test, run_program
from tests.conftest import ServerProcess
from tidelog import cli
from tidelog.fetching.frames import read_frame
from tidelog.journal.segments import find_journals

__all__ = ["programs_end_with_their_test"]

# One attempt: steps from one to another, its number as each value. "kill" ends it without a word.
ATTEMPT = """
import os, signal, sys, tidelog
number, first, stop, ending = sys.argv[1:]
run = tidelog.init_run(mode="offline", capture_hardware=False, **{os.environ["NAMED_BY"]: os.environ["NAME"]})
run["loss"].extend([float(number)] * (int(stop) - int(first)), steps=range(int(first), int(stop)))
run["note"].append(f"attempt {number}", step=int(number))
if ending == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
"""
ATTEMPTS = [(0, 10, "kill"), (6, 12, "kill"), (8, 10, "stop")]


def run_attempts(hosts: list[Path], named_by: str, name: str) -> None:
    """Run one attempt after another, each on its machine, which knows nothing of the others."""
    for number, ((first, stop, ending), host) in enumerate(zip(ATTEMPTS, hosts, strict=False)):
        run_program(ATTEMPT, number, first, stop, ending, TIDELOG_DIR=str(host), NAMED_BY=named_by, NAME=name)
        time.sleep(0.01)  # clocks of two machines tell attempts apart that lie a moment apart


def sync(directory: Path) -> None:
    """Bring home what a machine has."""
    assert cli.main(["sync", "--directory", str(directory)]) == 0
    assert find_journals(str(directory)) == []


@pytest.fixture
def at_server(server: ServerProcess, monkeypatch: pytest.MonkeyPatch) -> ServerProcess:
    """The server that programs and commands speak to."""
    monkeypatch.setenv("TIDELOG_URL", server.url)
    monkeypatch.setenv("TIDELOG_PROJECT", "digits")
    return server


def values(run: tidelog.Run, **wanted: Any) -> list[float]:
    """The values of the loss, in the order of steps."""
    return [float(value) for value in columns(run["loss"].fetch_values(**wanted))["value"]]


def columns(table: Any) -> Any:
    """A table of points as columns, with or without pandas."""
    return table if isinstance(table, dict) else {name: list(table[name]) for name in table}


@pytest.mark.parametrize("first", [0, 1])
def test_two_machines_come_home_in_either_order(at_server: ServerProcess, tmp_path: Path, first: int) -> None:
    """By custom_run_id, which makes the run; the earlier attempt was killed."""
    machines = [tmp_path / "a", tmp_path / "b"]
    run_attempts(machines, "custom_run_id", "k")
    for machine in (first, 1 - first):
        sync(machines[machine])
    with tidelog.init_run("digits", custom_run_id="k", mode="read-only") as run:
        assert [attempt.first_step for attempt in run.attempts] == [None, 6]
        assert values(run) == [0.0] * 6 + [1.0] * 6
        assert values(run, abandoned_by=1) == [0.0] * 4
        assert len(run["note"].fetch_values()) == 2
        assert run["sys/state"].fetch() == "crashed"


def test_directories_of_several_machines_below_one(at_server: ServerProcess, tmp_path: Path) -> None:
    """A run of the server, by with_id, goes on on three machines; their copied folders have new times and names."""
    with tidelog.init_run("digits", directory=tmp_path / "home", capture_hardware=False) as run:
        run["lr"] = 0.1
    label = run.label
    assert label is not None
    machines = [tmp_path / name for name in "abc"]
    run_attempts(machines, "with_id", label)
    copies = tmp_path / "copies"
    for name, machine in zip("zyx", machines, strict=True):
        shutil.copytree(machine, copies / name, copy_function=shutil.copyfile)
    later = time.time() + 1_000
    for path in copies.rglob("*"):
        os.utime(path, (later, later))
    sync(copies)
    with tidelog.init_run("digits", with_id=label, mode="read-only") as run:
        assert [attempt.number for attempt in run.attempts] == [0, 1, 2, 3]
        assert [attempt.first_step for attempt in run.attempts] == [None, None, 6, 8]
        assert values(run) == [0.0] * 6 + [1.0, 1.0, 2.0, 2.0]
        assert values(run, abandoned_by=2) == [0.0] * 4
        assert values(run, abandoned_by=3) == [1.0] * 4
        assert len(run["note"].fetch_values()) == 3


def test_a_crash_that_is_synced_later_ends_at_its_last_write(at_server: ServerProcess, tmp_path: Path) -> None:
    """Not when it is synced; also after a sync that failed, and with a torn tail that was cut off."""
    run_attempts([tmp_path], "custom_run_id", "k")
    [folder] = find_journals(str(tmp_path))
    ended_s = folder.origin().created_ms // 1000 + 7
    with open(folder.segments()[-1].path, "ab") as segment:
        segment.write(b"\x01")
    os.utime(folder.segments()[-1].path, (ended_s, ended_s))
    assert cli.main(["sync", "--directory", str(tmp_path), "--url", "http://127.0.0.1:9"]) == 1
    sync(tmp_path)
    assert list(Path(folder.path).glob("torn-*"))
    with tidelog.init_run("digits", custom_run_id="k", mode="read-only") as run:
        [attempt] = run.attempts
    assert attempt.ended == datetime.fromtimestamp(ended_s, timezone.utc)


# One attempt of each of six runs, each with a directory of its own, killed without a word.
ATTEMPTS_OF_SIX = """
import os, signal, sys, tidelog
place, number, first, stop, before = sys.argv[1], *map(int, sys.argv[2:])
for order in range(6):
    run = tidelog.init_run(
        mode="offline", directory=f"{place}/{order}/{number}", custom_run_id=f"k{order}", capture_hardware=False,
        capture_source=False, capture_stdout=False, capture_stderr=False,
    )
    for step in (*range(first, stop), before):
        run["loss"].append(number + step / 100, step=step)
        run["said"].append(f"{number} at {step}", step=step)
        run["weights"].append(tidelog.Histogram(edges=[0.0, 1.0], counts=[number + 1.0]), step=step)
        run["images"].append(tidelog.File.from_content(f"{number} {step}", "txt"), step=step)
        run["counted"].append(float(number))
        run["lines"].append(f"line of {number}")
os.kill(os.getpid(), signal.SIGKILL)
"""
NUMBERS = ("loss", "counted")
OBJECTS = ("said", "weights", "images", "lines")


def shown(server: ServerProcess, label: str) -> dict[str, Any]:
    """What the API and the pages say of a run, without when it was and which processes it were."""
    told: dict[str, Any] = {}
    api = f"{server.url}/api/runs/{label}"
    for by in range(3):
        for path in NUMBERS:
            frame = httpx.get(f"{api}/series", params={"path": path, "abandoned_by": by, "exact": "true"})
            frame = read_frame(frame.content) if frame.status_code == 200 else None
            told[f"{path} {by}"] = frame and [
                (one.columns["step_millionths"].hex(), one.columns["value"].hex()) for one in frame.series
            ]
        for path in OBJECTS:
            page = httpx.get(f"{api}/objects", params={"path": path, "abandoned_by": by}).json()
            told[f"{path} {by}"] = re.sub(
                r'"(writer|file)": \d+', "", json.dumps([page.get("steps"), page.get("values")])
            )
    stretches = httpx.get(f"{api}/stretches").json()["stretches"]
    told["stretches"] = sorted(json.dumps(one | {"id": 0}) for one in stretches)
    attempts = httpx.get(f"{api}/attempts").json()["attempts"]
    told["attempts"] = [(one["number"], one["first_step"], one["abandoned"]) for one in attempts]
    told["check"] = httpx.get(f"{api}/check").json()
    page = httpx.get(f"{server.url}/projects/digits/runs/{label}", params={"tab": "history"}).text
    told["page of the history"] = re.findall(r'<td class="number">([^<]*)</td>', page)
    return told


def test_three_killed_machines_come_home_in_every_order(at_server: ServerProcess, tmp_path: Path) -> None:
    """Each with a step before its first one, and with points without a step: pages and API show the same."""
    for number, (first, stop, before) in enumerate(((0, 10, 30), (6, 12, 3), (8, 10, 1))):
        run_program(ATTEMPTS_OF_SIX, tmp_path, number, first, stop, before)
    found = []
    for number, order in enumerate(itertools.permutations(range(3))):
        for machine in order:
            sync(tmp_path / str(number) / str(machine))
        run = httpx.get(f"{at_server.url}/api/runs", params={"project": "digits", "key": f"k{number}"}).json()
        found.append(shown(at_server, run["label"]))
    for other in found[1:]:
        assert other == found[0]
    with tidelog.init_run("digits", custom_run_id="k5", mode="read-only") as run:
        assert [attempt.first_step for attempt in run.attempts] == [None, 3, 1]
        assert values(run) == [0.0, 2.01, 0.02, 1.03, 0.04, 0.05, 1.06, 1.07, 2.08, 2.09]
        assert values(run, abandoned_by=1) == [0.03, 0.06, 0.07, 0.08, 0.09, 0.3]
        assert values(run, abandoned_by=2) == [0.01, 1.08, 1.09, 1.1, 1.11]
        assert columns(run["counted"].fetch_values())["value"] == [0.0] * 11 + [1.0] * 7 + [2.0] * 3
