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
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import tidelog
from tidelog import InvalidValueError
from tidelog_integrations.lightning_checkpoints import CheckpointRecord, Uploads
from tidelog_integrations.lightning_package import Logger, ModelSummary, rank_zero_experiment, rank_zero_only
from tidelog_integrations.lightning_ranks import joining, watched_host
from tidelog_integrations.lightning_requests import RequestWatch
from tidelog_integrations.parameters import loggable

if TYPE_CHECKING:
    from pytorch_lightning import LightningModule, Trainer
    from pytorch_lightning.callbacks import ModelCheckpoint
    from torch import Tensor
    from torch.nn import Module

SUCCESS = "success"
FAILED = "failed"


class TidelogLogger(Logger):
    """Logs a Trainer's metrics, hyper-parameters, model summary and checkpoints to a run.

    The run is opened when Lightning first needs it. Rank 0 logs; the other ranks join the run for their hardware and
    their errors, and log nothing else. It stays open after `fit`, so that `test` and your own code go on in the same
    run, and ends with the process, or with `logger.experiment.stop()`. If training fails, the run ends at once as
    failed, with the traceback. A process that Lightning spawns joins the same run and closes its part when its work is
    done.

    Asked on the run's page to stop, training ends after the batch as by early stopping; asked to abort, at once. With
    `on_stop` or `on_abort` of your own, as in `tidelog.init_run`, that is what happens instead.

    Args:
        run: A run of your own, which you stop yourself. Under strategy "ddp" your script runs once per rank and would
            open a run in each, so there let the logger open it.
        project, name, tags: As in `tidelog.init_run`, like everything in `init_run`.
        prefix: The namespace of all that is logged; "" puts metrics at the top of the run.
        log_model_checkpoints: Record path and score of each checkpoint that is kept, and of the best one.
        upload_checkpoints: Send the files of checkpoints too: with True those that are kept when `fit` ends, with "all"
            each as it is saved, until Lightning deletes it. By default they stay on your disk only.
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
        upload_checkpoints: Uploads = False,
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
        if upload_checkpoints not in (False, True, "all"):
            raise InvalidValueError(f"upload_checkpoints {upload_checkpoints!r} is none of False, True and 'all'")
        if upload_checkpoints and not log_model_checkpoints:
            raise InvalidValueError("upload_checkpoints has no effect with log_model_checkpoints=False: leave one out")
        if run is None and "with_id" not in arguments:
            # Chosen here and not by the run: a spawned process joins by it, and checkpoints are filed under it.
            arguments.setdefault("custom_run_id", os.environ.get("TIDELOG_CUSTOM_RUN_ID") or uuid.uuid4().hex)
        self._run = run
        self._owns_run = run is None
        self._arguments = arguments
        self._watched: str | None = None  # the host that is sampled as a whole already: by this process, or its parent
        self._is_copy = False
        self._step: int | None = None
        self._watch: RequestWatch | None = None
        self._prefix = prefix.strip("/")
        self._save_dir = None if save_dir is None else os.fspath(save_dir)
        self._log_model_checkpoints = log_model_checkpoints
        self._summary: str | None = None
        self._checkpoints = CheckpointRecord(self._path("model"), upload_checkpoints)

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
            if self._watched and self._is_copy:
                self._open(joining(self._arguments, 0, self._watched, is_first_here=True))
            else:
                self._watched = watched_host()
                self._open(self._arguments)
        assert self._run is not None
        return self._run

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Append all metrics as one record at this step."""
        self._step = self._step if step is None else step
        if self._prefix:
            self._append(self._prefix, dict(metrics), step)
        else:
            for path, value in metrics.items():
                self._append(path, value, step)

    @rank_zero_only
    def log_image(self, key: str, images: Sequence[Any], step: int | None = None, **captions: Any) -> None:
        """Append images to a series of files, several as `<key>/0`, `<key>/1` ...; `caption` is a list of texts.

        Images are those of PIL, numpy, torch or matplotlib, or paths. Without a step it is that of the last metrics.
        """
        if isinstance(images, str) or not isinstance(images, Sequence):
            raise tidelog.UnsupportedTypeError(f"images {type(images).__name__} are not a list of images")
        descriptions = captions.get("caption") or [None] * len(images)
        if len(descriptions) != len(images):
            raise InvalidValueError(f"there are {len(images)} images and {len(descriptions)} captions")
        for number, (image, description) in enumerate(zip(images, descriptions, strict=True)):
            path = key if len(images) == 1 else f"{key}/{number}"
            value = tidelog.File.from_path(image) if isinstance(image, (str, os.PathLike)) else image
            self._append(self._path(path), value, self._step if step is None else step, description=description)

    @rank_zero_only
    def log_table(
        self, key: str, columns: list[str] | None = None, data: Any = None, dataframe: Any = None,
        step: int | None = None,
    ) -> None:  # fmt: skip
        """Append a table to a series: a data frame, or rows with the names of their columns.

        Without a step it is that of the last metrics.
        """
        table = tidelog.Table(data, columns=columns) if dataframe is None else tidelog.Table(dataframe)
        self._append(self._path(key), table, self._step if step is None else step)

    log_text = log_table  # as WandbLogger has it: a table of texts

    @rank_zero_only
    def log_hyperparams(self, params: Mapping[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Record hyper-parameters under `hyperparams`, nested as they are; what is no single value becomes text."""
        if parameters := loggable(params):
            with suppress(tidelog.RunStopRequestedError):  # it is recorded, and RequestWatch sees to the stop
                self.experiment[self._path("hyperparams")] = parameters

    def log_graph(self, model: Module, input_array: Tensor | None = None) -> None:
        """Record the model's summary; Lightning calls this in all ranks when training, or another task, begins.

        A model with an `example_input_array` is left to `log_model_summary`: its summary runs the model once, which
        with a sharded model all ranks would have to do together.
        """
        trainer = _trainer_of(model)
        if trainer is not None:
            self._share_run(trainer)
            self._watch_requests(trainer)
            if getattr(model, "example_input_array", None) is None:
                self.log_model_summary(model)  # type: ignore[arg-type]  # only a LightningModule has a trainer

    @rank_zero_only
    def log_model_summary(self, model: LightningModule, max_depth: int = 1) -> None:
        """Record the table of layers and the number of parameters; `max_depth=-1` lists all layers."""
        summary = ModelSummary(model, max_depth=max_depth)
        if str(summary) != self._summary:
            self._summary = str(summary)
            with suppress(tidelog.RunStopRequestedError):
                self.experiment[self._path("model")] = {
                    "summary": self._summary,
                    "parameters": summary.total_parameters,
                    "trainable_parameters": summary.trainable_parameters,
                }

    @rank_zero_only
    def after_save_checkpoint(self, checkpoint_callback: ModelCheckpoint) -> None:
        """Record where the checkpoints are that this callback keeps, with their scores, and which one is best."""
        if self._log_model_checkpoints:
            with suppress(tidelog.RunStopRequestedError):
                self._checkpoints.record(self.experiment, checkpoint_callback)

    def finalize(self, status: str) -> None:
        """Record how a `fit`, `validate`, `test` or `predict` ended; a failed one ends the run with its traceback.

        The status is success, failed, or what somebody asked for: stopped or aborted.
        """
        failure = sys.exc_info()[1] if status == FAILED else None
        if getattr(rank_zero_only, "rank", 0) == 0:
            if self._run is None and not _raised_in_a_worker(failure):
                return  # nothing was logged, so there is no run to be opened for that
            self._record_end(self.experiment, status, failure)
        if self._owns_run and (status == FAILED or multiprocessing.parent_process() is not None):
            self._close(failure)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the run behind: another process joins it by its key, as a writer of its own."""
        arguments = self._arguments if self._owns_run or self._run is None else _joining(self._run)
        watched = os.uname().nodename if self._run is not None and not self._owns_run else self._watched
        left = {
            "_run": None,
            "_owns_run": True,
            "_arguments": arguments,
            "_watched": watched,
            "_is_copy": True,
        }
        return {**self.__dict__, **left}

    def _path(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name

    def _open(self, arguments: Mapping[str, Any]) -> None:
        """Open the run; requests to end it are left to `RequestWatch`, unless the user said what they do."""
        self._run = tidelog.init_run(**{"on_stop": "ignore", "on_abort": "ignore", **arguments})

    def _append(self, path: str, value: Any, step: int | None, **said: Any) -> None:
        with suppress(tidelog.RunStopRequestedError):  # the point is recorded, and RequestWatch sees to the stop
            self.experiment[path].append(value, step=step, **said)

    def _current_run(self) -> tidelog.Run | None:
        return self._run

    def _share_run(self, trainer: Trainer) -> None:
        """Open rank 0's run in the other ranks, which do not know its key if it was made up."""
        if trainer.world_size == 1 or not self._owns_run:
            return
        key, watched = trainer.strategy.broadcast((self._arguments.get("custom_run_id"), self._watched))
        if trainer.is_global_zero or self._run is not None:
            return
        if key is not None:
            self._arguments = {**self._arguments, "custom_run_id": key}
        is_first_here = trainer.local_rank == 0
        self._open(joining(self._arguments, trainer.global_rank, watched, is_first_here=is_first_here))

    def _watch_requests(self, trainer: Trainer) -> None:
        if self._watch is None:
            stops, aborts = (argument not in self._arguments for argument in ("on_stop", "on_abort"))
            self._watch = RequestWatch(self._current_run, stops=stops, aborts=aborts)
        callbacks: list[Any] = trainer.callbacks  # type: ignore[attr-defined]  # set where a type checker does not look
        if self._watch not in callbacks:
            callbacks.insert(0, self._watch)  # before those of checkpoints, which Lightning keeps at the end

    def _record_end(self, run: tidelog.Run, status: str, failure: BaseException | None) -> None:
        if isinstance(failure, tidelog.RunAbortedError):
            status = "aborted"
        elif isinstance(failure, tidelog.RunStopRequestedError) or (status == SUCCESS and run.stop_requested):
            status = "stopped"
        with suppress(tidelog.RunInterruption):  # this is the end already
            run[self._path("status")] = status
        with suppress(tidelog.RunInterruption):
            self._checkpoints.settle(run)

    def _close(self, failure: BaseException | None) -> None:
        run, self._run = self._run, None
        if not self._is_copy:
            self._watched = None
        if run is not None:
            run.__exit__(type(failure) if failure else None, failure, failure.__traceback__ if failure else None)


def _trainer_of(model: Module) -> Trainer | None:
    """Return what trains the model; a model on its own raises when it is asked."""
    try:
        return model.trainer  # type: ignore[return-value]  # a Module has any attribute, says torch
    except (AttributeError, RuntimeError):
        return None


def _joining(run: tidelog.Run) -> dict[str, Any]:
    """Return the arguments with which another process opens this run."""
    key = {"custom_run_id": run.key} if run.key else {"with_id": run.label}
    return {"project": run.project, "mode": run.mode, "url": run.get_url().rpartition("/projects/")[0], **key}


def _raised_in_a_worker(failure: BaseException | None) -> bool:
    """Say whether a spawned process failed: it may have opened the run, of which this process knows nothing yet."""
    return failure is not None and type(failure).__module__ == "torch.multiprocessing.spawn"
