"""Opening runs: `tidelog.init_run`, and a `Client` for one server."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from tidelog.lifecycle import end_runs_of_notebook
from tidelog.models import Model, ModelVersion, Project
from tidelog.run import Run
from tidelog.settings import OnRequest, Settings, resolve_settings, resolve_token, resolve_url
from tidelog.switches import resolve_switches, without_capture


def init_run(
    project: str | None = None, *, name: str | None = None, tags: Iterable[str] | None = None,
    with_id: str | None = None, custom_run_id: str | None = None, mode: str | None = None, url: str | None = None,
    api_token: str | None = None, directory: str | os.PathLike[str] | None = None, capture_hardware: bool | None = None,
    monitoring_namespace: str | None = None, monitoring_interval_s: float | None = None,
    monitoring_figures: Iterable[str] | None = None, capture_stdout: bool | None = None,
    capture_stderr: bool | None = None, capture_source: bool | None = None,
    git_ref: bool | str | os.PathLike[str] | None = None, source_files: Iterable[str] | None = None,
    dependencies: bool | str | os.PathLike[str] | None = None, environment: Iterable[str] | None = None,
    flush_interval_s: float = 1.0, description: str | None = None,
    group_tags: Iterable[str] | None = None, on_stop: OnRequest = "exception", on_abort: OnRequest = "exception",
    log_all_ranks: bool = False, keep_open: bool = False, fork_run_id: str | None = None,
    fork_step: float | None = None,
) -> Run:  # fmt: skip
    """Open a run to log to. It never waits for the network and works without a server.

    What is not given comes from the environment: TIDELOG_PROJECT ("default"), TIDELOG_MODE ("async"), TIDELOG_URL
    ("http://127.0.0.1:8600"), TIDELOG_API_TOKEN, TIDELOG_CUSTOM_RUN_ID, and TIDELOG_DIR (".tidelog"), where journals
    are kept.

    `with_id` ("MNIST-3") goes on with a run of the server. Processes that give the same `custom_run_id` write one run,
    which the first of them makes. `fork_run_id` ("MNIST-3", or its custom_run_id) and `fork_step` make a new run whose
    history up to that step is the other's. `mode` is

    - async: everything is written to the journal on disk at once, and sent in the background;
    - offline: everything is written to the journal; `tidelog sync` brings it home;
    - sync: each call waits until the server has what it wrote;
    - read-only: an existing run is read, and writing raises;
    - debug: arguments are checked, nothing is kept.

    `capture_hardware` samples processor, memory, disk, network and GPUs into `monitoring_namespace`, where psutil is
    installed: `monitoring`, or `monitoring/<host>-<rank>` in a job of several ranks. `monitoring_figures` chooses what
    by patterns such as "gpu/*" and "!cpu/core/*", `monitoring_interval_s` how often (1.0). `capture_stdout` and
    `capture_stderr` keep what the program prints. `capture_source` keeps the entry point, the commit and what is not
    committed, the command line, the installed packages and a few variables of the environment; `git_ref` names another
    repository or is False, `source_files` are patterns of more files, `dependencies` is a lock file or False,
    `environment` are names or patterns of variables, of which those that promise a secret are never kept. Each of these
    is on unless its variable, such as TIDELOG_CAPTURE_STDOUT, says "no"; of several ranks, only rank 0 keeps what it
    prints and its source.
    `flush_interval_s` is how often the journal is sent, 5 s at most.

    In a job of several ranks that write one run, rank 0 logs, and every rank's hardware is sampled; what other ranks
    log is checked and dropped, unless `log_all_ranks` is set.

    `on_stop` and `on_abort` say what happens when somebody asks the job to end, on the page of the run or over the API:
    "exception" raises `RunStopRequestedError` or `RunAbortedError`, which are `KeyboardInterrupt`s, from the next call
    that logs in the thread that opened the run; "ignore" only sets `run.stop_requested`; a function is called with the
    run, in a background thread.

    In a notebook, the run that an earlier cell opened in the same project is ended first, unless `keep_open` is set.

    A wrong argument raises an `ArgumentError`.
    """
    return _opened(
        keep_open,
        resolve_settings(
            project=project, name=name, tags=tags, with_id=with_id, custom_run_id=custom_run_id, mode=mode, url=url,
            api_token=api_token, directory=directory, flush_interval_s=flush_interval_s, description=description,
            group_tags=group_tags, on_stop=on_stop, on_abort=on_abort, log_all_ranks=log_all_ranks,
            fork_run_id=fork_run_id, fork_step=fork_step,
            switches=resolve_switches(
                capture_hardware=capture_hardware, monitoring_namespace=monitoring_namespace,
                monitoring_interval_s=monitoring_interval_s, monitoring_figures=monitoring_figures,
                capture_stdout=capture_stdout, capture_stderr=capture_stderr, capture_source=capture_source,
                git_ref=git_ref, source_files=source_files, dependencies=dependencies, environment=environment,
            ),
        )
    )  # fmt: skip


def _opened(keep_open: bool, settings: Settings) -> Run:
    if not keep_open:
        end_runs_of_notebook(settings.project)
    return Run(settings)


def init_project(
    project: str | None = None, *, mode: str | None = None, url: str | None = None, api_token: str | None = None,
    directory: str | os.PathLike[str] | None = None, flush_interval_s: float = 1.0,
) -> Project:  # fmt: skip
    """Open the data of a project itself: what belongs to all its runs. Log to it and read it as a run."""
    return Project(
        resolve_settings(
            project=project, name=None, tags=None, with_id=None, custom_run_id=Project.KEY, mode=mode, url=url,
            api_token=api_token, directory=directory, flush_interval_s=flush_interval_s, switches=without_capture(),
            kind="project",
        )
    )  # fmt: skip


def init_model(
    project: str | None = None, *, key: str | None = None, name: str | None = None, tags: Iterable[str] | None = None,
    description: str | None = None, with_id: str | None = None, mode: str | None = None, url: str | None = None,
    api_token: str | None = None, directory: str | os.PathLike[str] | None = None, flush_interval_s: float = 1.0,
) -> Model:  # fmt: skip
    """Open a model: what several versions have in common. Log to it and read it as a run.

    `key` ("NET") names it within its project, and makes it if it is new; its label is the project's key and this one:
    MNIST-NET. `with_id` ("MNIST-NET") goes on with one that is there.
    """
    return Model(
        resolve_settings(
            project=project, name=name, tags=tags, with_id=with_id, custom_run_id=Model.checked_key(key, with_id),
            mode=mode, url=url, api_token=api_token, directory=directory, flush_interval_s=flush_interval_s,
            switches=without_capture(), kind="model", description=description,
        )
    )  # fmt: skip


def init_model_version(
    model: str | None = None, *, project: str | None = None, custom_id: str | None = None, name: str | None = None,
    tags: Iterable[str] | None = None, description: str | None = None, with_id: str | None = None,
    mode: str | None = None, url: str | None = None, api_token: str | None = None,
    directory: str | os.PathLike[str] | None = None, flush_interval_s: float = 1.0,
) -> ModelVersion:  # fmt: skip
    """Open a version of a model: a new one of `model` ("MNIST-NET"), or by `with_id` ("MNIST-NET-3") one that is there.

    Log to it and read it as a run; `change_stage` says how far it has come. Processes that give the same `custom_id`
    write one version. The version belongs to the project of its model; `project` only names the folder of its journal.
    """
    return ModelVersion(
        resolve_settings(
            project=project, name=name, tags=tags, with_id=with_id, custom_run_id=custom_id, mode=mode, url=url,
            api_token=api_token, directory=directory, flush_interval_s=flush_interval_s, switches=without_capture(),
            kind="model_version", model=ModelVersion.checked_model(model, with_id), description=description,
        )
    )  # fmt: skip


class Client:
    """Opens runs, models and projects on one server: the module's functions, with the server's address and token."""

    def __init__(self, url: str | None = None, *, api_token: str | None = None) -> None:
        self.url = resolve_url(url)
        self._api_token = resolve_token(api_token)

    def init_run(self, project: str | None = None, **settings: Any) -> Run:
        """Open a run on this client's server; see `tidelog.init_run`."""
        return init_run(project, url=self.url, api_token=self._api_token, **settings)

    def init_project(self, project: str | None = None, **settings: Any) -> Project:
        """Open the data of a project on this client's server; see `tidelog.init_project`."""
        return init_project(project, url=self.url, api_token=self._api_token, **settings)

    def init_model(self, project: str | None = None, **settings: Any) -> Model:
        """Open a model on this client's server; see `tidelog.init_model`."""
        return init_model(project, url=self.url, api_token=self._api_token, **settings)

    def init_model_version(self, model: str | None = None, **settings: Any) -> ModelVersion:
        """Open a version of a model on this client's server; see `tidelog.init_model_version`."""
        return init_model_version(model, url=self.url, api_token=self._api_token, **settings)
