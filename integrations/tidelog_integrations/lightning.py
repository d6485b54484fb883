"""A logger for PyTorch Lightning.

    from tidelog_integrations.lightning import TidelogLogger

    trainer = Trainer(logger=TidelogLogger(project="mnist", name="cnn"))

Works with the packages `pytorch_lightning` and `lightning`. What is recorded where is in docs/guide/lightning.md.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import uuid
from argparse import Namespace
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import tidelog
from tidelog.errors import InvalidValueError
from tidelog_integrations.lightning_checkpoints import CheckpointRecord
from tidelog_integrations.parameters import loggable

if TYPE_CHECKING:
    from lightning_fabric.loggers.logger import rank_zero_experiment
    from lightning_utilities.core.rank_zero import rank_zero_only
    from pytorch_lightning import LightningModule
    from pytorch_lightning.callbacks import ModelCheckpoint
    from pytorch_lightning.loggers.logger import Logger
    from pytorch_lightning.utilities.model_summary.model_summary import ModelSummary
    from torch import Tensor
    from torch.nn import Module
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
    Logger = import_module(f"{LIGHTNING}.loggers.logger").Logger
    rank_zero_experiment = import_module(f"{LIGHTNING}.loggers.logger").rank_zero_experiment
    ModelSummary = import_module(f"{LIGHTNING}.utilities.model_summary").ModelSummary
    rank_zero_only = import_module(f"{LIGHTNING}.utilities.rank_zero").rank_zero_only

FAILED = "failed"


class TidelogLogger(Logger):
    """Logs a Trainer's metrics, hyper-parameters, model summary and checkpoints to a run.

    The run is opened when Lightning first needs it, by rank 0 only: other ranks log nothing. It stays open after `fit`,
    so that `test` and your own code go on in the same run, and ends with the process, or with
    `logger.experiment.stop()`. If training fails, the run ends at once as failed, with the traceback. A process that
    Lightning spawns joins the same run and closes its part when its work is done.

    Args:
        run: A run of your own, which you stop yourself. Under strategy "ddp" your script runs once per rank and would
            open a run in each, so there let the logger open it.
        project, name, tags: As in `tidelog.init_run`, like everything in `init_run`.
        prefix: The namespace of all that is logged; "" puts metrics at the top of the run.
        log_model_checkpoints: Record path and score of each checkpoint that is kept, and of the best one.
        save_dir: Where Lightning puts checkpoints, in `<project>/<run key>/checkpoints`; None is the Trainer's
            `default_root_dir`.
    """

    def __init__(
        self,
        *,
        run: tidelog.Run | None = None,
        project: str | None = None,
        name: str | None = None,
        tags: Sequence[str] | None = None,
        prefix: str = "training",
        log_model_checkpoints: bool = True,
        save_dir: str | os.PathLike[str] | None = ".",
        **init_run: Any,
    ) -> None:
        super().__init__()
        arguments = {"project": project, "name": name, "tags": tags, **init_run}
        arguments = {argument: value for argument, value in arguments.items() if value is not None}
        if run is not None and arguments:
            raise InvalidValueError(
                f"a run is given, so {', '.join(arguments)} would have no effect: leave one of them out"
            )
        if run is None and "with_id" not in arguments:
            # Chosen here and not by the run: a spawned process joins by it, and checkpoints are filed under it.
            arguments.setdefault("custom_run_id", os.environ.get("TIDELOG_CUSTOM_RUN_ID") or uuid.uuid4().hex)
        self._run = run
        self._owns_run = run is None
        self._arguments = arguments
        self._prefix = prefix.strip("/")
        self._save_dir = None if save_dir is None else os.fspath(save_dir)
        self._log_model_checkpoints = log_model_checkpoints
        self._summary: str | None = None
        self._checkpoints = CheckpointRecord(self._path("model"))

    @property
    def name(self) -> str:
        """The project."""
        if self._run is not None:
            return self._run.project
        return str(self._arguments.get("project") or os.environ.get("TIDELOG_PROJECT") or "default")

    @property
    def version(self) -> str:
        """The run's key, the same in every process and before the server has answered."""
        if self._run is not None and not self._owns_run:
            return str(self._run.key or self._run.label)
        return str(self._arguments.get("custom_run_id") or self._arguments.get("with_id"))

    @property
    def save_dir(self) -> str | None:
        """The folder under which Lightning makes `<name>/<version>/checkpoints`."""
        return self._save_dir

    @property
    def root_dir(self) -> str | None:
        """The project's folder under `save_dir`."""
        return None if self._save_dir is None else os.path.join(self._save_dir, self.name)

    @property
    def log_dir(self) -> str | None:
        """The run's folder under `save_dir`."""
        return None if self.root_dir is None else os.path.join(self.root_dir, self.version)

    @property
    @rank_zero_experiment
    def experiment(self) -> tidelog.Run:
        """The run, opened now if need be; on other ranks than 0 an object that takes every call and does nothing."""
        if self._run is None:
            self._run = tidelog.init_run(**self._arguments)
        return self._run

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Append all metrics as one record at this step."""
        if self._prefix:
            self.experiment[self._prefix].append(dict(metrics), step=step)
        else:
            for path, value in metrics.items():
                self.experiment[path].append(value, step=step)

    @rank_zero_only
    def log_hyperparams(self, params: Mapping[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Record hyper-parameters under `hyperparams`, nested as they are; what is no single value becomes text."""
        if parameters := loggable(params):
            self.experiment[self._path("hyperparams")] = parameters

    @rank_zero_only
    def log_graph(self, model: Module, input_array: Tensor | None = None) -> None:
        """Record the model's summary; Lightning calls this when training begins.

        A model with an `example_input_array` is left to `log_model_summary`: its summary runs the model once, which
        with a sharded model all ranks would have to do together.
        """
        if getattr(model, "example_input_array", None) is None and hasattr(model, "trainer"):
            self.log_model_summary(model)  # type: ignore[arg-type]  # only a LightningModule has a trainer

    @rank_zero_only
    def log_model_summary(self, model: LightningModule, max_depth: int = 1) -> None:
        """Record the table of layers and the number of parameters; `max_depth=-1` lists all layers."""
        summary = ModelSummary(model, max_depth=max_depth)
        if str(summary) != self._summary:
            self._summary = str(summary)
            self.experiment[self._path("model")] = {
                "summary": self._summary,
                "parameters": summary.total_parameters,
                "trainable_parameters": summary.trainable_parameters,
            }

    @rank_zero_only
    def after_save_checkpoint(self, checkpoint_callback: ModelCheckpoint) -> None:
        """Record where the checkpoints are that this callback keeps, with their scores, and which one is best."""
        if self._log_model_checkpoints:
            self._checkpoints.record(self.experiment, checkpoint_callback)

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Record how a `fit`, `validate`, `test` or `predict` ended; a failed one ends the run with its traceback."""
        failure = sys.exc_info()[1] if status == FAILED else None
        if self._run is None and not _raised_in_a_worker(failure):
            return  # nothing was logged, so there is no run to be opened for that
        self.experiment[self._path("status")] = status
        self._checkpoints.forget_deleted(self.experiment)
        if self._owns_run and (status == FAILED or multiprocessing.parent_process() is not None):
            self._close(failure)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the run behind: another process joins it by its key, as a writer of its own."""
        arguments = self._arguments if self._owns_run or self._run is None else _joining(self._run)
        return {**self.__dict__, "_run": None, "_owns_run": True, "_arguments": arguments}

    def _path(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name

    def _close(self, failure: BaseException | None) -> None:
        run, self._run = self._run, None
        if run is not None:
            run.__exit__(type(failure) if failure else None, failure, failure.__traceback__ if failure else None)


def _joining(run: tidelog.Run) -> dict[str, Any]:
    """Return the arguments with which another process opens this run."""
    key = {"custom_run_id": run.key} if run.key else {"with_id": run.label}
    return {"project": run.project, "mode": run.mode, "url": run.get_url().rpartition("/projects/")[0], **key}


def _raised_in_a_worker(failure: BaseException | None) -> bool:
    """Say whether a spawned process failed: it may have opened the run, of which this process knows nothing yet."""
    return failure is not None and type(failure).__module__ == "torch.multiprocessing.spawn"
