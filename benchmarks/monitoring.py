"""What hardware monitoring takes of the machine that it watches.

    python -m benchmarks.monitoring [--rounds N] [--smoke] [--no-peers]

At one sample a second, with no GPU and with eight. The GPUs are the stand-in driver of the tests, so that only our own
part and the binding's is measured: what a real driver does for its answers depends on the driver.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.command import run_command
from benchmarks.contest import Contender, hold
from benchmarks.jobs import watching
from benchmarks.processes import ROOT, run_job
from benchmarks.report import Line, Question, answer
from benchmarks.sizes import Size

GPUS = (0, 8)
SECONDS = 20.0
STAND_IN = ROOT / "tests" / "monitoring" / "fake_nvml.c"


def measure(size: Size) -> list[Line]:
    """All lines of this benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        library = _compiled(Path(folder))
        lines: list[Line] = []
        for gpus in GPUS if library else GPUS[:1]:
            question = Question(f"hardware monitoring at 1 Hz, {gpus} GPUs", "share", "% of a core", at_most=1)
            watch = partial(
                run_job, watching.watch, folder=folder, gpus=gpus, library=library, seconds=size.seconds(SECONDS)
            )
            lines += answer([question], hold([Contender("tidelog", watch)], size.rounds))
    return lines


def _compiled(folder: Path) -> str | None:
    """The stand-in driver; None where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    library = folder / "libnvidia-ml.so.1"
    options = ["-shared", "-fPIC", "-O2", f"-Wl,-soname,{library.name}"]
    subprocess.run([compiler, *options, "-o", library, STAND_IN], check=True)
    return str(library)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    return run_command(measure, argv, __doc__)


if __name__ == "__main__":
    raise SystemExit(main())
