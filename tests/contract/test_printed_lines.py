"""What a fork inherits of what its origin printed, on every engine: lines have no steps, but times."""

from __future__ import annotations

import pytest

from tests.contract.conftest import Store
from tests.journals import MOMENT_S, Sender

STDOUT = "monitoring/stdout"


def print_lines(sender: Sender, moments: list[int], path: str = STDOUT) -> None:
    """Lines that say how many seconds after the beginning they were printed."""
    for moment in moments:
        sender.journal.text(path, f"at {moment}", seconds=MOMENT_S + moment)


def log_losses(sender: Sender, steps: range) -> None:
    """A point every ten seconds."""
    for step in steps:
        sender.journal.point("loss", 0.5, step, MOMENT_S + 10 * step)


def shown(store: Store, sender: Sender, path: str = STDOUT) -> list[str]:
    """The lines that are read, which must be as many as lists say once the fold is done."""
    before = [text.decode() for _, text in store.objects(sender.run_id, path) or []]
    store.folder.fold(sender.run_id)
    after = [text.decode() for _, text in store.objects(sender.run_id, path) or []]
    assert after == before
    extent = store.attributes(sender.run_id)[path].extent if after else None
    assert (0 if extent is None else extent.points) == len(after)
    return after


@pytest.mark.parametrize("folds", [True, False])
def test_a_fork_inherits_the_lines_of_before_it(store: Store, folds: bool) -> None:
    """Those that were printed before the origin logged a step behind the fork, and its own come behind them."""
    origin = store.sender(key="origin")
    log_losses(origin, range(10))
    print_lines(origin, [0, 25, 49, 50, 75, 99])
    origin.ship()
    store.folder.fold(origin.run_id)
    fork = store.sender(key="fork", fork_run=store.run(origin.run_id).label, fork_step=4)
    if folds:
        store.folder.fold(fork.run_id)
    print_lines(fork, [1_000])
    fork.ship()
    assert shown(store, fork) == ["at 0", "at 25", "at 49", "at 1000"]
    grandchild = store.sender(key="grandchild", fork_run=store.run(fork.run_id).label, fork_step=2)
    assert shown(store, grandchild) == ["at 0", "at 25"]


def test_as_many_lines_as_the_step_says_at_the_most(store: Store) -> None:
    """A fork counts its own lines from its step on, so there is no room for more."""
    origin = store.sender(key="origin")
    log_losses(origin, range(4))
    print_lines(origin, list(range(30)))
    origin.ship()
    store.folder.fold(origin.run_id)
    fork = store.sender(key="fork", fork_run=store.run(origin.run_id).label, fork_step=2)
    assert shown(store, fork) == ["at 0", "at 1", "at 2"]


def test_hardware_and_lines_tell_no_moment(store: Store) -> None:
    """Their numbers are counts. Of an origin that is not beyond the step yet, all lines belong to its history."""
    origin = store.sender(key="origin")
    for sample in range(20):
        origin.journal.point("monitoring/cpu/percent", 1.0, seconds=MOMENT_S + sample)
    log_losses(origin, range(5))
    print_lines(origin, [0, 45])
    origin.ship()
    store.folder.fold(origin.run_id)
    fork = store.sender(key="fork", fork_run=store.run(origin.run_id).label, fork_step=4)
    assert shown(store, fork) == ["at 0", "at 45"]
    log_losses(origin, range(5, 8))
    print_lines(origin, [46, 55])
    origin.ship()
    store.folder.fold(origin.run_id)
    assert shown(store, fork) == ["at 0", "at 45", "at 46"]


def test_texts_of_the_users_own_are_cut_by_their_steps(store: Store) -> None:
    """Only what a job prints has no steps."""
    origin = store.sender(key="origin")
    log_losses(origin, range(10))
    print_lines(origin, [0, 25, 75], path="notes/stdout/all")
    origin.ship()
    store.folder.fold(origin.run_id)
    fork = store.sender(key="fork", fork_run=store.run(origin.run_id).label, fork_step=4)
    assert shown(store, fork, "notes/stdout/all") == ["at 0", "at 25", "at 75"]
