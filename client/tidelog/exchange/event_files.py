"""Reading TensorBoard's event files, with TensorBoard's own reader: scalars, texts, histograms, images, hparams.

A file whose last record was cut off is read up to there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, NamedTuple

from tidelog.errors import ExportError, MissingPackageError

MARK = "tfevents"  # in the name of every event file
PLUGINS = ("scalars", "text", "histograms", "images", "hparams")


class Logged(NamedTuple):
    """One value of an event file. `kind` is the plugin that shows it."""

    kind: str
    tag: str
    step: int
    seconds: float
    value: Any  # float, text, (edges, counts), bytes of an image, or a dict of hyper-parameters


def require_tensorboard() -> None:
    """Raise what to install where TensorBoard is missing."""
    if find_spec("tensorboard") is None:
        raise MissingPackageError("event files are read by TensorBoard: pip install 'tidelog[tensorboard]'")


def event_folders(root: str) -> dict[str, list[str]]:
    """Return the event files below a folder, by the folder that they are in: each of these is one run.

    Files of one folder are in the order of their names, which begin with the time at which they were made.
    """
    if not os.path.isdir(root):
        raise ExportError(f"{root} is no folder, so there are no event files in it")
    found: dict[str, list[str]] = {}
    for folder, subfolders, names in os.walk(root):
        subfolders.sort()
        files = sorted(os.path.join(folder, name) for name in names if MARK in name)
        if files:
            found[folder] = files
    return dict(sorted(found.items()))


def read_event_files(paths: list[str]) -> Iterator[Logged]:
    """Yield what the files hold, in the order in which it was written."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    plugins: dict[str, str] = {}  # only the first value of a tag says which plugin it is for
    for path in paths:
        for event in EventFileLoader(path).Load():
            for value in event.summary.value:
                name = value.metadata.plugin_data.plugin_name
                plugin = plugins.setdefault(value.tag, name) if name else plugins.get(value.tag, "")
                yield from _logged(plugin, event, value)


def _logged(plugin: str, event: Any, value: Any) -> Iterator[Logged]:
    if plugin not in PLUGINS:
        return
    if plugin == "hparams":
        parameters = _hyper_parameters(value.metadata.plugin_data.content)
        if parameters:
            yield Logged(plugin, "hparams", event.step, event.wall_time, parameters)
        return
    from tensorboard.util import tensor_util

    content = tensor_util.make_ndarray(value.tensor)
    if plugin == "scalars":
        yield Logged(plugin, value.tag, event.step, event.wall_time, float(content.item()))
    elif plugin == "text":
        texts = [item.decode("utf-8", "replace") for item in content.ravel().tolist()]
        yield Logged(plugin, value.tag, event.step, event.wall_time, "\n".join(texts))
    elif plugin == "histograms":
        if len(content):
            yield Logged(plugin, value.tag, event.step, event.wall_time, edges_and_counts(content.tolist()))
    else:  # width and height, then one image after the other
        images = content.ravel().tolist()[2:]
        for number, image in enumerate(images):
            tag = value.tag if len(images) == 1 else f"{value.tag}/{number}"
            yield Logged(plugin, tag, event.step, event.wall_time, image)


def edges_and_counts(buckets: list[list[float]]) -> tuple[list[float], list[float]]:
    """Return n + 1 ascending edges and n counts of buckets (left, right, count).

    TensorBoard says by a bucket without a width that all values are the same; it gets the smallest width there is.
    """
    from math import inf, nextafter

    edges: list[float] = []
    counts: list[float] = []
    for left, right, count in sorted(buckets):
        if edges and left > edges[-1]:
            edges, counts = [*edges, left], [*counts, 0.0]
        start = edges[-1] if edges else left
        if right <= start:
            if not count:
                continue
            right = nextafter(start, inf)
        edges = [*(edges or [start]), right]
        counts.append(count)
    return (edges, counts) if counts else ([0.0, 1.0], [0.0])


def _hyper_parameters(content: bytes) -> dict[str, Any]:
    from tensorboard.plugins.hparams import plugin_data_pb2

    data = plugin_data_pb2.HParamsPluginData.FromString(content)
    parameters = {}
    for name, value in data.session_start_info.hparams.items():
        kind = value.WhichOneof("kind")
        if kind in ("number_value", "string_value", "bool_value"):
            parameters[name] = getattr(value, kind)
    return parameters
