"""tidelog: log a training run to your own server, without ever losing a point or slowing the loop.

import tidelog

with tidelog.init_run(project="mnist") as run:
    run["params"] = {"lr": 1e-3}
    run["train/loss"].append(0.5, step=1)
"""

from typing import TYPE_CHECKING, Any

from tidelog.attribute import Attribute
from tidelog.client import Client, init_model, init_model_version, init_project, init_run
from tidelog.errors import (
    AccessDeniedError,
    ArgumentError,
    ArtifactNotFoundError,
    AttributeNotFoundError,
    ExportError,
    FileNotHereError,
    HashMismatchError,
    InvalidPathError,
    InvalidValueError,
    JournalError,
    KindConflictError,
    MissingPackageError,
    NoServerError,
    NotFoundError,
    QueryError,
    ReadOnlyError,
    RunAbortedError,
    RunDeletedError,
    RunError,
    RunInterruption,
    RunNotFoundError,
    RunStoppedError,
    RunStopRequestedError,
    ServerBusyError,
    ServerError,
    ServerUnreachableError,
    TidelogError,
    UnsupportedTypeError,
)
from tidelog.models import Model, ModelVersion, Project
from tidelog.run import Run
from tidelog.values.histograms import Histogram
from tidelog.values.leaves import stringify_unsupported

if TYPE_CHECKING:
    from tidelog.fetching.artifact_tables import fetch_artifacts
    from tidelog.fetching.attempt import Attempt
    from tidelog.fetching.metrics import fetch_metrics, stream_metrics
    from tidelog.fetching.series_tables import download_files, fetch_series
    from tidelog.fetching.series_values import SeriesValues
    from tidelog.fetching.tables import fetch_model_versions_table, fetch_models_table, fetch_runs_table
    from tidelog.files.file import File
    from tidelog.values.data_tables import Table

__version__ = "0.1.0"

# What reads, and what only some programs log, is loaded when it is first named: a training job starts without it.
_MODULES = {
    "fetch_artifacts": "tidelog.fetching.artifact_tables",
    "Attempt": "tidelog.fetching.attempt",
    "fetch_metrics": "tidelog.fetching.metrics",
    "stream_metrics": "tidelog.fetching.metrics",
    "download_files": "tidelog.fetching.series_tables",
    "fetch_series": "tidelog.fetching.series_tables",
    "SeriesValues": "tidelog.fetching.series_values",
    "fetch_model_versions_table": "tidelog.fetching.tables",
    "fetch_models_table": "tidelog.fetching.tables",
    "fetch_runs_table": "tidelog.fetching.tables",
    "File": "tidelog.files.file",
    "Table": "tidelog.values.data_tables",
}

__all__ = [
    "AccessDeniedError",
    "ArgumentError",
    "ArtifactNotFoundError",
    "Attempt",
    "Attribute",
    "AttributeNotFoundError",
    "Client",
    "ExportError",
    "File",
    "FileNotHereError",
    "HashMismatchError",
    "Histogram",
    "InvalidPathError",
    "InvalidValueError",
    "JournalError",
    "KindConflictError",
    "MissingPackageError",
    "Model",
    "ModelVersion",
    "NoServerError",
    "NotFoundError",
    "Project",
    "QueryError",
    "ReadOnlyError",
    "Run",
    "RunAbortedError",
    "RunDeletedError",
    "RunError",
    "RunInterruption",
    "RunNotFoundError",
    "RunStopRequestedError",
    "RunStoppedError",
    "SeriesValues",
    "ServerBusyError",
    "ServerError",
    "ServerUnreachableError",
    "Table",
    "TidelogError",
    "UnsupportedTypeError",
    "__version__",
    "download_files",
    "fetch_artifacts",
    "fetch_metrics",
    "fetch_model_versions_table",
    "fetch_models_table",
    "fetch_runs_table",
    "fetch_series",
    "init_model",
    "init_model_version",
    "init_project",
    "init_run",
    "stream_metrics",
    "stringify_unsupported",
]


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(module), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
