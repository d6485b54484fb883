"""What a run has going on in one process: the stream that takes its records, the thread behind it, and their end.

A forked child's copy of a session begins all of this anew when the child logs something.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from tidelog import lifecycle
from tidelog.journal import records
from tidelog.journal.journal import Journal
from tidelog.journal.segments import JournalFolder, Origin
from tidelog.journal.stream import DebugStream, ReadOnlyStream, Stream
from tidelog.keys import random_run_key, random_writer
from tidelog.messages import inform, warn
from tidelog.paths import quoted
from tidelog.settings import Settings
from tidelog.shipping.background import Background
from tidelog.shipping.delivery import Delivery

if TYPE_CHECKING:
    from tidelog.fetching.reader import Reader
    from tidelog.monitoring import HardwareMonitor
    from tidelog.shipping.shipper import Registration
    from tidelog.shipping.transport import Transport

ACKNOWLEDGEMENT_TIMEOUT_S = 10.0  # how long a call waits in mode sync before it goes on
CHILD_TIMEOUT_S = 5.0  # a forked child that ends leaves what is not sent by then to its parent


class Capture(Protocol):
    """What is captured while a run goes on, and ends before it does."""

    def stop(self) -> None:
        """Record what is still to be recorded, and nothing more."""


class Session:
    """The stream, the thread and the reader of a run. `make_monitor` makes what samples the hardware."""

    def __init__(
        self,
        settings: Settings,
        make_monitor: Callable[[str], HardwareMonitor],
        on_request: Callable[[str], None] = lambda request: None,
        parent: str | None = None,
    ) -> None:
        self.settings = settings
        self.requests: set[str] = set()  # what was asked of the job: stop, abort
        self._on_request = on_request
        self.key = None if settings.with_id else settings.custom_run_id or random_run_key()
        self.registration: Registration | None = None
        self._make_monitor = make_monitor
        self._is_child = parent is not None  # a copy that a forked or spawned process got
        self._background: Background | None = None
        self._reader: Reader | None = None
        self._late_warned = False
        self.captures: list[Capture] = []
        self.journal = (
            Journal(settings.directory, self._origin, self._start_background) if settings.keeps_journal else None
        )
        self.stream = self._open_stream()  # what the program's calls write to
        if self.journal is not None and parent is None:
            self.journal.begin()
        elif self.journal is not None:
            self.journal.begin_later(parent)
        lifecycle.watch(self, owns_process=not self._is_child)

    @property
    def label(self) -> str | None:
        """The run's label, as soon as it is known."""
        return self.registration.label if self.registration else self.settings.with_id

    @property
    def url(self) -> str:
        """The address of the run's page; by its key while the label is not known."""
        project = self.registration.project if self.registration else self.settings.project
        return f"{self.settings.url}/projects/{quoted(project)}/runs/{quoted(self.label or self.key or '')}"

    @property
    def directory(self) -> str:
        """Where this process keeps the run; where it would, if it keeps nothing."""
        folder = self.journal.folder if self.journal is not None else None
        return folder.path if folder else self.settings.directory

    @property
    def reader(self) -> Reader:
        """What reads the run back."""
        if self._reader is None:
            from tidelog.fetching.reader import Reader

            self._reader = Reader(self)
        return self._reader

    def wait(self, timeout_s: float | None, *, files: bool = False) -> bool:
        """Wait until the server has every record that this process wrote so far, and every file too if asked for."""
        if self.journal is None:
            return True
        if self._background is None:
            return self.journal.waiting
        return self._background.wait_for(self.journal.mark(), timeout_s, self.journal.files if files else 0)

    def await_acknowledgement(self) -> None:
        """Wait in mode sync; a server that is away makes it slow but stops nothing."""
        if not self.wait(ACKNOWLEDGEMENT_TIMEOUT_S, files=True) and not self._late_warned:
            self._late_warned = True
            warn(
                "the server did not acknowledge within %s s. The run goes on; its data is in %s",
                ACKNOWLEDGEMENT_TIMEOUT_S, self.directory,
            )  # fmt: skip

    def record_event(self, level: str, title: str, text: str) -> None:
        """Record something that happened to the job; a run that has ended hears of nothing more."""
        if not self.stream.stopped and self.journal is not None:
            self.journal.write(records.event("event", level, time.time(), None, title, text))

    def connect(self) -> Transport:
        """Return a new connection to the run's server."""
        from tidelog.shipping.transport import Transport

        return Transport(self.settings.url, self.settings.api_token)

    def end(self, ending: str, error: str | None, timeout_s: float) -> None:
        """End the run in this process; the first call counts."""
        lifecycle.forget(self)
        if self.stream.stopped:
            return
        if self._background is not None:
            self._background.stop_monitor()
        for capture in self.captures:
            capture.stop()
        self.stream.close(ending, error)
        if self.journal is not None:
            self.journal.close(ending, error)
        if self._reader is not None:
            self._reader.close()
        if self._background is not None:
            self._finish(self._background, ending, min(timeout_s, CHILD_TIMEOUT_S) if self._is_child else timeout_s)
        if self.journal is not None and self.journal.dropped:
            warn("%s records were dropped because the disk refused them", f"{self.journal.dropped:,}")

    def forked(self) -> None:
        """Become a copy in a forked child: nothing is begun until the child logs something."""
        self.stream.forked()
        if self.journal is not None and self.journal is not self.stream:
            self.journal.forked()
            self.stream.lock = self.journal.lock
        self.captures = []
        self._background = None
        self._reader = None
        self._is_child = True
        self.requests = set()

    def _finish(self, background: Background, ending: str, timeout_s: float) -> None:
        folder = background.folder
        try:
            if background.finish(ending, timeout_s):
                folder.remove()
            elif not self._is_child and folder.exists():
                self._say_what_is_left(background)
        except KeyboardInterrupt:
            self._say_what_is_left(background)
            raise
        finally:
            folder.lock.release()

    def _say_what_is_left(self, background: Background) -> None:
        left, reason = background.what_is_left()
        warn(
            "the run ended with %s that the server does not have%s. They are safe in %s; this brings them home: %s",
            left,
            f" ({reason})" if reason else "",
            background.folder.path,
            background.folder.way_home,
        )

    def _open_stream(self) -> Stream:
        if self.settings.mode == "debug":
            return DebugStream()
        if self.settings.mode == "read-only":
            return ReadOnlyStream()
        if self.settings.is_muted or self.journal is None:
            stream = DebugStream()
            stream.lock = self.journal.lock if self.journal is not None else stream.lock
            return stream
        return self.journal

    def _origin(self, parent: str | None) -> Origin:
        settings = self.settings
        return Origin(
            project=settings.project, run_key=self.key, with_id=settings.with_id, writer=random_writer(), parent=parent,
            created_ms=time.time_ns() // 1_000_000, host=os.uname().nodename, pid=os.getpid(), name=settings.name,
            mode=settings.mode, url=settings.url, kind=settings.kind, model=settings.model,
            fork_run=settings.fork_run_id, fork_step=settings.fork_step,
        )  # fmt: skip

    def _start_background(self, journal: Journal, folder: JournalFolder, origin: Origin) -> None:
        """Begin shipping a writer's journal: the first, or a forked child's once it has written something."""
        delivery: Delivery | None = None
        if self.settings.talks:
            delivery = Delivery(folder, origin, self.connect, self._registered, self._requested)
        self._background = Background(journal, delivery, self.settings.flush_interval_s, self._monitor)
        self._background.start()
        if self._is_child:
            lifecycle.end_with_process()

    def _monitor(self) -> HardwareMonitor | None:
        from importlib import import_module
        from importlib.util import find_spec

        namespace = self.settings.switches.monitoring_namespace
        if namespace is None or self._is_child or find_spec("psutil") is None:
            return None
        with lifecycle.importing:
            for module in ("psutil", "pynvml"):  # what the monitor's own thread would import
                if find_spec(module) is not None:
                    import_module(module)
            return self._make_monitor(namespace)

    def _requested(self, request: str) -> None:
        """Hear, in the background thread, what a person asks of the job; each request is acted upon once."""
        if request in self.requests or self.stream.stopped:
            return
        self.requests.add(request)
        inform("run %s: somebody asks it to %s", self.label, request)
        self._on_request(request)

    def _registered(self, registration: Registration) -> None:
        """Hear, in the background thread, what the server made of the run."""
        first = self.registration is None
        self.registration = registration
        if first and not self._is_child:
            inform("run %s: %s", registration.label, self.url)


class UnmutedSession:
    """A session of a rank whose program's calls are dropped, as it is for what tidelog captures: that is kept."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def stream(self) -> Stream:
        """What is written to: the journal."""
        assert self._session.journal is not None
        return self._session.journal

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)
