"""Odd but right input, all the way to the real server and back."""

from __future__ import annotations

import itertools
import math
import random
from pathlib import Path

import pytest

import tidelog
from tests.client.programs import run_program
from tests.conftest import ServerProcess
from tests.faults.conftest import Home


@pytest.fixture
def server(lasting_server: ServerProcess) -> ServerProcess:
    """The server, which nothing happens to here."""
    return lasting_server


@pytest.fixture
def run(server: ServerProcess, journals: Path) -> tidelog.Run:
    """A run with the real server behind it."""
    return tidelog.init_run(url=server.url, directory=journals, custom_run_id="k", capture_hardware=False)


def test_nan_and_infinities_are_values(run: tidelog.Run, home: Home) -> None:
    """As single points, in rows, in columns and as values."""
    odd = [math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308]
    run["column"].extend(odd, steps=range(6))
    for step, value in enumerate(odd):
        run["point"].append(value, step=step)
        run["row"].append({"x": value}, step=step)
    run["value"] = math.nan
    run.stop()
    for path in ("column", "point", "row/x"):
        assert repr([value for _, value in home.series(path)]) == repr(odd)
    assert home.values("value") == {"value": "NaN"}


def test_a_clock_that_goes_backwards_changes_no_order(
    run: tidelog.Run, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Points without a step are counted in the order in which they were logged, whatever the clock says."""
    moments = itertools.count(3e9, -1e6)
    monkeypatch.setattr("tidelog.attribute._now", lambda: next(moments))
    for value in (1.0, 2.0, 3.0, 4.0):
        run["x"].append(value)
    monkeypatch.undo()
    run.stop()
    assert home.series("x") == [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, 4.0)]


def test_long_texts_deep_paths_and_many_paths(run: tidelog.Run, home: Home) -> None:
    """A million characters, 100 levels, 20,000 paths, names of all scripts."""
    text = "ü\n\x00" + "損" * 1_000_000
    deep = "/".join(f"l{level}" for level in range(100))
    run["text"] = text
    run[deep].append(1.0)
    run["wide"].append({f"w{number}": number for number in range(20_000)}, step=5)
    run["名前/имя/🙂 x"] = "ok"
    run.stop()
    assert home.values("text")["text"] == text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    assert home.series(deep) == [(0.0, 1.0)]
    assert home.values("名前") == {"名前/имя/🙂 x": "ok"}
    wide = home.values("wide")
    assert wide == {f"wide/w{number}": float(number) for number in range(20_000)}


def test_a_text_of_the_greatest_length_that_compresses_badly(run: tidelog.Run, home: Home) -> None:
    """16 MiB of noise are one record, larger than a batch."""
    noise = random.Random(0).randbytes(8 * 1024 * 1024).hex()
    run["noise"] = noise
    run.stop()
    assert home.values("noise")["noise"] == noise


def test_steps_out_of_order_and_again(run: tidelog.Run, home: Home) -> None:
    """The last value of a step counts, however it came."""
    run["x"].extend([1, 2, 3], steps=[5, 3, 1])
    run["x"].append(4.0, step=3)
    run["x"].append(5.0, step=-0.000001)
    run.stop()
    assert home.series("x") == [(-0.000001, 5.0), (1.0, 3.0), (3.0, 4.0), (5.0, 1.0)]


def test_what_is_deleted_is_gone(run: tidelog.Run, home: Home) -> None:
    """With everything below it; and what is logged after that is new."""
    run["a"] = {"b": 1, "c": {"d": 2}}
    run["a/s"].append(1.0, step=7)
    run["ab"] = 3
    del run["a"]
    run["a/s"].append(2.0, step=1)
    run.stop()
    assert home.values("a") == {"a/s": 2.0}
    assert home.series("a/s") == [(1.0, 2.0)]
    assert home.values("ab") == {"ab": 3}


WORKERS = """
import sys, torch, tidelog
run = tidelog.init_run(url=sys.argv[1], directory=sys.argv[2], custom_run_id="k", capture_hardware=False)
class Numbers(torch.utils.data.Dataset):
    def __len__(self): return 64
    def __getitem__(self, index):
        run["worker/index"].append(index, step=index)
        return index
class Silent(Numbers):
    def __getitem__(self, index): return index
for epoch in range(2):
    for data in (Numbers(), Silent()):
        loader = torch.utils.data.DataLoader(data, batch_size=8, num_workers=2, multiprocessing_context="fork")
        for batch in loader:
            run["train/sum"].append(float(batch.sum()))
run.stop()
"""


def test_data_loader_workers_log_to_the_run(server: ServerProcess, home: Home, journals: Path) -> None:
    """Forked workers of torch are writers of the same run; those that log nothing leave nothing behind."""
    done = run_program(WORKERS, server.url, journals)
    assert done.returncode == 0, done.stderr
    assert home.series("worker/index") == [(float(index), float(index)) for index in range(64)]
    assert len(home.series("train/sum")) == 32
    assert home.run()["state"] == "finished"
    assert list(journals.iterdir()) == []


THREADS = """
import sys, threading, tidelog
run = tidelog.init_run(url=sys.argv[1], directory=sys.argv[2], custom_run_id="k", capture_hardware=False)
def log(thread):
    for number in range(5_000):
        run["shared"].append(number, step=2 * number + thread)
        run[f"own/{thread}"].append({"x": number}, step=number)
        if number % 500 == 0:
            run[f"new/{number}/{thread}"] = number
            first = thread * 10**7 + number * 1000
            run["long"].extend([0.0] * 1000, steps=range(first, first + 1000))
threads = [threading.Thread(target=log, args=(thread,)) for thread in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
run.stop()
"""


def test_two_threads_share_a_run(server: ServerProcess, home: Home, journals: Path) -> None:
    """Points, rows, columns and values of both arrive whole."""
    done = run_program(THREADS, server.url, journals)
    assert done.returncode == 0, done.stderr
    assert home.series("shared") == [(float(step), float(step // 2)) for step in range(10_000)]
    assert len(home.series("own/0/x")) == len(home.series("own/1/x")) == 5_000
    assert len(home.values("new")) == 20
    assert len(home.series("long")) == 20_000
