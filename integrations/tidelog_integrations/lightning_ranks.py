"""How the processes of one Trainer share a run: what each opens it with, so that nothing is measured or told twice."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from tidelog.cluster import find_place

MACHINE = ("!cpu/*", "!memory/*", "!disk/*", "!network/*", "!gpu/*")  # all figures but those of a rank's own processes
NO_CAPTURE = {"capture_stdout": False, "capture_stderr": False, "capture_source": False}

Arguments = dict[str, Any]


def watched_host() -> str | None:
    """Return this host if a run that is opened now samples the whole machine, and not only the share of one rank."""
    return None if find_place().is_one_of_many else os.uname().nodename


def joining(arguments: Mapping[str, Any], rank: int, watched: str | None, *, is_first_here: bool) -> Arguments:
    """Return what a process that joins the run of another opens it with.

    `watched` is the host that is sampled already. A process that a launcher started knows its place; of one that was
    spawned, nothing but its rank is known, and its console goes through that of the process which spawned it.
    """
    host = os.uname().nodename
    is_told_its_place = find_place().is_one_of_many
    joined: Arguments = {**arguments}
    if joined.get("monitoring_namespace") or not is_told_its_place:
        joined["monitoring_namespace"] = f"{joined.get('monitoring_namespace') or 'monitoring'}/{host}-{rank}"
    if not is_told_its_place:
        joined |= NO_CAPTURE
    if host == watched or not (is_told_its_place or is_first_here):
        joined["monitoring_figures"] = [*(joined.get("monitoring_figures") or ("*",)), *MACHINE]
    return joined
