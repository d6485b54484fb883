"""What a run captures by itself: arguments of `init_run`, then environment variables, then defaults."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from tidelog import cluster
from tidelog.errors import InvalidValueError, UnsupportedTypeError
from tidelog.source.choice import NOTHING, SourceChoice
from tidelog.values.encoding import shown

SAMPLING_INTERVAL_S = 1.0
ALL_FIGURES = ("*",)
USUAL_VARIABLES = (
    "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "CUDA_LAUNCH_BLOCKING", "CUBLAS_WORKSPACE_CONFIG",
    "NVIDIA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "NCCL_*", "OMP_NUM_THREADS",
    "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PYTHONHASHSEED", "PYTORCH_CUDA_ALLOC_CONF", "TORCH_*", "XLA_FLAGS",
    "TF_CPP_MIN_LOG_LEVEL", "TF_DETERMINISTIC_OPS", "TF_ENABLE_ONEDNN_OPTS", "TF_FORCE_GPU_ALLOW_GROWTH",
    "TF_XLA_FLAGS", "JAX_*", "KERAS_BACKEND", "CONDA_DEFAULT_ENV", "VIRTUAL_ENV",
)  # fmt: skip
ON = ("1", "true", "yes", "on")
OFF = ("0", "false", "no", "off")
VARIABLES = (
    "capture_hardware",
    "capture_stdout",
    "capture_stderr",
    "capture_source",
    "monitoring_figures",
    "source_files",
    "dependencies",
    "environment",
)  # TIDELOG_CAPTURE_HARDWARE and so on


class Switches(NamedTuple):
    """The switches of one run. `monitoring_namespace` is None where the hardware is not sampled."""

    monitoring_namespace: str | None
    monitoring_interval_s: float
    monitoring_figures: tuple[str, ...]
    console: tuple[int, ...]  # the streams that are captured: 1 is stdout, 2 is stderr
    console_namespace: str
    source: SourceChoice


def resolve_switches(
    capture_hardware: bool | None, monitoring_namespace: str | None, monitoring_interval_s: float | None,
    monitoring_figures: Iterable[str] | None, capture_stdout: bool | None, capture_stderr: bool | None,
    capture_source: bool | None, git_ref: bool | str | os.PathLike[str] | None, source_files: Iterable[str] | None,
    dependencies: bool | str | os.PathLike[str] | None, environment: Iterable[str] | None,
) -> Switches:  # fmt: skip
    """Check the arguments and fill in what is None."""
    place = cluster.find_place()
    namespace = _namespace(monitoring_namespace)
    figures = _names("monitoring_figures", monitoring_figures)
    console = {
        1: _switch("capture_stdout", capture_stdout, default=place.is_main),
        2: _switch("capture_stderr", capture_stderr, default=place.is_main),
    }
    return Switches(
        monitoring_namespace=namespace if _switch("capture_hardware", capture_hardware, default=True) else None,
        monitoring_interval_s=_interval(monitoring_interval_s),
        monitoring_figures=ALL_FIGURES if figures is None else figures,
        console=tuple(stream for stream, is_on in console.items() if is_on),
        console_namespace=namespace,
        source=_source(place.is_main, capture_source, git_ref, source_files, dependencies, environment),
    )


def without_capture() -> Switches:
    """Return the switches of what no job is: a project, a model, a version of one."""
    return Switches(None, SAMPLING_INTERVAL_S, ALL_FIGURES, (), "", NOTHING)


def _source(
    is_main: bool, capture_source: object, git_ref: object, source_files: Iterable[str] | None, dependencies: object,
    environment: Iterable[str] | None,
) -> SourceChoice:  # fmt: skip
    """Return what is gathered: by default all of it in the main process; what an argument names, in any."""
    code = _switch("capture_source", capture_source, default=is_main)
    files, variables = _names("source_files", source_files), _names("environment", environment)
    if dependencies is None:
        dependencies = os.environ.get("TIDELOG_DEPENDENCIES") or None
    if isinstance(dependencies, str) and dependencies.strip().lower() in (*ON, *OFF, "infer"):
        dependencies = dependencies.strip().lower() not in OFF
    return SourceChoice(
        code=code,
        git=code if git_ref is None else git_ref is not False,
        git_folder=_path("git_ref", git_ref),
        files=files if code or files is not None else (),
        packages=code if dependencies is None else dependencies is True,
        lock_file=_path("dependencies", dependencies),
        variables=(USUAL_VARIABLES if code else ()) if variables is None else variables,
    )


def _path(argument: str, value: object) -> str | None:
    """Return the path that an argument names that may also be a switch."""
    if value is None or isinstance(value, bool):
        return None
    if not isinstance(value, (str, os.PathLike)):
        raise UnsupportedTypeError(f"{argument} {shown(value)} is not True, False, or a path")
    return os.fspath(value)


def _switch(argument: str, value: object, *, default: bool) -> bool:
    """Return whether something is on: as the argument says, else the variable of its name, else the default."""
    if isinstance(value, bool):
        return value
    if value is not None:
        raise UnsupportedTypeError(f"{argument} {shown(value)} is not True, False or None")
    variable = f"TIDELOG_{argument.upper()}"
    text = os.environ.get(variable, "").strip().lower()
    if text in ("", *ON, *OFF):
        return text in ON if text else default
    raise InvalidValueError(f"{variable}={text!r} is neither on (1, true, yes) nor off (0, false, no)")


def _namespace(given: str | None) -> str:
    if given is not None and (not isinstance(given, str) or not given.strip("/ ")):
        raise InvalidValueError(f"monitoring_namespace {shown(given)} is not a path such as 'monitoring'")
    return given or cluster.monitoring_namespace()


def _interval(given: float | None) -> float:
    value: object = given
    if value is None:
        value = os.environ.get("TIDELOG_MONITORING_INTERVAL_S") or SAMPLING_INTERVAL_S
    try:
        seconds = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        seconds = 0.0
    if isinstance(value, bool) or not 0.0 < seconds < float("inf"):
        raise InvalidValueError(f"monitoring_interval_s {shown(value)} is not a number of seconds above 0")
    return seconds


def _names(argument: str, given: Iterable[str] | None) -> tuple[str, ...] | None:
    """Return a list of names or patterns; in a variable they are separated by commas. None: not given."""
    if given is None:
        text = os.environ.get(f"TIDELOG_{argument.upper()}")
        return None if text is None else tuple(part.strip() for part in text.split(",") if part.strip())
    if isinstance(given, str):
        raise UnsupportedTypeError(f"{argument} {shown(given)} is text; give a list of str")
    names = tuple(given)
    for name in names:
        if not isinstance(name, str) or not name.strip("! "):
            raise UnsupportedTypeError(f"{argument} has {shown(name)} in it; it is a list of names or patterns")
    return names
