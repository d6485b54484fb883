"""A run: what a training program logs to."""

from __future__ import annotations

import os
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from tidelog import cluster, lifecycle
from tidelog.attribute import Attribute, AwaitedAttribute
from tidelog.console.log import ConsoleLog
from tidelog.errors import InvalidValueError, RunAbortedError, RunStopRequestedError, UnsupportedTypeError
from tidelog.exits import exit_error
from tidelog.journal import records
from tidelog.messages import complain
from tidelog.paths import normal_path
from tidelog.session import Session, UnmutedSession
from tidelog.settings import OnRequest, Settings
from tidelog.source.gatherer import SourceGatherer
from tidelog.switches import without_capture
from tidelog.values.encoding import as_step, encode_value, git_reference, shown
from tidelog.values.kinds import FILE, kind_of
from tidelog.values.leaves import flatten

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tidelog.fetching.artifacts import Artifact
    from tidelog.fetching.attempt import Attempt
    from tidelog.files.file import File
    from tidelog.monitoring import HardwareMonitor
    from tidelog.switches import Switches

STOP_TIMEOUT_S = 60.0
LEVELS = ("info", "warning", "error")
TITLE_CHARACTERS = 1_000
EVENT_CHARACTERS = 100_000


class Run:
    """One run of a training program, made by `tidelog.init_run`.

    Threads may share it. A forked child may go on with it and becomes a writer of the same run. `run["a/b"]` is an
    `Attribute`; `run["a"]["b"]` is the same one.
    """

    def __init__(self, settings: Settings, parent: str | None = None) -> None:
        self._attributes: dict[str, Attribute] = {}
        self._attribute_type = AwaitedAttribute if settings.mode == "sync" else Attribute
        self._session = Session(settings, self._make_monitor, self._hear_request, parent)
        if settings.keeps_journal and parent is None:
            self._record(_description(settings))
            for path, names in (("sys/tags", settings.tags), ("sys/group_tags", settings.group_tags)):
                if names:
                    self[path].add(names)
            if settings.kind == "run":
                own = [(f"{cluster.NAMESPACE}/{path}", value) for path, value in cluster.facts().items()]
                self._unmuted()._record(own)
            self._capture(settings.switches)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process, such as a spawned one: there it becomes a writer of the same run when it logs."""
        session = self._session
        label = session.label
        settings = session.settings._replace(
            with_id=label, custom_run_id=None if label else session.key, name=None, description=None, tags=frozenset(),
            group_tags=frozenset(), switches=without_capture(), log_all_ranks=not session.settings.is_muted,
            on_stop=_portable(session.settings.on_stop), on_abort=_portable(session.settings.on_abort),
        )  # fmt: skip
        parent = os.path.basename(session.directory)
        return _travelled, (type(self), settings, parent)

    # Logging

    def __getitem__(self, path: str) -> Attribute:
        try:
            return self._attributes[path]
        except (KeyError, TypeError):
            return self._attribute(path)

    def __setitem__(self, path: str, value: Any) -> None:
        self._assign(list(flatten(normal_path(path), value)))

    def __delitem__(self, path: str) -> None:
        """Delete the attribute or series at this path and everything below it."""
        deleted = normal_path(path)
        stream = self._session.stream
        stream.write(records.delete(stream.numbers([deleted])[0], time.time()))
        for attribute in list(self._attributes.values()):
            attribute._hear_deletion(deleted)
        self._await_in_sync_mode()

    def alert(self, title: str, text: str = "", level: str = "warning", step: Any = None) -> None:
        """Raise an alert, which the run's page shows: something a person should look at.

        `level` is info, warning or error. A title has up to 1,000 characters, a text 100,000.
        """
        self._tell("alert", level, title, text, step)
        self._await_in_sync_mode()

    # Waiting and ending

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the server has everything that was logged before the call, files too.

        Returns False if it has not: the time is up, the server refuses the run, or the mode sends nothing (offline).
        Without a timeout it waits as long as the server is away.
        """
        return self._session.wait(timeout_s, files=True)

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """End the run as finished and wait up to `timeout_s` for the server to have all of it.

        Never raises for the server's sake: what it could not take stays on disk, and the log says which command brings
        it home. A program that ends without stop() is ended by tidelog in the same way. Logging afterwards raises
        `RunStoppedError`; a second stop() does nothing.
        """
        self._session.end("finished", None, timeout_s)

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """End the run: as finished, or as failed if an exception leaves the block or an exit with a status but 0."""
        asked_to_stop = isinstance(error, RunStopRequestedError)
        if error is None or asked_to_stop or (isinstance(error, SystemExit) and exit_error(error.code) is None):
            self.stop()
        elif isinstance(error, SystemExit):
            self._session.end("failed", exit_error(error.code), STOP_TIMEOUT_S)
        else:
            interrupted = isinstance(error, KeyboardInterrupt)
            timeout_s = lifecycle.INTERRUPT_TIMEOUT_S if interrupted else STOP_TIMEOUT_S
            self._session.end("failed", lifecycle.formatted(error), timeout_s)

    @property
    def stop_requested(self) -> bool:
        """Whether somebody asked the run to stop or to abort, on its page or over the API."""
        return bool(self._session.requests)

    @property
    def abort_requested(self) -> bool:
        """Whether somebody asked the run to abort."""
        return "abort" in self._session.requests

    # What it is

    @property
    def label(self) -> str | None:
        """The run's label, such as MNIST-3; None until the server has answered for the first time."""
        return self._session.label

    @property
    def key(self) -> str | None:
        """The run's key: custom_run_id, or a random one. With with_id it is None until the server has answered."""
        registration = self._session.registration
        return registration.run_key if registration else self._session.key

    @property
    def project(self) -> str:
        """The project's name."""
        registration = self._session.registration
        return registration.project if registration else self._session.settings.project

    @property
    def mode(self) -> str:
        """async, offline, sync, read-only or debug."""
        return self._session.settings.mode

    @property
    def directory(self) -> Path:
        """Where this process keeps what it logs for this run; in a mode that keeps nothing, where it would."""
        from pathlib import Path

        return Path(self._session.directory)

    def get_url(self) -> str:
        """Return the address of the run's page. It does not wait for the server, and works before it has answered."""
        return self._session.url

    @property
    def attempts(self) -> list[Attempt]:
        """The attempts of the run: number 0 began it, each further one resumed it after the processes before were over.

        What an attempt left behind of a series, `run[path].fetch_values(abandoned_by=number)` returns.
        """
        return self._session.reader.attempts()

    def exists(self, path: str) -> bool:
        """Say whether the run has anything at this path or below it."""
        return self._session.reader.exists(normal_path(path))

    def use_artifact(self, name: str, project: str | None = None) -> Artifact:
        """Note that this run uses a version of an artifact, and return that, to be downloaded or looked at.

        `name` is `dataset` (its latest version), `dataset:v3` or `dataset:alias`; `project` is by default the run's.
        Asks the server, which must know the run: raises `ArtifactNotFoundError` or another `ServerError`.
        """
        from tidelog.fetching.artifacts import use

        return use(self._session.reader, name, project or self.project)

    def get_attribute_types(self, path: str = "") -> dict[str, str]:
        """Return the type of each attribute at or below the path, such as `float series`, by its full path."""
        return self._session.reader.types(normal_path(path) if path else "")

    def get_structure(self) -> dict[str, Any]:
        """Return what the run holds: nested dicts with the type of each attribute."""
        from tidelog.fetching.reader import nested

        return nested("", self._session.reader.types())

    def print_structure(self) -> None:
        """Print what the run holds, a line for each attribute, with its type."""
        _print_tree(self.get_structure(), 0)

    def pop(self, path: str) -> None:
        """Delete what is at this path and below it; the same as `del run[path]`."""
        del self[path]

    def __repr__(self) -> str:
        return f"<Run {self.label or self.key} of project {self.project!r}, {self.mode}>"

    # For attributes

    def _attribute(self, path: object) -> Attribute:
        normal = normal_path(path)
        with self._session.stream.lock:
            attribute = self._attributes.get(normal)
            if attribute is None:
                attribute = self._attributes[normal] = self._attribute_type(self, normal)
            return self._attributes.setdefault(str(path), attribute)

    def _assign(self, leaves: list[tuple[str, Any]]) -> None:
        self._record(leaves)
        self._await_in_sync_mode()

    def _record(self, leaves: list[tuple[str, Any]], description: str | None = None) -> None:
        """Check all the values, then record all of them: an error leaves nothing half assigned."""
        checked = [(normal_path(path), _encoded(path, value)) for path, value in leaves]
        attributes = [
            (self._attribute(path), kind_of(value) if isinstance(value, bytes) else FILE) for path, value in checked
        ]
        for attribute, kind in attributes:
            attribute._refuse_other_kind(kind)
        values = [(path, data) for path, value in checked if (data := self._kept(value, description)) is not None]
        numbers = self._session.stream.numbers([path for path, _ in values])
        for attribute, kind in attributes:
            attribute._become(kind)
        now = time.time()
        pairs = zip(numbers, values, strict=True)
        data = b"".join(records.assign(number, now, value) for number, (_, value) in pairs)
        if data:
            self._session.stream.write(data)

    def _hear_request(self, request: str) -> None:
        """React to what somebody asks of the job, as `on_stop` and `on_abort` say. Called in the background thread."""
        settings = self._session.settings
        reaction = settings.on_abort if request == "abort" else settings.on_stop
        if callable(reaction):
            try:
                reaction(self)
            except Exception:  # noqa: BLE001 - a user's callback must not end the thread that ships the journal
                complain("the run's function for a request to %s failed", request, traceback=True)
        elif reaction == "exception":
            error = RunAbortedError if request == "abort" else RunStopRequestedError
            self._session.stream.interrupt(error(f"somebody asked the run {self.label} to {request}"))

    def _tell(self, kind: str, level: str, title: str, text: str, step: object = None) -> None:
        """Record an event."""
        if level not in LEVELS:
            raise InvalidValueError(f"the level {shown(level)} is none of {', '.join(LEVELS)}")
        for name, given, most in (("title", title, TITLE_CHARACTERS), ("text", text, EVENT_CHARACTERS)):
            if not isinstance(given, str):
                raise UnsupportedTypeError(f"the {name} of an alert cannot be {shown(given)}; it is a str")
            if len(given) > most:
                raise InvalidValueError(f"the {name} of an alert has {len(given):,} characters; at most {most:,} fit")
        micros = None if step is None else as_step(step)
        self._session.stream.write(records.event(kind, level, time.time(), micros, title, text))

    def _report(self, level: str, title: str, text: str) -> None:
        """Record an event that tidelog noticed itself, such as a GPU that vanished."""
        self._tell("event", level, title[:TITLE_CHARACTERS], text[:EVENT_CHARACTERS])

    def _kept(self, item: bytes | File, description: str | None) -> bytes | None:
        """Keep the bytes of a file beside the journal and return what the journal says of it."""
        if isinstance(item, bytes):
            return item
        from tidelog.files.methods import reference

        number = self._session.stream.keep_file(item)
        if number is None:
            return None
        return records.FILE_REFERENCE + records.as_json(reference(item, number, description=description))

    def _await_in_sync_mode(self) -> None:
        if self.mode == "sync":
            self._session.await_acknowledgement()

    def _make_monitor(self, namespace: str) -> HardwareMonitor:
        from tidelog.monitoring import HardwareMonitor

        switches = self._session.settings.switches
        return HardwareMonitor(
            self._unmuted(),
            namespace,
            switches.monitoring_interval_s,
            switches.monitoring_figures,
            self._session.record_event,
        )

    def _unmuted(self) -> Run:
        """Return the run as what tidelog captures by itself sees it: it logs in every rank."""
        if self._session.stream is self._session.journal:
            return self
        run = Run.__new__(Run)
        run._attributes, run._attribute_type = {}, Attribute
        run._session = cast(Session, UnmutedSession(self._session))
        return run

    def _capture(self, switches: Switches) -> None:
        """Begin what is captured from the first line on."""
        if switches.console:
            self._session.captures.append(ConsoleLog(self._unmuted(), switches.console_namespace, switches.console))
        if switches.source.asks_for_anything:
            run, journals = self._unmuted(), self._session.settings.directory
            self._session.captures.append(SourceGatherer(run, switches.source, run._assign_git, journals))

    def _assign_git(self, path: str, reference: Mapping[str, Any]) -> None:
        """Assign a git reference, which is a type of its own."""
        value = git_reference(reference)
        attribute = self._attribute(path)
        attribute._refuse_other_kind(kind_of(value))
        number = self._session.stream.numbers([path])[0]
        attribute._become(kind_of(value))
        self._session.stream.write(records.assign(number, time.time(), value))


_runs_from_elsewhere: dict[tuple[int, type, Settings], Run] = {}


def _travelled(kind: type[Run], settings: Settings, parent: str) -> Run:
    """Return the run in a process that it came to; all copies of it are one there."""
    key = (os.getpid(), kind, settings)
    run = _runs_from_elsewhere.get(key)
    if run is None or run._session.stream.stopped:
        run = _runs_from_elsewhere[key] = kind(settings, parent)
    return run


def _portable(reaction: OnRequest) -> OnRequest:
    """Return the reaction to a request as another process can have it: functions stay where they are."""
    return reaction if isinstance(reaction, str) else "ignore"


def _encoded(path: str, value: object) -> bytes | File:
    """Return what is recorded for a value; a file is not kept yet."""
    try:
        return encode_value(path, value)
    except UnsupportedTypeError:
        from tidelog.files.file import file_of

        file = file_of(value)
        if file is None:
            raise
        return file


def _print_tree(branch: dict[str, Any], depth: int) -> None:
    for name, inner in branch.items():
        if isinstance(inner, dict):
            print(f"{'    ' * depth}{name}/")
            _print_tree(inner, depth + 1)
        else:
            print(f"{'    ' * depth}{name}: {inner}")


def _description(settings: Settings) -> list[tuple[str, Any]]:
    """Return what a run says of itself; one that is gone on with only what was asked for."""
    leaves: list[tuple[str, Any]] = []
    if settings.name is not None:
        leaves.append(("sys/name", settings.name))
    if settings.description:
        leaves.append(("sys/description", settings.description))
    if settings.model is not None:
        leaves.append(("sys/model_id", settings.model))
    if settings.with_id is None:
        leaves.append(("sys/hostname", os.uname().nodename))
        leaves.append(("sys/owner", lifecycle.user_name()))
    return leaves
