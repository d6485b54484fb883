"""Shipping one writer's journal for as long as its run goes on: what a failure means, and what is said about it.

While the server does not answer it is asked again for ever. When the server refuses, that is final: one line in the log
says why, where the data is and which command brings it home.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tidelog import lifecycle
from tidelog.errors import JournalError, ServerBusyError, ServerError, ServerUnreachableError
from tidelog.journal import kept_files
from tidelog.journal.segments import JournalFolder, Origin
from tidelog.messages import complain, inform, warn
from tidelog.shipping.backoff import Backoff

if TYPE_CHECKING:
    from tidelog.shipping.file_shipper import FileShipper
    from tidelog.shipping.shipper import Registration, Shipper
    from tidelog.shipping.transport import Transport

GIVE_UP_S = 2.0  # a server that never answered does not keep an ending program longer
ADOPT_S = 10.0  # how often it is looked for what dead children left


class Delivery:
    """Brings one folder to the server. `connect` is called, and httpx imported, with the first delivery."""

    def __init__(
        self,
        folder: JournalFolder,
        origin: Origin,
        connect: Callable[[], Transport],
        on_registration: Callable[[Registration], None],
        on_request: Callable[[str], None],
    ) -> None:
        self.folder = folder
        self.acknowledged = folder.acknowledged()
        self.refused: str | None = None  # why nothing more is sent
        self.failure: str | None = None  # why the last attempt failed
        self._origin = origin
        self._connect = connect
        self._on_registration = on_registration
        self._on_request = on_request
        self._shipper: Shipper | None = None
        self._transport: Transport | None = None
        self._backoff = Backoff()
        self.file_failure: str | None = None  # why the last attempt to send a file failed
        self._file_shipper: FileShipper | None = None
        self._file_backoff = Backoff()
        self._files_retry_at = 0.0
        self._reached = False
        self._failing_since: float | None = None
        self._adopted_at = time.monotonic()

    @property
    def failing(self) -> bool:
        """Whether the server did not answer when it was last asked."""
        return self._failing_since is not None

    def deliver(self, pause_s: float) -> float:
        """Send a batch; return the seconds until it is worth coming again, normally `pause_s`."""
        if self.refused:
            return pause_s
        try:
            more = self._ship()
        except (ServerUnreachableError, ServerBusyError) as error:
            return self._failed(error)
        except (ServerError, JournalError, FileNotFoundError) as error:
            self.refuse(str(error))
            return pause_s
        self._succeeded()
        return 0.0 if more else self._deliver_files(pause_s)

    def _deliver_files(self, pause_s: float) -> float:
        """Send a little of a file. A server that takes no files, its disk being full, does not hold up the journal."""
        wait_s = self._files_retry_at - time.monotonic()
        if wait_s > 0 or self._transport is None or not kept_files.numbers(self.folder.path):
            return min(pause_s, max(wait_s, 0.0)) if wait_s > 0 else pause_s
        if self._file_shipper is None:
            with lifecycle.importing:
                from tidelog.shipping.file_shipper import FileShipper

            self._file_shipper = FileShipper(self.folder, self._origin.writer, self._transport)
        try:
            more = self._file_shipper.step()
        except (ServerUnreachableError, ServerBusyError) as error:
            return self._files_failed(error, pause_s)
        except (ServerError, FileNotFoundError) as error:
            self.refuse(str(error))
            return pause_s
        self._file_backoff.succeeded()
        self.file_failure = None
        return 0.0 if more else pause_s

    def _files_failed(self, error: ServerBusyError | ServerUnreachableError, pause_s: float) -> float:
        if self.file_failure is None:
            warn("%s. Files of this run wait in %s and are sent when the server takes them.", error, self.folder.path)
        self.file_failure = str(error)
        wait_s = self._file_backoff.failed(error.retry_after_s if isinstance(error, ServerBusyError) else None)
        self._files_retry_at = time.monotonic() + wait_s
        return min(pause_s, wait_s)

    def files_home(self, before: int) -> bool:
        """Say whether the server has every file with a number below this."""
        return next(iter(kept_files.numbers(self.folder.path)), before) >= before

    def adopt(self, ending: str | None) -> None:
        """Now and then, and at the end, ship what dead children left."""
        if self._transport is None or (ending is None and time.monotonic() - self._adopted_at < ADOPT_S):
            return
        from tidelog.shipping.children import adopt_children

        self._adopted_at = time.monotonic()
        try:
            adopt_children(self.folder, self._transport, ending or "finished")
        except (ServerUnreachableError, ServerBusyError) as error:
            self._failed(error)

    def complete(self) -> bool:
        """Say whether the server has everything that is on disk."""
        try:
            home = not self.refused and self.acknowledged >= self.folder.end()
            return home and not kept_files.numbers(self.folder.path)
        except FileNotFoundError:
            return False

    def hopeless(self) -> bool:
        """Say whether a program that ends should not wait for this."""
        failing_s = 0.0 if self._failing_since is None else time.monotonic() - self._failing_since
        return bool(self.refused) or (not self._reached and failing_s >= GIVE_UP_S)

    def refuse(self, reason: str) -> None:
        """Send nothing more, and say why."""
        self.refused = reason
        complain(
            "%s. Nothing more of this run is sent; what it logs stays in %s. When that is put right: %s",
            reason.rstrip("."),
            self.folder.path,
            self.folder.way_home,
        )

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def _ship(self) -> bool:
        if self._shipper is None:
            with lifecycle.importing:
                from tidelog.shipping.shipper import Shipper

                self._transport = self._connect()
            self._shipper = Shipper(self.folder, self._origin, self._transport)
        registration = self._shipper.registration
        more = self._shipper.ship()
        if self._shipper.registration is not None and self._shipper.registration is not registration:
            self._on_registration(self._shipper.registration)
        self.acknowledged = self._shipper.acknowledged
        if self._shipper.request is not None:
            self._on_request(self._shipper.request)
        return more

    def _failed(self, error: ServerBusyError | ServerUnreachableError) -> float:
        self.failure = str(error)
        if self._failing_since is None:
            self._failing_since = time.monotonic()
            warn(
                "%s. The run goes on; its data is kept in %s and is sent when the server answers. If the program ends "
                "before that: %s",
                error,
                self.folder.path,
                self.folder.way_home,
            )
        return self._backoff.failed(error.retry_after_s if isinstance(error, ServerBusyError) else None)

    def _succeeded(self) -> None:
        self._reached = True
        self.failure = None
        self._backoff.succeeded()
        if self._failing_since is not None:
            self._failing_since = None
            inform("the server answers again; what was kept meanwhile is being sent")
