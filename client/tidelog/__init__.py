"""tidelog: log a training run to your own server, without ever losing a point or slowing the loop.

import tidelog

with tidelog.init_run(project="mnist") as run:
    run["params"] = {"lr": 1e-3}
    run["train/loss"].append(0.5, step=1)
"""

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
from tidelog.fetching.artifact_tables import fetch_artifacts
from tidelog.fetching.attempt import Attempt
from tidelog.fetching.metrics import fetch_metrics, stream_metrics
from tidelog.fetching.series_tables import download_files, fetch_series
from tidelog.fetching.series_values import SeriesValues
from tidelog.fetching.tables import fetch_model_versions_table, fetch_models_table, fetch_runs_table
from tidelog.files.file import File
from tidelog.models import Model, ModelVersion, Project
from tidelog.run import Run
from tidelog.values.data_tables import Table
from tidelog.values.histograms import Histogram
from tidelog.values.leaves import stringify_unsupported

__version__ = "0.1.0"

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
