"""W&B in its offline mode, which writes a local file and needs no account."""

from __future__ import annotations

from typing import Any

from benchmarks.loggers import Place, imported


class WandbOffline:
    """An offline run."""

    def __init__(self, place: Place) -> None:
        self._wandb: Any = imported("wandb")
        self._run: Any = self._wandb.init(project="benchmarks", name=place.run, mode="offline", dir=str(place.folder))

    def log(self, step: int, value: float) -> None:
        """Call `log` with one key."""
        self._run.log({"train/loss": value}, step=step)

    def log_row(self, step: int, row: dict[str, float]) -> None:
        """Call `log` with the row."""
        self._run.log(row, step=step)

    def close(self) -> None:
        """Finish the run, and end the helper process so that its CPU time is counted."""
        self._run.finish()
        self._wandb.teardown()
