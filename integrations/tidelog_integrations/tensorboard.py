"""TensorBoard: what a `SummaryWriter` of torch or tensorboardX writes goes to a run as well, while training.

    with mirrored(run):
        writer = SummaryWriter()
        writer.add_scalar("train/loss", loss, step)

Every kind of summary ends in one method of the event file's writer, `FileWriter.add_event`. That one is wrapped, so no
file is read again and nothing waits for a flush; what the method of the user's writer does is left as it is.
"""

from __future__ import annotations

import functools
import logging
import math
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tidelog

logger = logging.getLogger("tidelog.tensorboard")

WRITERS = ("torch.utils.tensorboard.writer", "tensorboardX.writer")
PLUGIN_OF_HYPER_PARAMETERS = "hparams"
UNPRINTABLE = dict.fromkeys((*range(32), *range(127, 160)), " ")

AddEvent = Callable[..., Any]


@contextmanager
def mirrored(run: tidelog.Run, namespace: str = "") -> Iterator[Mirror]:
    """Mirror every SummaryWriter of this process into a run, while the block lasts.

    Tags become paths below `namespace`; steps and wall times are those of the event. A writer in a folder below that
    of the first one, as `add_scalars` makes, gets that folder's name in front of its tags. Scalars, texts, images and
    histograms are mirrored, hyper-parameters as values below `hparams`; audio, video, meshes and graphs are not.
    """
    mirror = Mirror(run, namespace)
    mirror.begin()
    try:
        yield mirror
    finally:
        mirror.end()


class Mirror:
    """Hands events on to a run. `begin` and `end` bracket it; `mirrored` does both."""

    def __init__(self, run: tidelog.Run, namespace: str = "") -> None:
        self._run = run
        self._namespace = namespace.strip("/")
        self._root: str | None = None
        self._lock = threading.Lock()
        self._originals: list[tuple[type, AddEvent]] = []
        self._complained: set[str] = set()

    def begin(self) -> None:
        """Wrap the writers that are imported, or can be; raises ImportError if there is none."""
        for name in WRITERS:
            module = _imported(name)
            if module is not None:
                original: AddEvent = module.FileWriter.add_event
                self._originals.append((module.FileWriter, original))
                module.FileWriter.add_event = self._wrapped(original)
        if not self._originals:
            raise ImportError("there is no SummaryWriter to mirror: install tensorboard beside torch, or tensorboardX")

    def end(self) -> None:
        """Leave the writers as they were."""
        while self._originals:
            writer, original = self._originals.pop()
            writer.add_event = original  # type: ignore[attr-defined]

    def _wrapped(self, original: AddEvent) -> AddEvent:
        @functools.wraps(original)
        def add_event(writer: Any, event: Any, *arguments: Any, **named: Any) -> Any:
            result = original(writer, event, *arguments, **named)
            try:
                self._take(writer.get_logdir(), event)
            except Exception as error:  # noqa: BLE001 - what a run cannot take must not end a training; it is logged
                self._complain(error)
            return result

        return add_event

    def _take(self, folder: str, event: Any) -> None:
        place = self._place(folder)
        for value in event.summary.value:
            path = _path(self._namespace, place, value.tag)
            if value.metadata.plugin_data.plugin_name == PLUGIN_OF_HYPER_PARAMETERS:
                self._take_hyper_parameters(value.metadata.plugin_data.content, event)
            elif path and (point := _point(value)) is not None:
                self._run[path].append(point, step=event.step, timestamp=event.wall_time)

    def _take_hyper_parameters(self, content: bytes, event: Any) -> None:
        data = _hyper_parameters_class(event).FromString(content)
        for name, value in data.session_start_info.hparams.items():
            kind = value.WhichOneof("kind")
            if kind in ("number_value", "string_value", "bool_value"):
                self._run[_path(self._namespace, "hparams", name)] = getattr(value, kind)

    def _place(self, folder: str) -> str:
        """Return where a writer's folder lies below the first one's."""
        folder = os.path.abspath(folder)
        with self._lock:
            self._root = self._root or folder
        below = os.path.relpath(folder, self._root)
        return "" if below == "." or below.startswith("..") else below

    def _complain(self, error: Exception) -> None:
        kind = f"{type(error).__name__}: {error}"[:200]
        if kind not in self._complained:
            self._complained.add(kind)
            logger.warning("a summary was not mirrored: %s. The event file has it", error, exc_info=error)


def _imported(name: str) -> Any:
    """Return a module of a writer; None where its package is not installed, or lacks what it needs."""
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError:
        return None


def _hyper_parameters_class(event: Any) -> Any:
    """Return the message of hyper-parameters: tensorboardX has one of its own, torch takes TensorBoard's."""
    own = sys.modules.get(type(event).__module__.replace("event_pb2", "plugin_hparams_pb2"))
    if own is not None:
        return own.HParamsPluginData
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    return HParamsPluginData


def _point(value: Any) -> Any:
    """Return what of a summary's value a run takes: a number, a text, an image or a histogram; else None."""
    kind = value.WhichOneof("value")
    if kind == "simple_value":
        return value.simple_value
    if kind == "image":
        return tidelog.File.from_content(value.image.encoded_image_string, extension="png")
    if kind == "histo":
        return _histogram(value.histo)
    if kind == "tensor" and value.tensor.string_val and value.metadata.plugin_data.plugin_name == "text":
        return "\n".join(text.decode("utf-8", "replace") for text in value.tensor.string_val)
    if kind == "tensor" and value.metadata.plugin_data.plugin_name == "scalars":
        numbers = [*value.tensor.float_val, *value.tensor.double_val]
        return numbers[0] if numbers else None
    return None


def _histogram(histogram: Any) -> tidelog.Histogram | None:
    """Return the buckets between the least and the greatest value; the outermost ones reach to the end of numbers."""
    edges: list[float] = []
    counts: list[float] = []
    for limit, count in zip(histogram.bucket_limit, histogram.bucket, strict=True):
        if not edges:
            edges = [min(histogram.min, limit)]
        right = min(limit, max(histogram.max, edges[-1]))
        if right <= edges[-1]:
            if not count:
                continue
            right = math.nextafter(edges[-1], math.inf)
        edges.append(right)
        counts.append(count)
    return tidelog.Histogram(edges=edges, counts=counts) if counts else None


def _path(*parts: str) -> str:
    names = [name.translate(UNPRINTABLE) for part in parts for name in part.split("/") if name.strip()]
    return "/".join(names)
