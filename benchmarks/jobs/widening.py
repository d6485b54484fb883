"""A run of very many series: what its appends cost the client, and what its folds cost the server."""

from __future__ import annotations

import shutil
import statistics
import struct
import time
from array import array
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

from benchmarks import database_file, points
from benchmarks.api import Connection
from benchmarks.child import ask
from benchmarks.jobs.storing import STEP_UNITS, opened_store
from benchmarks.loggers import Place
from benchmarks.loggers.machine import RawFile
from benchmarks.loggers.tidelog_run import TidelogRun

NAMESPACE = "layers"
BLOCKS = 1_000
CALLS = 5  # that log every path: each takes a tenth of a second
SINGLE_CALLS = 5_000
TEXT = "epoch 3: the validation loss has not improved since step 12,000; the learning rate goes down"
BINS = 64
HEADER_BYTES = 12  # of a record in the journal
POINT_BYTES = 28
ROW_VALUE_BYTES = 12
KINDS = {"number": POINT_BYTES, "text": POINT_BYTES + len(TEXT), "histogram": POINT_BYTES + 5 + 8 * (2 * BINS + 1)}
WRITER = 0

Step = Callable[[int], Any]  # what is done at a step


def names(count: int) -> list[str]:
    """The names below `layers/` of so many series, as a large model has them."""
    return [f"{number % BLOCKS}/grads/{number // BLOCKS}" for number in range(count)]


def append_widely(folder: str, url: str, paths: int) -> dict[str, float]:
    """Append so many paths as a dict and one by one, first and again, and one path alone; seconds a path."""
    logger = TidelogRun(Place(Path(folder), url))
    row, alone = dict.fromkeys(names(paths), 0.5), [f"alone/{name}" for name in names(paths)]
    rows, one = logger.run[NAMESPACE], logger.run["loss"]

    def append_each(step: int) -> None:
        for path in alone:
            logger.run[path].append(0.5, step=step)

    figures = _widely(
        lambda step: rows.append(row, step=step), append_each, lambda step: one.append(0.5, step=step), paths
    )
    logger.close()
    return figures


def write_widely(folder: str, paths: int) -> dict[str, float]:
    """Write the bytes of the same records: those of a dict at once, and those of each path by themselves."""
    file = RawFile(Path(folder))
    defined = [HEADER_BYTES + len(NAMESPACE) + 1 + len(name) for name in names(paths)]
    row = POINT_BYTES + ROW_VALUE_BYTES * paths
    rows = chain([row + sum(defined)], repeat(row))
    alone: Iterator[Iterable[int]] = chain([[POINT_BYTES + size for size in defined]], repeat([POINT_BYTES] * paths))

    def write_each(step: int) -> None:
        for size in next(alone):
            file.write(size)

    figures = _widely(lambda step: file.write(next(rows)), write_each, lambda step: file.write(POINT_BYTES), paths)
    file.close()
    return figures


def append_kinds(folder: str, url: str) -> dict[str, float]:
    """Append a number, a text and a histogram to a series each; seconds a call."""
    import tidelog

    logger = TidelogRun(Place(Path(folder), url))
    values = {"number": 0.5, "text": TEXT, "histogram": tidelog.Histogram(edges=range(BINS + 1), counts=range(BINS))}

    def append(kind: str) -> Step:
        attribute, value = logger.run[kind], values[kind]
        return lambda step: attribute.append(value, step=step)

    figures = {kind: _median(append(kind), SINGLE_CALLS) for kind in KINDS}
    logger.close()
    return figures


def write_kinds(folder: str) -> dict[str, float]:
    """Write as many bytes as a point of each kind has."""
    file = RawFile(Path(folder))

    def write(size: int) -> Step:
        return lambda step: file.write(size)

    figures = {kind: _median(write(size), SINGLE_CALLS) for kind, size in KINDS.items()}
    file.close()
    return figures


def fold_widely(folder: str, paths: int, steps: int) -> dict[str, float]:
    """Receive and fold so many new series, then as many points again of each, in a new store; seconds of each.

    What the database holds after each fold is kept beside it, for `write_rows`.
    """
    shutil.rmtree(Path(folder) / "server", ignore_errors=True)
    figures: dict[str, float] = {}
    with opened_store(str(Path(folder) / "server")) as store:
        run_id, position = store.register(WRITER), 0
        for number, stage in enumerate(("new", "existing")):
            journal = _journal(paths, range(number * steps, (number + 1) * steps))
            started = time.perf_counter()
            position = store.receive(WRITER, [journal], position)
            received = time.perf_counter()
            store.folder.fold(run_id)
            figures |= {f"receive {stage}": received - started, f"fold {stage}": time.perf_counter() - received}
            database_file.copy(Path(folder) / "server", Path(folder) / f"{stage}.db")
        store.receive(WRITER, [_end()], position)
    return figures


def write_rows(folder: str) -> dict[str, float]:
    """Write the rows that `fold_widely` wrote, as sqlite3 itself does with them all in one statement for each table."""
    new, existing, copy = (Path(folder) / name for name in ("new.db", "existing.db", "copy.db"))
    copy.unlink(missing_ok=True)
    return {
        "fold new": database_file.write_rows_of(new, copy),
        "fold existing": database_file.write_rows_of(existing, copy),
    }


def log_every_second(folder: str, url: str, paths: int, seconds: float) -> int:
    """Log so many paths once a second; tells the parent the run's id when there is something to read. Returns rows."""
    logger = TidelogRun(Place(Path(folder), url))
    row, rows = dict.fromkeys(names(paths), 0.5), logger.run[NAMESPACE]
    rows.append(row, step=0)
    label = logger.wait()
    with Connection(url) as server:
        ask({"run_id": server.get_json(f"/api/runs/{label}")["run_id"]})
    end, step = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        step += 1
        rows.append(row, step=step)
        time.sleep(min(1.0, seconds))
    logger.close()
    return step + 1


def _widely(row: Step, each: Step, one: Step, paths: int) -> dict[str, float]:
    return {
        "first row": _median(row, 1) / paths,
        "next row": _median(row, CALLS, first=1) / paths,
        "first each": _median(each, 1) / paths,
        "next each": _median(each, CALLS, first=1) / paths,
        "one": _median(one, SINGLE_CALLS),
    }


def _median(do: Step, calls: int, first: int = 0) -> float:
    took = []
    for step in range(first, first + calls):
        started = time.perf_counter()
        do(step)
        took.append(time.perf_counter() - started)
    return statistics.median(took)


def _journal(paths: int, steps: range) -> bytes:
    """What a client writes that logs every path at each of these steps as a dict."""
    from tidelog.journal import records

    defined = [records.define(number, f"{NAMESPACE}/{name}") for number, name in enumerate(names(paths))]
    numbers = array("I", range(paths)).tobytes()
    rows = []
    for step in steps:
        values = array("d", (number + step / 7 for number in range(paths))).tobytes()
        place = struct.pack("<qd", step * STEP_UNITS, points.START_S + step)
        rows.append(records.framed(records.ROW_KIND, paths, place + numbers + values))
    return b"".join([*(defined if steps.start == 0 else ()), *rows])


def _end() -> bytes:
    from tidelog.journal import records

    return records.state("finished", time.time(), None, 0)
