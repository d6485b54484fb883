"""One commit for many requests: what arrives while a commit is under way goes into the next one together.

On SQLite, whose commits are one at a time and each wait for the disk, this is what lets thousands of small requests a
second be durable. On PostgreSQL a few threads do the same side by side.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

import sqlalchemy as sa

from tidelog_server.database import Database
from tidelog_server.errors import UnavailableError

GROUP = 64  # requests in one commit at the most; bounds how long the first of them waits
POSTGRESQL_THREADS = 4

Result = TypeVar("Result")
Work = Callable[[sa.Connection], Any]


class Committer:
    """Runs functions of a connection in shared transactions and gives each its result once that is on disk."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._closing = threading.Lock()
        self._is_closed = False
        self._waiting: queue.SimpleQueue[tuple[Work, Future[Any]] | None] = queue.SimpleQueue()
        count = 1 if database.is_sqlite else POSTGRESQL_THREADS
        self._threads = [
            threading.Thread(target=self._run, name=f"tidelog-commit-{i}", daemon=True) for i in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def commit(self, work: Callable[[sa.Connection], Result]) -> Result:
        """Run `work` in a transaction and return its result after the commit.

        Blocks until then. If `work` raises, nothing that it did is kept, and the error is raised here. Raises
        `UnavailableError` once the server stops.
        """
        future: Future[Result] = Future()
        with self._closing:
            if self._is_closed:
                raise UnavailableError("The server is stopping. Nothing was stored; try again.")
            self._waiting.put((work, future))
        return future.result()

    def close(self) -> None:
        """Finish what is waiting, then stop."""
        with self._closing:
            self._is_closed = True
            for _ in self._threads:
                self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            group, goes_on = self._gather(first)
            self._commit_group(group)
            if not goes_on:
                return

    def _gather(self, first: tuple[Work, Future[Any]]) -> tuple[list[tuple[Work, Future[Any]]], bool]:
        group = [first]
        while len(group) < GROUP:
            try:
                item = self._waiting.get_nowait()
            except queue.Empty:
                break
            if item is None:
                return group, False
            group.append(item)
        return group, True

    def _commit_group(self, group: list[tuple[Work, Future[Any]]]) -> None:
        try:
            with self._database.write() as connection:
                results = [work(connection) for work, _ in group]
        except Exception as error:  # noqa: BLE001 - it is raised where the request waits
            if len(group) == 1:  # the error belongs to the request that waits for it
                group[0][1].set_exception(error)
                return
            for item in group:  # one of them spoils the transaction: each gets its own, so that only that one fails
                self._commit_group([item])
            return
        for (_, future), result in zip(group, results, strict=True):
            future.set_result(result)
