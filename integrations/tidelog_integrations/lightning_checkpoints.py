"""Which checkpoints Lightning keeps, where they are and how good: told as attributes of the run, and sent if wanted."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any, Literal

import tidelog

if TYPE_CHECKING:
    from pytorch_lightning.callbacks import ModelCheckpoint
    from torch import Tensor

logger = logging.getLogger("tidelog.lightning")

Uploads = bool | Literal["all"]


class CheckpointRecord:
    """Keeps `<namespace>/checkpoints` and `<namespace>/best_model_...` in step with what is on disk.

    A checkpoint's own namespace is its file name: `checkpoints/epoch=3-step=400` holds `path` and `score`, and what is
    uploaded as `file`, or as `files` where Lightning makes a folder.
    """

    def __init__(self, namespace: str, uploads: Uploads = False) -> None:
        self._namespace = namespace
        self._uploads = uploads
        self._seen: set[str] = set()  # the paths that were on disk once: one that is written in a thread may come later
        self._uploaded: dict[str, int] = {}  # the time of change of each, in ns, when it was uploaded
        self._recorded: dict[str, str] = {}  # the namespace of each checkpoint that is recorded, by its path
        self._best_of: str | None = None  # the callback whose best model is the run's best model

    def record(self, run: tidelog.Run, callback: ModelCheckpoint) -> None:
        """Record what the callback has now. Called before Lightning deletes what the new checkpoint replaces."""
        kept = {path: _number(score) for path, score in callback.best_k_models.items()}
        kept[callback.best_model_path] = _number(callback.best_model_score)
        kept.setdefault(callback.last_model_path, None)
        for path, score in kept.items():
            if path:
                namespace = self._recorded[path] = f"{self._namespace}/checkpoints/{_name(path, callback)}"
                where = {"path": _absolute(path)}
                run[namespace] = where if score is None else {**where, "score": score}
        self._forget_deleted(run)
        self._record_best(run, callback)
        if self._uploads == "all":
            self._upload(run)

    def settle(self, run: tidelog.Run) -> None:
        """Record what is kept at the end: Lightning tells nobody of what it deletes after the last that it saved."""
        self._forget_deleted(run)
        if self._uploads:
            self._upload(run)

    def _forget_deleted(self, run: tidelog.Run) -> None:
        """Delete from the run what Lightning has deleted from disk; it does not look for those on remote storage."""
        for path, namespace in list(self._recorded.items()):
            if _is_remote(path):
                continue
            if os.path.exists(path):
                self._seen.add(path)
            elif path in self._seen:
                del run[namespace]
                del self._recorded[path]
                self._uploaded.pop(path, None)

    def _upload(self, run: tidelog.Run) -> None:
        """Upload what is recorded and on disk, unless that was done since it changed; no server is waited for."""
        for path, namespace in self._recorded.items():
            if path not in self._seen:
                continue
            try:
                changed_ns = os.stat(path).st_mtime_ns
                if self._uploaded.get(path) == changed_ns:
                    continue
                if os.path.isdir(path):
                    run[f"{namespace}/files"].upload_files(path)
                else:
                    run[f"{namespace}/file"].upload(path)
                self._uploaded[path] = changed_ns
            except (OSError, tidelog.ArgumentError) as error:
                logger.warning("the checkpoint %s is not uploaded: %s. Its path stays in the run", path, error)

    def _record_best(self, run: tidelog.Run, callback: ModelCheckpoint) -> None:
        """With several callbacks, the first one that monitors a metric says what is best."""
        if self._best_of is None and callback.monitor is not None:
            self._best_of = callback.state_key
        if not callback.best_model_path or self._best_of not in (None, callback.state_key):
            return
        best: dict[str, Any] = {"best_model_path": _absolute(callback.best_model_path)}
        if (score := _number(callback.best_model_score)) is not None:
            best |= {"best_model_score": score, "best_model_metric": callback.monitor}
        run[self._namespace] = best


def _name(path: str, callback: ModelCheckpoint) -> str:
    name = os.path.relpath(path, callback.dirpath) if callback.dirpath else os.path.basename(path)
    return name.removesuffix(callback.FILE_EXTENSION)


def _is_remote(path: str) -> bool:
    return "://" in path


def _absolute(path: str) -> str:
    """Return a path that can be found from elsewhere: whoever reads it on the run's page has another directory."""
    return path if _is_remote(path) else os.path.abspath(path)


def _number(score: Tensor | None) -> float | None:
    return None if score is None else float(score)
