"""Opening runs: `tidelog.init_run`, and a `Client` for one server."""

from __future__ import annotations

import os
from collections.abc import Iterable

from tidelog.run import Run
from tidelog.settings import resolve_settings, resolve_token, resolve_url
from tidelog.switches import resolve_switches


def init_run(
    project: str | None = None, *, name: str | None = None, tags: Iterable[str] | None = None,
    with_id: str | None = None, custom_run_id: str | None = None, mode: str | None = None, url: str | None = None,
    api_token: str | None = None, directory: str | os.PathLike[str] | None = None, capture_hardware: bool | None = None,
    monitoring_namespace: str | None = None, monitoring_interval_s: float | None = None,
    monitoring_figures: Iterable[str] | None = None, capture_stdout: bool | None = None,
    capture_stderr: bool | None = None, flush_interval_s: float = 1.0,
) -> Run:  # fmt: skip
    """Open a run to log to. It never waits for the network and works without a server.

    What is not given comes from the environment: TIDELOG_PROJECT ("default"), TIDELOG_MODE ("async"), TIDELOG_URL
    ("http://127.0.0.1:8600"), TIDELOG_API_TOKEN, TIDELOG_CUSTOM_RUN_ID, and TIDELOG_DIR (".tidelog"), where journals
    are kept.

    `with_id` ("MNIST-3") goes on with a run of the server. Processes that give the same `custom_run_id` write one run,
    which the first of them makes. `mode` is

    - async: everything is written to the journal on disk at once, and sent in the background;
    - offline: everything is written to the journal; `tidelog sync` brings it home;
    - sync: each call waits until the server has what it wrote;
    - read-only: an existing run is read, and writing raises;
    - debug: arguments are checked, nothing is kept.

    `capture_hardware` samples processor, memory, disk, network and GPUs into `monitoring_namespace`, where psutil is
    installed: `monitoring`, or `monitoring/<host>-<rank>` in a job of several ranks. `monitoring_figures` chooses what
    by patterns such as "gpu/*" and "!cpu/core/*", `monitoring_interval_s` how often (1.0). `capture_stdout` and
    `capture_stderr` keep what the program prints. Each of these is on unless its variable, such as
    TIDELOG_CAPTURE_STDOUT, says "no"; in a job of several ranks only rank 0 keeps what it prints.
    `flush_interval_s` is how often the journal is sent, 10 s at most.

    A wrong argument raises an `ArgumentError`.
    """
    return Run(
        resolve_settings(
            project=project, name=name, tags=tags, with_id=with_id, custom_run_id=custom_run_id, mode=mode, url=url,
            api_token=api_token, directory=directory, flush_interval_s=flush_interval_s,
            switches=resolve_switches(
                capture_hardware=capture_hardware, monitoring_namespace=monitoring_namespace,
                monitoring_interval_s=monitoring_interval_s, monitoring_figures=monitoring_figures,
                capture_stdout=capture_stdout, capture_stderr=capture_stderr,
            ),
        )
    )  # fmt: skip


class Client:
    """Opens runs on one server."""

    def __init__(self, url: str | None = None, *, api_token: str | None = None) -> None:
        self.url = resolve_url(url)
        self._api_token = resolve_token(api_token)

    def init_run(
        self, project: str | None = None, *, name: str | None = None, tags: Iterable[str] | None = None,
        with_id: str | None = None, custom_run_id: str | None = None, mode: str | None = None,
        directory: str | os.PathLike[str] | None = None, capture_hardware: bool | None = None,
        monitoring_namespace: str | None = None, monitoring_interval_s: float | None = None,
    monitoring_figures: Iterable[str] | None = None, capture_stdout: bool | None = None,
    capture_stderr: bool | None = None, flush_interval_s: float = 1.0,
    ) -> Run:  # fmt: skip
        """Open a run on this client's server; see `tidelog.init_run`."""
        return init_run(
            project, name=name, tags=tags, with_id=with_id, custom_run_id=custom_run_id, mode=mode, url=self.url,
            api_token=self._api_token, directory=directory, capture_hardware=capture_hardware,
            monitoring_namespace=monitoring_namespace, monitoring_interval_s=monitoring_interval_s,
            monitoring_figures=monitoring_figures, capture_stdout=capture_stdout, capture_stderr=capture_stderr,
            flush_interval_s=flush_interval_s,
        )  # fmt: skip
