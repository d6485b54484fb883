"""The side of a child process: runs one job of `benchmarks.jobs` and prints its result as the last line of JSON.

A job is measured in a process of its own, so that neither the harness's imports nor another tracker's threads count.
Standard output is kept for the conversation with the parent; what a tracker prints goes to standard error.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
from typing import Any, TextIO

from benchmarks.errors import NotInstalledError

HELPERS_DEADLINE_S = 15.0  # W&B's helper process ends a moment after the run does

_conversation: TextIO | None = None


def ask(message: dict[str, Any]) -> None:
    """Send the parent a message, and wait until it answers."""
    _say(message)
    if not sys.stdin.readline():
        raise SystemExit("the parent is gone")


def cpu_used_s() -> float:
    """CPU seconds of this process with all its threads, and of its child processes that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def wait_for_helpers() -> None:
    """Wait for the processes that the tracker started, so that `cpu_used_s` counts them."""
    deadline = time.monotonic() + HELPERS_DEADLINE_S
    while time.monotonic() < deadline:
        try:
            ended, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not ended:
            time.sleep(0.01)
    print("a helper process of the tracker did not end: its CPU time is missing", file=sys.stderr)


def main(address: str, arguments: str) -> int:
    """Run the job `module:function` with keyword arguments given as JSON."""
    global _conversation
    _conversation = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    module, function = address.split(":")
    try:
        job = getattr(importlib.import_module(module), function)
        _say({"result": job(**json.loads(arguments))})
    except NotInstalledError as error:
        _say({"not_installed": str(error)})
    return 0


def _say(message: dict[str, Any]) -> None:
    if _conversation is None:
        raise RuntimeError("a job talks to its parent only when it runs as a child")
    _conversation.write(json.dumps(message) + "\n")
    _conversation.flush()


if __name__ == "__main__":
    from benchmarks import child  # the copy that jobs import, not this one named __main__

    raise SystemExit(child.main(sys.argv[1], sys.argv[2]))
