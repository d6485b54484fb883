"""tidelog, as its guide says to use it: a run, one append per point or per row."""

from __future__ import annotations

from typing import Any

from benchmarks.loggers import Place, imported

UNREACHABLE = "http://127.0.0.1:9"  # the discard port: nobody listens, and a connection is refused at once
DELIVERY_DEADLINE_S = 300.0


class TidelogRun:
    """A run in the default mode, shipping to the server while it logs."""

    def __init__(self, place: Place) -> None:
        tidelog = imported("tidelog")
        self.run: Any = tidelog.init_run(
            "benchmarks", name=place.run, url=place.url or UNREACHABLE, directory=str(place.folder)
        )

    def log(self, step: int, value: float) -> None:
        """Append to the series."""
        self.run["train/loss"].append(value, step=step)

    def log_row(self, step: int, row: dict[str, float]) -> None:
        """Append the dict to the namespace."""
        self.run["train"].append(row, step=step)

    def wait(self) -> str:
        """Wait until the server has everything, and return the run's label."""
        self.run.wait(timeout_s=DELIVERY_DEADLINE_S)
        return str(self.run.label)

    def close(self) -> None:
        """Stop the run: it waits until the server has everything, if there is one."""
        self.run.stop(timeout_s=DELIVERY_DEADLINE_S)
