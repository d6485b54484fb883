"""What a run captures by itself: arguments of `init_run`, then environment variables, then defaults."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from tidelog import cluster
from tidelog.errors import InvalidValueError, UnsupportedTypeError
from tidelog.values import shown

SAMPLING_INTERVAL_S = 1.0
ALL_FIGURES = ("*",)
ON = ("1", "true", "yes", "on")
OFF = ("0", "false", "no", "off")
VARIABLES = (
    "capture_hardware",
    "capture_stdout",
    "capture_stderr",
    "monitoring_figures",
)  # TIDELOG_CAPTURE_HARDWARE and so on


class Switches(NamedTuple):
    """The switches of one run. `monitoring_namespace` is None where the hardware is not sampled."""

    monitoring_namespace: str | None
    monitoring_interval_s: float
    monitoring_figures: tuple[str, ...]
    console: tuple[int, ...]  # the streams that are captured: 1 is stdout, 2 is stderr
    console_namespace: str


def resolve_switches(
    capture_hardware: bool | None, monitoring_namespace: str | None, monitoring_interval_s: float | None,
    monitoring_figures: Iterable[str] | None, capture_stdout: bool | None, capture_stderr: bool | None,
) -> Switches:  # fmt: skip
    """Check the arguments and fill in what is None."""
    place = cluster.find_place()
    namespace = _namespace(monitoring_namespace)
    console = {
        1: _switch("capture_stdout", capture_stdout, default=place.is_main),
        2: _switch("capture_stderr", capture_stderr, default=place.is_main),
    }
    return Switches(
        monitoring_namespace=namespace if _switch("capture_hardware", capture_hardware, default=True) else None,
        monitoring_interval_s=_interval(monitoring_interval_s),
        monitoring_figures=_names("monitoring_figures", monitoring_figures, ALL_FIGURES),
        console=tuple(stream for stream, is_on in console.items() if is_on),
        console_namespace=namespace,
    )


def without_capture() -> Switches:
    """Return the switches of what no job is: a project, a model, a version of one."""
    return Switches(None, SAMPLING_INTERVAL_S, ALL_FIGURES, (), "")


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


def _names(argument: str, given: Iterable[str] | None, default: tuple[str, ...]) -> tuple[str, ...]:
    """Return a list of names or patterns; in a variable they are separated by commas."""
    if given is None:
        text = os.environ.get(f"TIDELOG_{argument.upper()}")
        return default if text is None else tuple(part.strip() for part in text.split(",") if part.strip())
    if isinstance(given, str):
        raise UnsupportedTypeError(f"{argument} {shown(given)} is text; give a list of str")
    names = tuple(given)
    for name in names:
        if not isinstance(name, str) or not name.strip("! "):
            raise UnsupportedTypeError(f"{argument} has {shown(name)} in it; it is a list of names or patterns")
    return names
