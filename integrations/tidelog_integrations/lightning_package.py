"""What tidelog takes from Lightning, out of whichever of its two packages the job uses."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lightning_fabric.loggers.logger import rank_zero_experiment
    from lightning_utilities.core.rank_zero import rank_zero_only
    from pytorch_lightning.callbacks import Callback
    from pytorch_lightning.loggers.logger import Logger
    from pytorch_lightning.utilities.model_summary.model_summary import ModelSummary
else:

    def _lightning() -> str:
        """Return the package that the job uses: one that is imported already, else one that is installed."""
        packages = ("lightning.pytorch", "pytorch_lightning")
        for package in packages:
            if package in sys.modules:
                return package
        for package in packages:
            if find_spec(package.partition(".")[0]):
                return package
        raise ModuleNotFoundError("TidelogLogger needs PyTorch Lightning: pip install 'tidelog[lightning]'")

    LIGHTNING = _lightning()
    Callback = import_module(f"{LIGHTNING}.callbacks").Callback
    Logger = import_module(f"{LIGHTNING}.loggers.logger").Logger
    rank_zero_experiment = import_module(f"{LIGHTNING}.loggers.logger").rank_zero_experiment
    ModelSummary = import_module(f"{LIGHTNING}.utilities.model_summary").ModelSummary
    rank_zero_only = import_module(f"{LIGHTNING}.utilities.rank_zero").rank_zero_only

__all__ = ["Callback", "Logger", "ModelSummary", "rank_zero_experiment", "rank_zero_only"]
