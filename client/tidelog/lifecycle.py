"""The ends of a program: every run that is open then is ended, with its state and the reason.

At a normal exit a run is finished. After an unhandled exception it is failed, with the traceback; so it is after an
exit with a status other than 0 (see `exits`), and on SIGTERM, unless the program handles that itself. After `fork`, the
child's copies of the runs are told that they are copies.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import traceback
import weakref
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from tidelog.errors import RunStopRequestedError
from tidelog.exits import exit_error, forget_exits, watch_exits
from tidelog.loaded import loaded
from tidelog.messages import inform

if TYPE_CHECKING:
    from tidelog.session import Session

EXIT_TIMEOUT_S = 60.0
INTERRUPT_TIMEOUT_S = 10.0  # after Ctrl-C; a second one ends the waiting at once
NOTEBOOK_TIMEOUT_S = 5.0
SIGTERM_TIMEOUT_S = 10.0  # schedulers kill some 30 s after SIGTERM

# Held while a thread of ours imports. A child that is forked in the middle of an import could never do that import.
importing = threading.RLock()

_open_sessions: weakref.WeakSet[Session] = weakref.WeakSet()
_held_by_fork: list[Session] = []
_error: str | None = None
_interrupted = False
_installed_by_pid: int | None = None


def watch(session: Session, *, owns_process: bool = True) -> None:
    """End this run with the program. In a process that got a copy of a run, what ends that is left as it is."""
    _open_sessions.add(session)
    _install(handle_sigterm=owns_process)


def forget(session: Session) -> None:
    """The run has ended."""
    _open_sessions.discard(session)


def user_name() -> str:
    """Return whose process this is; containers often run under a number without a name."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def formatted(error: BaseException) -> str:
    """Return the error with its traceback."""
    return "".join(traceback.format_exception(error))


def end_runs(timeout_s: float = EXIT_TIMEOUT_S) -> None:
    """End all open runs: as failed if an exception or a signal was seen, else as finished.

    After Ctrl-C it waits for a shorter time, and after another one no longer: what is left is on disk.
    """
    timeout_s = min(timeout_s, INTERRUPT_TIMEOUT_S) if _interrupted else timeout_s
    for session in list(_open_sessions):
        try:
            session.end("finished" if _error is None else "failed", _error, timeout_s)
        except KeyboardInterrupt:
            timeout_s = 0.0


def end_runs_of_notebook(project: str) -> None:
    """In a notebook, end the runs of a project that earlier cells left open; elsewhere do nothing."""
    ipython = loaded("IPython")
    if ipython is None or ipython.get_ipython() is None:
        return
    for session in list(_open_sessions):
        if session.settings.kind == "run" and session.settings.project == project:
            inform("the run %s was still open in this notebook: it is ended", session.label or session.key)
            session.end("finished", None, NOTEBOOK_TIMEOUT_S)


def end_with_process() -> None:
    """Have runs ended in a forked child of multiprocessing, which leaves without atexit."""
    util = loaded("multiprocessing.util")
    if util is not None:
        util.Finalize(None, end_runs, exitpriority=0)


def _install(*, handle_sigterm: bool) -> None:
    global _installed_by_pid
    if _installed_by_pid is not None:
        return
    _installed_by_pid = os.getpid()
    atexit.register(_end_with_program)
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child)
    _chain_excepthook()
    _chain_threads_excepthook()
    watch_exits(_on_exit)
    in_main_thread = threading.current_thread() is threading.main_thread()
    if handle_sigterm and in_main_thread and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _on_sigterm)


def _end_with_program() -> None:
    forget_exits()
    end_runs()


def _chain_excepthook() -> None:
    previous = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
        global _error, _interrupted
        _interrupted = isinstance(error, KeyboardInterrupt)
        if not isinstance(error, RunStopRequestedError):
            _error = formatted(error)
        previous(kind, error, where)

    sys.excepthook = hook


def _chain_threads_excepthook() -> None:
    """Have an exception that ends a thread, and so not the program, recorded as an event."""
    previous = threading.excepthook

    def hook(arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None and arguments.exc_type is not SystemExit:
            name = arguments.thread.name if arguments.thread else "a thread"
            title = f"{arguments.exc_type.__name__} ended {name}"
            for session in list(_open_sessions):
                session.record_event("error", title, formatted(arguments.exc_value))
        previous(arguments)

    threading.excepthook = hook


def _on_exit(status: object) -> None:
    global _error
    _error = exit_error(status)


def _on_sigterm(number: int, _: FrameType | None) -> None:
    global _error
    if _installed_by_pid == os.getpid():
        _error = f"The process was terminated by signal {number} (SIGTERM)."
        if signal.getsignal(signal.SIGTERM) is not _on_sigterm:
            return  # somebody put a handler around this one and decides what becomes of the program
        end_runs(SIGTERM_TIMEOUT_S)
    # A forked child just goes, as without tidelog: its parent brings home what it logged.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)


def _before_fork() -> None:
    """Hold the runs still, so that the child's copies are whole, and let imports come to their end."""
    importing.acquire()
    for session in list(_open_sessions):
        session.stream.lock.acquire()
        _held_by_fork.append(session)


def _after_fork() -> None:
    while _held_by_fork:
        _held_by_fork.pop().stream.lock.release()
    importing.release()


def _after_fork_in_child() -> None:
    while _held_by_fork:
        _held_by_fork.pop().forked()
    importing.release()
