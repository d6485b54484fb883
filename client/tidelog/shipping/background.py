"""A run's one thread: it keeps the journal's segments in order, has them delivered, and samples the hardware."""

from __future__ import annotations

import _thread
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from tidelog.journal import kept_files
from tidelog.journal.journal import Journal
from tidelog.journal.open_segments import Mark
from tidelog.messages import complain, left_over
from tidelog.shipping.delivery import Delivery

if TYPE_CHECKING:
    from tidelog.monitoring import HardwareMonitor

START_DELAY_S = 0.1  # importing httpx must not compete with the program's first calls
URGENT_PAUSE_S = 0.02  # between two looks at the journal while somebody waits for it
URGENT_BACKOFF_S = 1.0  # a server that failed is asked at least so often while somebody waits
ERROR_PAUSE_S = 5.0
LONGEST_PAUSE_S = 5.0  # as often as the process tells that it is alive, and hears what is asked of it


class Background:
    """The thread, and what others ask of it. Without a delivery (mode offline) nothing is sent."""

    def __init__(
        self, journal: Journal, delivery: Delivery | None, flush_interval_s: float,
        make_monitor: Callable[[], HardwareMonitor | None],
    ) -> None:  # fmt: skip
        assert journal.folder is not None
        self.folder = journal.folder
        self._journal = journal
        self._delivery = delivery
        self._pause_s = min(flush_interval_s, LONGEST_PAUSE_S)
        self._make_monitor = make_monitor
        self._monitor: HardwareMonitor | None = None
        self._condition = threading.Condition()
        self._waiters = 0
        self._calls = 0
        self._ending: str | None = None
        self._done = False

    def start(self) -> None:
        """Begin. Unlike `threading.Thread.start` this does not wait until the system lets the new thread run.

        On a busy machine that takes milliseconds.
        """
        _thread.start_new_thread(self._run, ())

    def wait_for(self, mark: Mark, timeout_s: float | None, files: int = 0) -> bool:
        """Wait until the server has everything before the mark, and the first `files` files.

        Returns False if time is up or nothing is sent any more.
        """
        delivery = self._delivery
        if delivery is None:
            return False

        def reached() -> bool:
            return mark.reached(delivery.acknowledged) and (not files or delivery.files_home(files))

        with self._condition:
            self._waiters += 1
            self._wake()
            try:
                self._condition.wait_for(lambda: reached() or delivery.refused is not None or self._done, timeout_s)
            finally:
                self._waiters -= 1
        return reached()

    def finish(self, ending: str, timeout_s: float) -> bool:
        """Have the rest of a closed journal delivered and end the thread; True if the server has all of it."""
        with self._condition:
            self._ending = ending
            self._wake()
            self._condition.wait_for(lambda: self._done, timeout_s)
            self._done = True
            return self._delivery is not None and self._delivery.complete()

    def stop_monitor(self) -> None:
        """Stop sampling the hardware."""
        with self._condition:
            self._make_monitor = lambda: None
            monitor, self._monitor = self._monitor, None
        if monitor is not None:
            monitor.stop()

    def what_is_left(self) -> tuple[str, str | None]:
        """Return what the server does not have, in words, and why it doesn't."""
        files = kept_files.left(self.folder.path)
        if self._delivery is None:
            return left_over(self.folder.end(), *files), "the run was offline"
        left = max(0, self.folder.end() - self._delivery.acknowledged)
        delivery = self._delivery
        return left_over(left, *files), delivery.refused or delivery.failure or delivery.file_failure

    def _run(self) -> None:
        self._pause(START_DELAY_S, 0)
        self._start_monitor()
        while not self._done:
            calls = self._calls
            try:
                pause_s = self._work()
            except Exception:  # noqa: BLE001
                complain("the run's background thread met an error; it tries again", traceback=True)
                pause_s = ERROR_PAUSE_S
            with self._condition:
                self._done = self._done or self._nothing_left()
                self._condition.notify_all()
            if not self._done:
                self._pause(pause_s, calls)
        if self._delivery is not None:
            self._delivery.close()

    def _work(self) -> float:
        """Do what there is to do once; return the seconds until there may be more."""
        self._journal.keep_up()
        if self._delivery is None:
            return self._pause_s
        if self._journal.folder is not self.folder:  # somebody deleted it; a new writer has a thread of its own
            self._delivery.refused = "its journal was deleted"
            self._done = True
            return 0.0
        pause_s = self._delivery.deliver(self._pause_s)
        self._journal.discard(self._delivery.acknowledged)
        self._delivery.adopt(self._ending if self._delivery.complete() else None)
        return pause_s

    def _nothing_left(self) -> bool:
        if self._ending is None:
            return False
        return self._delivery is None or self._delivery.complete() or self._delivery.hopeless()

    def _start_monitor(self) -> None:
        with self._condition:
            self._monitor = self._make_monitor() if self._ending is None else None
            if self._monitor is not None:
                self._monitor.start()

    def _pause(self, pause_s: float, calls: int) -> None:
        """Wait, but no longer than until somebody calls, and not long while somebody waits."""
        with self._condition:
            if self._waiters or self._ending:
                failing = self._delivery is not None and self._delivery.failing
                pause_s = min(pause_s, URGENT_BACKOFF_S if failing else URGENT_PAUSE_S)
            self._condition.wait_for(lambda: self._calls != calls or self._done, pause_s)

    def _wake(self) -> None:
        self._calls += 1
        self._condition.notify_all()
