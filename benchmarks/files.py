"""What files cost: an image in the training thread beyond its copy, and memory for large files of two sizes.

    python -m benchmarks.files [--gigabytes 1] [--only images|large]

Each large file has a server of its own on a temporary folder, and a client of its own, so that no peak hides another.
The last one is cut: its server is killed once a third of it is there, and started again. Peaks are those of the whole
processes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import free_port

IMAGES = 50
IMAGE_BYTES = 1_000_000
ROUNDS = 3

IMAGES_JOB = """
import os, sys, time
from statistics import median
import numpy as np
import tidelog
url, folder, kind, rounds, images, size = sys.argv[1:4] + [int(text) for text in sys.argv[4:]]
run = tidelog.init_run(project="files", url=url, directory=folder, capture_hardware=False)
generator = np.random.default_rng(0)
calls, copies = [], []
for step in range(rounds):
    for number in range(images):
        if kind == "bytes":
            value = tidelog.File.from_content(generator.bytes(size), "png")
        else:
            value = generator.integers(0, 256, (500, size // 1500, 3), np.uint8)
        began = time.perf_counter()
        data = value.content if kind == "bytes" else value.tobytes()
        fd = os.open(f"{folder}/copy-{step}-{number}", os.O_WRONLY | os.O_CREAT)
        os.write(fd, data)
        os.close(fd)
        copied = time.perf_counter()
        run[f"images/{number}"].append(value, step=step)
        calls.append(time.perf_counter() - copied)
        copies.append(copied - began)
calls.sort()
print(1000 * median(calls), 1000 * calls[int(len(calls) * 0.95)], 1000 * median(copies))
run.stop()
"""

LARGE_JOB = """
import sys, time
import tidelog
url, folder, path = sys.argv[1:]
def peak_kb():  # not ru_maxrss, which a process takes over from the one that started it
    return next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]
run = tidelog.init_run(project="files", url=url, directory=folder, capture_hardware=False)
run["loss"].append(1.0, step=0)
run["small"].upload(b"x" * 1000, wait=True)
print("warm", flush=True)
sys.stdin.readline()
before = int(peak_kb())
began = time.perf_counter()
run["large"].upload(path)
call = time.perf_counter() - began
print("uploading", flush=True)
done = run.wait(550)
after = int(peak_kb())
print(done, 1000 * call, time.perf_counter() - began, before / 1024, after / 1024)
run.stop()
"""


@dataclass(frozen=True)
class Upload:
    """What one large file cost; memory in MB before it and at most."""

    name: str
    call_ms: float
    took_s: float
    client_mb: tuple[float, float]
    server_mb: tuple[float, float]


class OneServer:
    """A server process that can be killed and started again; the most memory that any of them took."""

    def __init__(self, data: Path) -> None:
        self.port = free_port()
        self.peak_mb = 0.0
        self._data = data
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it serves."""
        command = [sys.executable, "-m", "tidelog_server", "--data", str(self._data), "--port", str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def look(self) -> float:
        """The most memory in MB that any process of it took until now."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        self.peak_mb = max(self.peak_mb, int(peak.split()[1]) / 1024)
        return self.peak_mb

    def kill(self) -> None:
        """`kill -9`."""
        assert self._process is not None
        self._process.kill()
        self._process.communicate()


def measure_images(server: OneServer, folder: Path, kind: str) -> str:
    """One line: what a call costs."""
    arguments = [server.url, str(folder), kind, str(ROUNDS), str(IMAGES), str(IMAGE_BYTES)]
    done = subprocess.run([sys.executable, "-c", IMAGES_JOB, *arguments], capture_output=True, text=True, check=True)
    call, late, copy = (float(text) for text in done.stdout.split())
    return (
        f"| {IMAGES} images of 1 MB a step, {kind}: one `append` | {call:.2f} ms (95 %: {late:.2f}) | "
        f"writing the same bytes to a new file: {copy:.2f} ms; beyond it {call - copy:.2f} ms |"
    )


def measure_large(folder: Path, gigabytes: float, *, cut: bool) -> Upload:
    """Upload a file of this size; with a cut, the server is killed on the way."""
    folder.mkdir()
    path = folder / "large.bin"
    with path.open("wb") as file:
        for _ in range(round(gigabytes * 1000)):
            file.write(os.urandom(1_000_000))
    server = OneServer(folder / "data")
    server.start()
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", LARGE_JOB, server.url, str(folder), str(path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        server_before_mb = server.look()
        if cut:
            process.stdin.write("\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
            _kill_on_the_way(server, folder / "data" / "blobs" / "incoming", path.stat().st_size / 3)
            server.start()
        answer, _ = process.communicate(None if cut else "\n")
        done, call, took, before, after = answer.splitlines()[-1].split()
        assert done == "True"
        name = f"{gigabytes:g} GB, the server killed once" if cut else f"{gigabytes:g} GB"
        return Upload(name, float(call), float(took), (float(before), float(after)), (server_before_mb, server.look()))
    finally:
        server.kill()
        shutil.rmtree(folder)


def _kill_on_the_way(server: OneServer, incoming: Path, size: float) -> None:
    while not incoming.exists() or not any(part.stat().st_size > size for part in incoming.iterdir()):
        time.sleep(0.02)
    server.look()
    server.kill()


def table_of(uploads: Sequence[Upload]) -> list[str]:
    """The uploads side by side."""
    rows = [
        ("one large file", [upload.name for upload in uploads]),
        ("---", ["---"] * len(uploads)),
        ("the call: linked, not read", [f"{upload.call_ms:.1f} ms" for upload in uploads]),
        ("until the server had it", [f"{upload.took_s:.1f} s" for upload in uploads]),
        ("client's peak memory (before)", [_memory(*upload.client_mb) for upload in uploads]),
        ("server's peak memory (before)", [_memory(*upload.server_mb) for upload in uploads]),
    ]
    return [f"| {' | '.join([name, *cells])} |" for name, cells in rows]


def _memory(before_mb: float, most_mb: float) -> str:
    return f"{most_mb:.0f} MB ({before_mb:.0f})"


def measure_all_images(folder: Path) -> list[str]:
    """The lines on images."""
    server = OneServer(folder / "data")
    server.start()
    try:
        lines = [measure_images(server, folder, kind) for kind in ("bytes", "numpy")]
    finally:
        server.kill()
    return ["| what | figure | |", "|---|---|---|", *lines]


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.files", description="What files cost.")
    parser.add_argument(
        "--gigabytes", type=float, default=1.0, help="the larger of the two sizes; a quarter of it is the other"
    )
    parser.add_argument("--only", choices=["images", "large"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.only != "large":
            (folder / "images").mkdir()
            print("\n".join(measure_all_images(folder / "images")), "\n", flush=True)
        if options.only != "images":
            plan = [(options.gigabytes / 4, False), (options.gigabytes, False), (options.gigabytes, True)]
            uploads = [
                measure_large(folder / str(number), gigabytes, cut=cut) for number, (gigabytes, cut) in enumerate(plan)
            ]
            print("\n".join(table_of(uploads)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
