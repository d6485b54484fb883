"""What files cost: an image in the training thread beyond its copy, and memory for a large file that is cut once.

    python -m benchmarks.files [--gigabytes 1]

It starts a server on a temporary folder, kills it once while the large file is on its way, and prints a table.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
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
import resource, sys, time
import tidelog
url, folder, path = sys.argv[1:]
run = tidelog.init_run(project="files", url=url, directory=folder, capture_hardware=False)
run["loss"].append(1.0, step=0)
run.wait(60)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.perf_counter()
run["large"].upload(path)
call = time.perf_counter() - began
print("uploading", flush=True)
done = run.wait(550)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(done, 1000 * call, time.perf_counter() - began, before / 1024, after / 1024)
run.stop()
"""


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
        threading.Thread(target=self._watch, args=(self._process,), daemon=True).start()

    def kill(self) -> None:
        """`kill -9`."""
        assert self._process is not None
        self._process.kill()
        self._process.communicate()

    def _watch(self, process: subprocess.Popen[str]) -> None:
        while process.poll() is None:
            try:
                status = Path(f"/proc/{process.pid}/status").read_text()
                peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
                self.peak_mb = max(self.peak_mb, int(peak.split()[1]) / 1024)
            except (OSError, StopIteration):
                return
            time.sleep(0.1)


def measure_images(server: OneServer, folder: Path, kind: str) -> str:
    """One line: what a call costs."""
    arguments = [server.url, str(folder), kind, str(ROUNDS), str(IMAGES), str(IMAGE_BYTES)]
    done = subprocess.run([sys.executable, "-c", IMAGES_JOB, *arguments], capture_output=True, text=True, check=True)
    call, late, copy = (float(text) for text in done.stdout.split())
    return (
        f"| {IMAGES} images of 1 MB a step, {kind}: one `append` | {call:.2f} ms (95 %: {late:.2f}) | "
        f"writing the same bytes to a new file: {copy:.2f} ms; beyond it {call - copy:.2f} ms |"
    )


def measure_large(server: OneServer, folder: Path, gigabytes: float) -> list[str]:
    """Lines on a large file with a cut in the middle."""
    path = folder / "large.bin"
    with path.open("wb") as file:
        for _ in range(round(gigabytes * 1000)):
            file.write(os.urandom(1_000_000))
    process = subprocess.Popen(
        [sys.executable, "-c", LARGE_JOB, server.url, str(folder), str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    incoming = folder / "data" / "blobs" / "incoming"
    while not any(part.stat().st_size > path.stat().st_size / 3 for part in incoming.iterdir()):
        time.sleep(0.02)
    server.kill()
    had = max(part.stat().st_size for part in incoming.iterdir())
    idle_mb = server.peak_mb
    server.start()
    answer, _ = process.communicate()
    done, call, took, before, after = answer.split()
    assert done == "True"
    return [
        f"| {gigabytes:g} GB file: the call | {float(call):.1f} ms | linked, not read |",
        f"| until the server had it, killed once after {had / 1e6:.0f} MB | {float(took):.1f} s | went on from there |",
        f"| client's peak memory | {float(after):.0f} MB | {float(before):.0f} MB before |",
        f"| server's peak memory | {server.peak_mb:.0f} MB | {idle_mb:.0f} MB when it was killed |",
    ]


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.files", description="What files cost.")
    parser.add_argument("--gigabytes", type=float, default=1.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = OneServer(folder / "data")
        server.start()
        try:
            lines = [measure_images(server, folder, kind) for kind in ("bytes", "numpy")]
            lines += measure_large(server, folder, options.gigabytes)
        finally:
            server.kill()
    print("\n".join(["| what | figure | |", "|---|---|---|", *lines]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
