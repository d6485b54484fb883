"""Bytes a point on the server after compaction, beside the bare codec, gzip and what others write.

    python -m benchmarks.storage [--smoke] [--no-peers]

Half of the series hold float32 values, half full float64 noise; times have the jitter of a training loop. What is
weighed is the database file of a stopped server, with everything else that is in it. One round: bytes do not depend on
load.
"""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import database_file, points
from benchmarks.command import run_command
from benchmarks.contest import Contender, Figures, hold
from benchmarks.jobs import filling
from benchmarks.loggers import imported
from benchmarks.processes import run_job
from benchmarks.report import Line, Question, answer
from benchmarks.servers import tidelog_server
from benchmarks.sizes import Size

SERIES = 64
LENGTH = 100_000
SMOKE_SERIES = 2
SMOKE_LENGTH = 1_000
SAMPLE_SERIES = 8  # of the same series, for gzip and the bare codec: they are slow, and series are alike
CHUNK_POINTS = 8_192
PCODEC_LEVEL = 8
MILLIONTHS = 1_000_000
PEER_STEPS = 200  # rows of 100

QUESTIONS = [
    Question("bytes a point on the server after compaction", "bytes", "bytes", at_most=7),
    Question("of the database file, pages in use", "used", "bytes"),
]


def measure(size: Size) -> list[Line]:
    """All lines of this benchmark."""
    series, length = size.of(SERIES, SMOKE_SERIES), size.of(LENGTH, SMOKE_LENGTH)
    with tempfile.TemporaryDirectory() as folder:
        contenders = [
            Contender("tidelog", partial(_weigh_tidelog, Path(folder), series, length)),
            Contender("pcodec alone", partial(_weigh_pcodec, series, length), is_machine=True),
            Contender("gzip of 24-byte points", partial(_weigh_gzip, series, length), is_machine=True),
        ]
        if size.peers:
            peers = ("TensorBoardX", "W&B offline", "MLflow")
            contenders += [Contender(name, partial(_weigh_peer, Path(folder), name, size)) for name in peers]
        return answer(QUESTIONS, hold(contenders, rounds=1))


def _weigh_tidelog(folder: Path, series: int, length: int) -> Figures:
    data = folder / "server"
    with tidelog_server(data) as server:
        run_job(filling.fill_tidelog, folder=str(folder), url=server.url, runs=1, series=series, length=length)
        rest_s = database_file.wait_for_rest(data)
        used = database_file.used_bytes(data)
    total = series * length
    return {"bytes": database_file.file_bytes(data) / total, "used": used / total, "compacted after (s)": rest_s}


def _weigh_pcodec(series: int, length: int) -> Figures:
    """Each column by itself in chunks of the server's size: steps, times, values."""
    pcodec = imported("pcodec")
    config = pcodec.ChunkConfig(compression_level=PCODEC_LEVEL)
    columns = _sample_columns(series, length)
    size = sum(
        len(pcodec.standalone.simple_compress(column[start : start + CHUNK_POINTS], config))
        for column in columns
        for start in range(0, length, CHUNK_POINTS)
    )
    return {"bytes": size / (len(columns) // 3 * length)}


def _weigh_gzip(series: int, length: int) -> Figures:
    columns = _sample_columns(series, length)
    return {"bytes": sum(len(gzip.compress(column.tobytes())) for column in columns) / (len(columns) // 3 * length)}


def _sample_columns(series: int, length: int) -> list[np.ndarray]:
    """Steps, times in milliseconds and values of the first few series that `fill_tidelog` logs."""
    times_ms = np.rint(points.times(length, 0) * 1000).astype(np.int64)
    steps = np.arange(length, dtype=np.int64) * MILLIONTHS
    columns: list[np.ndarray] = []
    for number in range(min(series, SAMPLE_SERIES)):
        columns += [steps, times_ms, points.losses(length, number, single_precision=number % 2 == 0)]
    return columns


def _weigh_peer(folder: Path, name: str, size: Size) -> Figures:
    place = folder / name.replace(" ", "-")
    place.mkdir(exist_ok=True)
    figures: Figures = run_job(filling.weigh, logger=name, folder=str(place), steps=size.of(PEER_STEPS, 2))
    return figures


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    return run_command(measure, argv, __doc__)


if __name__ == "__main__":
    raise SystemExit(main())
