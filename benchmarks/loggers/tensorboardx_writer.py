"""TensorBoard's event files through tensorboardX, the same writer as `torch.utils.tensorboard` without torch."""

from __future__ import annotations

from typing import Any

from benchmarks.loggers import Place, imported


class TensorBoardXWriter:
    """An event file. It has no call for several series: a row is a loop, as in everybody's training script."""

    def __init__(self, place: Place) -> None:
        self._writer: Any = imported("tensorboardX").SummaryWriter(str(place.folder / place.run))

    def log(self, step: int, value: float) -> None:
        """Call `add_scalar`."""
        self._writer.add_scalar("train/loss", value, step)

    def log_row(self, step: int, row: dict[str, float]) -> None:
        """Call `add_scalar` for each series."""
        for name, value in row.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Flush and close the file."""
        self._writer.close()
